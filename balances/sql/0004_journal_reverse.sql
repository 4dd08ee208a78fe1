drop trigger voided on balances_charge;
drop function ledger_voided();
revoke update (voided) on balances_charge from clinicpay_app;
revoke update (credited, written_off, moved) on balances_charge from clinicpay_ledger;
drop view balances_journal;
create view balances_journal with (security_invoker = true) as
select e.clinic_id, e.id as entry_id, e.posting_id, p.kind as act, p.business_date, p.location_id, p.reason,
       e.charge_id, e.credit_id, s.side, s.ledger_account, s.method, s.amount
from balances_entry e
join balances_posting p on p.clinic_id = e.clinic_id and p.id = e.posting_id
left join balances_charge ch on ch.clinic_id = e.clinic_id and ch.id = e.charge_id
left join balances_credit cr on cr.clinic_id = e.clinic_id and cr.id = e.credit_id
left join payments_payment pay on pay.clinic_id = cr.clinic_id and pay.id = cr.payment_id
cross join lateral (
  select greatest(e.charge_delta, e.credit_delta, -e.charge_delta, -e.credit_delta) as amount,
         case ch.kind when 'principal' then 'plan receivable' else 'accounts receivable' end as receivable,
         case cr.kind when 'deposit' then 'deposits held' when 'pre_payment' then 'pre-payments held'
                      when 'refund_pending' then 'refunds payable' else 'unapplied payments' end as liability
) v
cross join lateral (
  values
    ('debit', case e.kind when 'charge' then v.receivable when 'receive' then 'tender' when 'unreceive' then v.liability
                          when 'allocate' then v.liability else v.receivable end),
    ('credit', case e.kind when 'charge' then 'revenue' when 'receive' then v.liability when 'unreceive' then 'tender'
                           when 'allocate' then v.receivable else v.liability end)
) as sides (side, ledger_account)
cross join lateral (
  select sides.side, sides.ledger_account, v.amount,
         case when sides.ledger_account = 'tender' then pay.method end as method
) s;

grant select on balances_journal to clinicpay_app;
