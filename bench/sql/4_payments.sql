-- Payments: of a hundred treatments 8 are not paid, 72 paid once, 20 in two parts. Of those paid once most are paid in
-- full, some by half, some with 50.00 too much, and some are only asked for. Each paid one has its receipt.
with billed as (
  select i.number, i.account_id, i.location_id, i.event_id, e.patient_id, e.service_at as at, sum(c.amount)::bigint as total,
         mod(hashint8extended(i.number, %(seed)s + 3) & 9223372036854775807, 100) as roll
  from balances_invoice i
  join treatments_treatmentevent e on e.id = i.event_id and e.id > %(events_from)s
  join balances_charge c on c.invoice_id = i.id and c.id > %(charges_from)s
  where i.clinic_id = %(clinic)s and i.number between %(first)s and %(last)s
  group by i.id, e.id
), parts as (
  select b.*, n.times, part,
         case when n.times = 2 then b.total * part / 2 - b.total * (part - 1) / 2
              when b.roll < 62 then b.total when b.roll < 72 then b.total / 2 when b.roll < 76 then b.total + 5000 else b.total
         end as amount,
         case when n.times = 1 and b.roll >= 76 then 'pending' else 'paid' end as status
  from billed b
  cross join lateral (select case when b.roll < 8 then 0 when b.roll < 80 then 1 else 2 end as times) n
  cross join lateral generate_series(1, n.times) part
), numbered as (
  select p.*, %(payments)s + row_number() over (order by p.number, p.part) as payment from parts p
), wanted as (
  select *, (array['card', 'card', 'cash', 'card', 'transfer', 'cheque', 'copay'])[
              1 + mod(hashint8extended(payment, %(seed)s + 4) & 9223372036854775807, 7)] as method
  from numbered where payment <= %(most)s
), receipts as (
  insert into payments_receipt (clinic_id, number, account_id, location_id, business_date, made_at)
  select %(clinic)s, payment, account_id, location_id, at::date, at from wanted where status = 'paid' order by payment
  returning id, number
)
insert into payments_payment (
  clinic_id, number, account_id, patient_id, payer_id, event_id, receipt_id, location_id, amount, method, kind, status,
  due_date, paid_at, memo, external_ref, created_at)
select %(clinic)s, w.payment, w.account_id, w.patient_id, null, w.event_id, r.id, w.location_id, w.amount, w.method, '',
       w.status, case w.status when 'pending' then w.at::date + 30 end, case w.status when 'paid' then w.at end,
       case when mod(w.payment, 9) = 0 then 'Paid at the desk' else '' end, '', w.at
from wanted w left join receipts r on r.number = w.payment
order by w.payment
