-- Where the running sums of an account's money and debt overlap, that much is applied; postings, lines and decisions at once.
with debt as (
  select c.id, c.account_id, i.number, i.location_id, sum(c.outstanding) over w - c.outstanding as low, sum(c.outstanding) over w as high
  from balances_charge c join balances_invoice i on i.id = c.invoice_id
  where c.clinic_id = %(clinic)s and c.outstanding > 0
  window w as (partition by c.account_id order by i.invoice_date, i.due_date, i.number, c.service_date, c.line, c.id)
), money as (
  select k.id, k.account_id, p.number, k.kind, k.available, sum(k.available) over w - k.available as low, sum(k.available) over w as high
  from balances_credit k join payments_payment p on p.id = k.payment_id
  where k.clinic_id = %(clinic)s and k.available > 0 and k.kind in ('unapplied', 'deposit')
  window w as (partition by k.account_id order by k.kind, k.received_on, k.id)
), owed as (
  select account_id, max(high) as total from debt group by 1
), meetings as (
  select m.id as credit_id, d.id as charge_id, d.location_id, (least(m.high, d.high) - greatest(m.low, d.low))::bigint as amount,
         'PAY-' || lpad(m.number::text, greatest(3, length(m.number::text)), '0') || ' to INV-'
         || lpad(d.number::text, greatest(3, length(d.number::text)), '0')
         || case m.kind when 'deposit' then ': oldest deposit taken at the same location to the oldest open invoice.'
                        else ': oldest unapplied payment to the oldest open invoice.' end as reason
  from money m join debt d on d.account_id = m.account_id and d.low < m.high and m.low < d.high
), left_over as (
  select m.id as credit_id, (m.high - greatest(m.low, coalesce(o.total, 0)))::bigint as amount,
         'PAY-' || lpad(m.number::text, greatest(3, length(m.number::text)), '0')
         || case when o.total is null then ': the account owes nothing.' else ': the account owes nothing more.' end as reason
  from money m left join owed o on o.account_id = m.account_id where m.high > coalesce(o.total, 0)
), acts as (
  insert into balances_posting (clinic_id, kind, business_date, location_id, reason, source, run_id, request_key, transaction_id)
  select distinct %(clinic)s, 'allocate', ledger_open_date(l.location_id, %(today)s), l.location_id, '', 'nightly', %(run)s::bigint,
         null::uuid, 0
  from (select distinct location_id from meetings) l
  returning id, location_id
), lines as (
  insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
  select %(clinic)s, a.id, 'allocate', m.charge_id, -m.amount, m.credit_id, -m.amount, null
  from meetings m join acts a on a.location_id = m.location_id
)
insert into balances_decision (clinic_id, run_id, credit_id, charge_id, amount, reason, left_out)
select %(clinic)s, %(run)s, credit_id, charge_id, amount, reason, false from meetings
union all
select %(clinic)s, %(run)s, credit_id, null, amount, reason, false from left_over
