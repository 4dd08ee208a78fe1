create trigger zero before insert on balances_charge for each row execute function ledger_zero_charge();
create trigger zero before insert on balances_credit for each row execute function ledger_zero_credit();
create trigger zero before insert on patients_account for each row execute function ledger_zero_account();

create trigger stamp before insert on balances_posting for each row execute function ledger_stamp_posting();
create trigger apply after insert on balances_entry
  referencing new table as new_rows for each statement execute function ledger_apply();
create trigger close before insert on balances_closedday for each row execute function ledger_close_day();

-- At commit every charge and credit has been opened by an act: one that never was would look paid, or spent.
-- It runs as the owner: a nested scope may have pinned another clinic by then, so it names the clinic itself.
create function ledger_opened() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
declare
  opened boolean;
begin
  if tg_table_name = 'balances_charge' then
    opened := exists (select 1 from balances_entry e where e.clinic_id = new.clinic_id and e.charge_id = new.id);
  else
    opened := exists (select 1 from balances_entry e where e.clinic_id = new.clinic_id and e.credit_id = new.id);
  end if;
  if not opened then
    raise exception '% % was never opened', tg_table_name, new.id using errcode = '23514', constraint = 'ledger_opened';
  end if;
  return null;
end $$;

create constraint trigger opened after insert on balances_charge
  deferrable initially deferred for each row execute function ledger_opened();
create constraint trigger opened after insert on balances_credit
  deferrable initially deferred for each row execute function ledger_opened();

create trigger no_change before update or delete on balances_posting for each row execute function append_only();
create trigger no_truncate before truncate on balances_posting for each statement execute function append_only();
create trigger no_change before update or delete on balances_entry for each row execute function append_only();
create trigger no_truncate before truncate on balances_entry for each statement execute function append_only();

-- Rows whose totals move often keep room for the new version on the same page.
alter table balances_charge set (fillfactor = 70);
alter table balances_credit set (fillfactor = 70);
alter table patients_account set (fillfactor = 70);

-- What an accountant reads: every line of every act as debit and credit, in minor units.
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
