-- An invoice with one charge for each of an account's treatments, of 20.00 to 219.99, in the two years before today.
with events as (
  insert into treatments_treatmentevent (
    clinic_id, number, patient_id, practitioner_id, location_id, service_at, discipline, title, state, origin,
    clinical_notes, closed_at, external_ref, created_at)
  select %(clinic)s, row_number() over (order by e.nth, e.id), e.id, %(practitioner)s, %(location)s, e.at, 'General', '', 'closed',
         'standard', '', e.at, 'bench ' || e.id || '/' || e.nth, e.at
  from (
    select p.id, nth, now() - interval '1 day' - make_interval(days => (
             mod(hashint8extended(p.number * 4096 + nth, %(seed)s) & 9223372036854775807, 700))::int) as at
    from patients_patient p cross join lateral generate_series(1, %(charges)s) nth
    where p.clinic_id = %(clinic)s
  ) e
  order by 2
  returning id, number, patient_id, service_at
), invoices as (
  insert into balances_invoice (
    clinic_id, number, account_id, location_id, event_id, invoice_date, due_date, issued_at, external_ref)
  select %(clinic)s, e.number, p.account_id, %(location)s, e.id, e.service_at::date, e.service_at::date + 30, e.service_at, ''
  from events e join patients_patient p on p.id = e.patient_id order by e.number
  returning id, number, account_id, event_id, invoice_date
)
insert into balances_charge (
  clinic_id, account_id, invoice_id, patient_id, event_id, procedure_id, kind, line, code, description, service_date,
  amount, outstanding, external_ref)
select %(clinic)s, i.account_id, i.id, e.patient_id, e.id, null, 'procedure', 1, 'D1110', 'Cleaning', i.invoice_date,
       2000 + mod(hashint8extended(i.number, %(seed)s + 1) & 9223372036854775807, 20000), 0, ''
from invoices i join events e on e.id = i.event_id order by i.number
