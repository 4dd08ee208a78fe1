-- A refund leaves by its own tender, which need not be the one by which the payment came: a card payment that is
-- given back in cash takes cash out of the drawer. Replaces the view of balances/sql/0004_journal.sql.
create or replace view balances_journal with (security_invoker = true) as
select e.clinic_id, e.id as entry_id, e.posting_id, p.kind as act, p.business_date, p.location_id, p.reason,
       e.charge_id, e.credit_id, s.side, s.ledger_account,
       case when s.ledger_account = 'tender' then coalesce(back.method, pay.method) end as method, v.amount
from balances_entry e
join balances_posting p on p.clinic_id = e.clinic_id and p.id = e.posting_id
left join balances_charge ch on ch.clinic_id = e.clinic_id and ch.id = e.charge_id
left join balances_credit cr on cr.clinic_id = e.clinic_id and cr.id = e.credit_id
left join payments_payment pay on pay.clinic_id = cr.clinic_id and pay.id = cr.payment_id
left join payments_refund back on back.clinic_id = cr.clinic_id and back.reserved_id = cr.id
cross join lateral (
  select greatest(e.charge_delta, e.credit_delta, -e.charge_delta, -e.credit_delta) as amount,
         case ch.kind when 'principal' then 'plan receivable' else 'accounts receivable' end as receivable,
         case cr.kind when 'deposit' then 'deposits held' when 'pre_payment' then 'pre-payments held'
                      when 'refund_pending' then 'refunds payable' else 'unapplied payments' end as liability,
         case when e.kind in ('charge', 'credit_note', 'uncredit') then 'revenue'
              when e.kind in ('write_off', 'unwrite_off', 'recover') then 'write-off expense'
              when e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn') then 'tender' end as other
) v
cross join lateral (
  values
    (case when e.charge_delta > 0 then 'debit' when e.charge_delta < 0 then 'credit' end, v.receivable),
    (case when e.credit_delta > 0 then 'credit' when e.credit_delta < 0 then 'debit' end, v.liability),
    (case when v.other is null then null when e.charge_delta > 0 or e.credit_delta < 0 then 'credit' else 'debit' end, v.other)
) as s (side, ledger_account)
where s.side is not null;
