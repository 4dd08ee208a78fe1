-- Patients are found by phone too: the words that clinicpay.patients.search.found_by gives new ones.
insert into patients_patientword (clinic_id, patient_id, word)
select distinct p.clinic_id, p.id, right(p.digits, kept.size)
from (select clinic_id, id, regexp_replace(phone, '[^0-9]', '', 'g') as digits from patients_patient) p
cross join (values (80), (10), (7)) as kept (size)
where length(p.digits) >= 5
on conflict do nothing;
