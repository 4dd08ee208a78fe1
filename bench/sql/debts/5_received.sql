-- Their money is taken in hand; of so many payments one is a deposit.
with made as (
  insert into balances_credit (
    clinic_id, account_id, payment_id, location_id, event_id, kind, received_on, amount, available)
  select %(clinic)s, p.account_id, p.id, p.location_id, null, case when mod(p.number, %(one_deposit_in)s) = 0 then 'deposit' else 'unapplied' end,
         p.paid_at::date, p.amount, 0
  from payments_payment p where p.clinic_id = %(clinic)s order by p.number
  returning id, received_on, amount
), acts as (
  insert into balances_posting (
    clinic_id, kind, business_date, location_id, reason, source, run_id, request_key, transaction_id)
  select distinct %(clinic)s, 'receive', received_on, %(location)s, '', 'import', null::bigint, null::uuid, 0 from made
  returning id, business_date
)
insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
select %(clinic)s, a.id, 'receive', null, 0, m.id, m.amount, null
from made m join acts a on a.business_date = m.received_on order by m.id
