-- The money of paid payments is taken in hand.
with made as (
  insert into balances_credit (
    clinic_id, account_id, payment_id, location_id, event_id, kind, received_on, amount, available)
  select %(clinic)s, p.account_id, p.id, p.location_id, p.event_id, 'unapplied', p.paid_at::date, p.amount, 0
  from payments_payment p
  where p.clinic_id = %(clinic)s and p.number > %(payments)s and p.status = 'paid'
  order by p.number
  returning id, received_on, location_id, amount
), acts as (
  insert into balances_posting (
    clinic_id, kind, business_date, location_id, reason, source, run_id, request_key, transaction_id)
  select %(clinic)s, 'receive', m.received_on, m.location_id, '', 'import', null, md5('receive' || m.id)::uuid, 0
  from made m order by m.id
  returning id, request_key
)
insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
select %(clinic)s, a.id, 'receive', null, 0, m.id, m.amount, null
from made m join acts a on a.request_key = md5('receive' || m.id)::uuid
order by m.id
