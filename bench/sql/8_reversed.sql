with wrong as (
  select k.id, k.received_on, k.location_id, k.amount, e.id as opened_by
  from payments_payment p
  join balances_credit k on k.payment_id = p.id and k.id > %(credits_from)s
  join balances_entry e on e.credit_id = k.id and e.id > %(entries_from)s and e.kind = 'receive'
  where p.clinic_id = %(clinic)s and p.number > %(payments)s and p.status = 'voided'
), acts as (
  insert into balances_posting (
    clinic_id, kind, business_date, location_id, reason, source, run_id, request_key, transaction_id)
  select %(clinic)s, 'reverse_payment', received_on, location_id, 'Entered twice', 'import', null, md5('reverse' || id)::uuid, 0
  from wrong order by id
  returning id, request_key
)
insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
select %(clinic)s, a.id, 'unreceive', null, 0, w.id, -w.amount, w.opened_by
from wrong w join acts a on a.request_key = md5('reverse' || w.id)::uuid
order by w.id
