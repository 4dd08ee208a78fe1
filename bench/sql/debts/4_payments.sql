-- Payments that name no treatment, of 10.00 to 259.99, all paid.
insert into payments_payment (
  clinic_id, number, account_id, patient_id, payer_id, event_id, receipt_id, location_id, amount, method, kind, status,
  due_date, paid_at, memo, external_ref, created_at)
select %(clinic)s, row_number() over (order by w.nth, w.id), w.account_id, w.id, null, null, null, %(location)s,
       1000 + mod(w.roll, 25000), 'card', '', 'paid', null, w.at, '', '', w.at
from (
  select p.id, p.account_id, nth, roll, now() - interval '1 day' - make_interval(days => (mod(roll >> 16, 700))::int) as at
  from patients_patient p cross join lateral generate_series(1, %(payments)s) nth
  cross join lateral (select hashint8extended(p.number * 4096 + nth, %(seed)s + 2) & 9223372036854775807 as roll) r
  where p.clinic_id = %(clinic)s
) w
order by 2
