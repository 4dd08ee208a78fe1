-- The money of a treatment pays its charges in their order: where two running sums overlap, that much is applied.
-- Four payments in a thousand were entered in error; they are left whole, for the next statements to reverse.
with debt as (
  select c.id, c.event_id, i.location_id, sum(c.amount) over w - c.amount as low, sum(c.amount) over w as high
  from balances_invoice i join balances_charge c on c.invoice_id = i.id and c.id > %(charges_from)s
  where i.clinic_id = %(clinic)s and i.number between %(first)s and %(last)s
  window w as (partition by c.event_id order by c.line)
), money as (
  select k.id, k.event_id, k.received_on, sum(k.amount) over w - k.amount as low, sum(k.amount) over w as high
  from payments_payment p join balances_credit k on k.payment_id = p.id and k.id > %(credits_from)s
  where p.clinic_id = %(clinic)s and p.number > %(payments)s and mod(p.number, 1000) >= 4
  window w as (partition by k.event_id order by p.number)
), meetings as (
  select m.id as credit_id, d.id as charge_id, m.received_on, d.location_id,
         (least(m.high, d.high) - greatest(m.low, d.low))::bigint as amount
  from money m join debt d on d.event_id = m.event_id and d.low < m.high and m.low < d.high
), acts as (
  insert into balances_posting (
    clinic_id, kind, business_date, location_id, reason, source, run_id, request_key, transaction_id)
  select distinct on (credit_id) %(clinic)s, 'allocate', received_on, location_id, '', 'import', null::bigint,
         md5('allocate' || credit_id)::uuid, 0
  from meetings order by credit_id
  returning id, request_key
)
insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
select %(clinic)s, a.id, 'allocate', m.charge_id, -m.amount, m.credit_id, -m.amount, null
from meetings m join acts a on a.request_key = md5('allocate' || m.credit_id)::uuid
order by m.credit_id, m.charge_id
