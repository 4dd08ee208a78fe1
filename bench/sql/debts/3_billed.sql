-- The acts that open the charges, one for each date.
with acts as (
  insert into balances_posting (
    clinic_id, kind, business_date, location_id, reason, source, run_id, request_key, transaction_id)
  select distinct %(clinic)s, 'charge', invoice_date, %(location)s, '', 'import', null::bigint, null::uuid, 0
  from balances_invoice where clinic_id = %(clinic)s
  returning id, business_date
)
insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
select %(clinic)s, a.id, 'charge', c.id, c.amount, null, 0, null
from balances_charge c join acts a on a.business_date = c.service_date where c.clinic_id = %(clinic)s order by c.id
