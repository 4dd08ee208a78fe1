delete from patients_patientword given
using patients_patientword w
cross join lateral (
  select replace(replace(replace(translate(w.word, 'łđðøħŧı', 'lddohti'), 'þ', 'th'), 'æ', 'ae'), 'œ', 'oe') as word
) plain
where given.clinic_id = w.clinic_id and given.patient_id = w.patient_id
  and plain.word <> w.word and given.word = left(plain.word, 80);
