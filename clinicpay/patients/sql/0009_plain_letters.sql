-- Names with a letter that no accent makes are found without it too: the words that clinicpay.patients.search.found_by
-- gives new ones.
insert into patients_patientword (clinic_id, patient_id, word)
select w.clinic_id, w.patient_id, left(plain.word, 80)
from patients_patientword w
cross join lateral (
  select replace(replace(replace(translate(w.word, 'łđðøħŧı', 'lddohti'), 'þ', 'th'), 'æ', 'ae'), 'œ', 'oe') as word
) plain
where plain.word <> w.word
on conflict do nothing;
