-- The acts that open the charges: debt grows.
with acts as (
  insert into balances_posting (
    clinic_id, kind, business_date, location_id, reason, source, run_id, request_key, transaction_id)
  select %(clinic)s, 'charge', i.invoice_date, i.location_id, '', 'import', null, md5('charge' || i.id)::uuid, 0
  from balances_invoice i
  where i.clinic_id = %(clinic)s and i.number between %(first)s and %(last)s
  order by i.number
  returning id, request_key
)
insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
select %(clinic)s, a.id, 'charge', c.id, c.amount, null, 0, null
from balances_invoice i
join acts a on a.request_key = md5('charge' || i.id)::uuid
join balances_charge c on c.invoice_id = i.id and c.id > %(charges_from)s
where i.clinic_id = %(clinic)s and i.number between %(first)s and %(last)s
order by i.number, c.line
