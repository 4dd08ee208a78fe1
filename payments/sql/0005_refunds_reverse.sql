drop trigger gone_agrees on balances_entry;
drop function payments_gone_agrees();
create or replace function payments_money_agrees() returns trigger language plpgsql
security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  now_status text;
  received boolean := false;
  credit bigint;
  opening bigint;
begin
  select p.status into now_status from payments_payment p where p.clinic_id = new.clinic_id and p.id = new.id;
  for credit in select c.id from balances_credit c where c.clinic_id = new.clinic_id and c.payment_id = new.id loop
    select e.id into opening from balances_entry e
    where e.clinic_id = new.clinic_id and e.credit_id = credit and e.kind = 'receive';
    received := received or opening is not null and not exists (
      select 1 from balances_entry r where r.clinic_id = new.clinic_id and r.reverses_id = opening);
  end loop;
  if received <> (now_status = 'paid') then
    raise exception 'payment % is % but its money says otherwise', new.number, now_status
      using errcode = '23514', constraint = 'payments_money_agrees';
  end if;
  return null;
end $$;
drop function payments_check_money(bigint, bigint);
drop trigger agrees on payments_refund;
drop function payments_refund_agrees();
drop trigger moves on payments_refund;
drop function payments_refund_moves();
