-- An invoice per treatment, and a charge per procedure that costs something.
with made as (
  insert into balances_invoice (
    clinic_id, number, account_id, location_id, event_id, invoice_date, due_date, issued_at, external_ref)
  select %(clinic)s, e.number, p.account_id, e.location_id, e.id, e.service_at::date, e.service_at::date + 30, e.service_at, ''
  from treatments_treatmentevent e join patients_patient p on p.id = e.patient_id
  where e.clinic_id = %(clinic)s and e.number between %(first)s and %(last)s
    and exists (select 1 from treatments_procedure w where w.clinic_id = %(clinic)s and w.id > %(procedures_from)s and w.event_id = e.id
                  and w.fee > 0)
  order by e.number
  returning id, number, account_id, event_id, invoice_date
)
insert into balances_charge (
  clinic_id, account_id, invoice_id, patient_id, event_id, procedure_id, kind, line, code, description, service_date,
  amount, outstanding, external_ref)
select %(clinic)s, m.account_id, m.id, e.patient_id, e.id, w.id, 'procedure', w.line, w.code, w.description, m.invoice_date,
       w.fee, 0, ''
from made m
join treatments_treatmentevent e on e.id = m.event_id and e.id > %(events_from)s
join treatments_procedure w on w.event_id = e.id and w.id > %(procedures_from)s and w.fee > 0
order by m.number, w.line
