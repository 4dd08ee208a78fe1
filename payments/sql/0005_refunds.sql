-- A refund moves only along the allowed moves (payments/states.py has the same table), and no more than the
-- payment's amount is ever asked for, promised or gone (R1).
create function payments_refund_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  whole bigint;
  going bigint;
begin
  if tg_op = 'INSERT' then
    if (new.kind, new.status) not in (('refund', 'requested'), ('return', 'succeeded')) then
      raise exception 'a % cannot begin as %', new.kind, new.status
        using errcode = '23514', constraint = 'payments_refund_moves';
    end if;
    new.requested_by_id := app_user();
    new.requested_at := clock_timestamp();
    select p.amount into whole from payments_payment p
    where p.clinic_id = new.clinic_id and p.id = new.payment_id for no key update;
    select coalesce(sum(r.amount), 0) into going from payments_refund r
    where r.clinic_id = new.clinic_id and r.payment_id = new.payment_id
      and r.status in ('requested', 'approved', 'succeeded') and r.reversed_at is null;
    if going + new.amount > whole then
      raise exception 'more is refunded than was paid' using errcode = '23514', constraint = 'payments_refund_limit';
    end if;
    return new;
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
    ('requested', 'approved'), ('requested', 'rejected'), ('approved', 'succeeded'), ('approved', 'failed')
  ) then
    raise exception 'a refund cannot go from % to %', old.status, new.status
      using errcode = '23514', constraint = 'payments_refund_moves';
  end if;
  if old.reversed_at is not null and new.reversed_at is distinct from old.reversed_at then
    raise exception 'a refund is reversed once' using errcode = '23514', constraint = 'payments_refund_moves';
  end if;
  if old.status = 'requested' and new.status <> 'requested' then
    new.decided_by_id := app_user();
  end if;
  return new;
end $$;

create trigger moves before insert or update on payments_refund
  for each row execute function payments_refund_moves();

-- At commit a refund says what its money does: nothing, set aside, gone, or back again.
create function payments_refund_agrees() returns trigger language plpgsql
security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  r payments_refund;
  aside balances_credit;
  gone boolean := false;
  agrees boolean;
begin
  select * into r from payments_refund x where x.clinic_id = new.clinic_id and x.id = new.id;
  select * into aside from balances_credit c where c.clinic_id = r.clinic_id and c.id = r.reserved_id;
  if r.kind = 'refund' then
    gone := exists (select 1 from balances_entry e where e.clinic_id = r.clinic_id and e.credit_id = aside.id and e.kind = 'refund'
                    and not exists (select 1 from balances_entry x where x.clinic_id = r.clinic_id and x.reverses_id = e.id));
    agrees := case when r.status in ('requested', 'rejected') then aside.id is null
                   else aside.payment_id = r.payment_id and aside.kind = 'refund_pending' and aside.amount = r.amount
                        and aside.available = case r.status when 'approved' then r.amount else 0 end
                        and gone = (r.status = 'succeeded' and r.reversed_at is null) end;
  else
    agrees := (select sum(-e.credit_delta) = r.amount and bool_and(c.payment_id = r.payment_id)
                      and bool_and((r.reversed_at is not null) = exists (
                        select 1 from balances_entry x where x.clinic_id = r.clinic_id and x.reverses_id = e.id))
               from balances_entry e join balances_credit c on c.clinic_id = e.clinic_id and c.id = e.credit_id
               where e.clinic_id = r.clinic_id and e.posting_id = r.posting_id and e.kind = 'return');
  end if;
  if agrees is not true then
    raise exception 'refund % is % but its money says otherwise', r.number, r.status
      using errcode = '23514', constraint = 'payments_refund_agrees';
  end if;
  return null;
end $$;

create constraint trigger agrees after insert or update on payments_refund
  deferrable initially deferred for each row execute function payments_refund_agrees();

-- At commit a payment's status is what its money says (I3, I6): received or not, and how much of it went back.
create function payments_check_money(clinic bigint, payment bigint) returns void language plpgsql
security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  p payments_payment;
  received boolean := false;
  gone bigint := 0;
  credit bigint;
  opening bigint;
  part bigint;
begin
  select * into p from payments_payment x where x.clinic_id = clinic and x.id = payment;
  for credit in select c.id from balances_credit c where c.clinic_id = clinic and c.payment_id = payment loop
    select e.id into opening from balances_entry e
    where e.clinic_id = clinic and e.credit_id = credit and e.kind = 'receive';
    received := received or opening is not null and not exists (
      select 1 from balances_entry r where r.clinic_id = clinic and r.reverses_id = opening);
    select coalesce(-sum(e.credit_delta), 0) into part from balances_entry e
    where e.clinic_id = clinic and e.credit_id = credit and e.kind in ('refund', 'unrefund', 'return', 'unreturn');
    gone := gone + part;
  end loop;
  if (received, case when gone = 0 then 0 when gone = p.amount then 2 else 1 end) is distinct from
     (p.status in ('paid', 'partially_refunded', 'refunded'),
      case p.status when 'partially_refunded' then 1 when 'refunded' then 2 else 0 end) then
    raise exception 'payment % is % but its money says otherwise', p.number, p.status
      using errcode = '23514', constraint = 'payments_money_agrees';
  end if;
end $$;

create or replace function payments_money_agrees() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  perform payments_check_money(new.clinic_id, new.id);
  return null;
end $$;
alter function payments_money_agrees() reset plan_cache_mode;
alter function payments_money_agrees() reset enable_seqscan;

create function payments_gone_agrees() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  perform payments_check_money(new.clinic_id, c.payment_id)
  from balances_credit c where c.clinic_id = new.clinic_id and c.id = new.credit_id;
  return null;
end $$;

create constraint trigger gone_agrees after insert on balances_entry
  deferrable initially deferred for each row
  when (new.kind in ('refund', 'unrefund', 'return', 'unreturn')) execute function payments_gone_agrees();

revoke execute on function payments_check_money(bigint, bigint) from public;
