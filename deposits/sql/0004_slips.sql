-- A bank slip moves only along the allowed moves (deposits/states.py has the same table). As it is printed it is
-- totalled from its lines, whose payments are locked: none of them can be reversed at the same moment. Afterwards it
-- never changes but to be voided, once, with a reason.
create function deposits_bankslip_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  unfit bigint;
begin
  if tg_op = 'INSERT' then
    if new.state <> 'draft' then
      raise exception 'a slip cannot begin as %', new.state using errcode = '23514', constraint = 'deposits_bankslip_moves';
    end if;
    new.cash := 0; new.cheques := 0;
    new.made_by_id := app_user(); new.made_at := clock_timestamp();
    new.printed_by_id := null; new.printed_at := null; new.voided_by_id := null; new.voided_at := null;
    return new;
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('draft', 'printed'), ('draft', 'discarded'), ('printed', 'voided')) then
    raise exception 'a slip cannot go from % to %', old.state, new.state
      using errcode = '23514', constraint = 'deposits_bankslip_moves';
  end if;
  if old.state in ('voided', 'discarded') and new is distinct from old
     or old.state = 'printed' and (
       new.state <> 'voided'
       or to_jsonb(new) - array['state', 'void_reason'] <> to_jsonb(old) - array['state', 'void_reason']) then
    raise exception 'a printed slip never changes' using errcode = '23514', constraint = 'deposits_bankslip_frozen';
  end if;
  if old.state = 'draft' and new.state = 'printed' then
    perform 1 from payments_payment p
    where p.clinic_id = new.clinic_id and p.id in (
      select l.payment_id from deposits_bankslipline l where l.clinic_id = new.clinic_id and l.slip_id = new.id)
    order by p.id for no key update;
    select p.number into unfit
    from deposits_bankslipline l
    join payments_payment p on p.clinic_id = l.clinic_id and p.id = l.payment_id
    left join payments_refund r on r.clinic_id = l.clinic_id and r.id = l.refund_id
    where l.clinic_id = new.clinic_id and l.slip_id = new.id and (
      case when l.refund_id is not null then r.status <> 'succeeded' or r.reversed_at is not null
      else p.status not in ('paid', 'partially_refunded', 'refunded')
           or l.method = 'cheque' and exists (
             select 1 from payments_refund x where x.clinic_id = l.clinic_id and x.payment_id = p.id and x.kind = 'return'
               and x.status = 'succeeded' and x.reversed_at is null) end)
    limit 1;
    if unfit is not null then
      raise exception 'payment % can''t go to the bank any more', unfit
        using errcode = '23514', constraint = 'deposits_bankslip_fit';
    end if;
    select coalesce(sum(l.amount) filter (where l.method = 'cash'), 0),
           coalesce(sum(l.amount) filter (where l.method = 'cheque'), 0)
    into new.cash, new.cheques
    from deposits_bankslipline l where l.clinic_id = new.clinic_id and l.slip_id = new.id;
    new.printed_by_id := app_user(); new.printed_at := clock_timestamp();
  elsif old.state = 'printed' and new.state = 'voided' then
    new.voided_by_id := app_user(); new.voided_at := clock_timestamp();
  end if;
  return new;
end $$;

-- What is on a slip that came to nothing is free for the next.
create function deposits_bankslip_frees() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  update deposits_bankslipline set live = false where clinic_id = new.clinic_id and slip_id = new.id and live;
  return null;
end $$;

-- Only a draft takes or loses lines, each of a payment of its own location as it was paid, or of a refund in cash.
create function deposits_bankslipline_agrees() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  line deposits_bankslipline := case tg_op when 'DELETE' then old else new end;
  slip deposits_bankslip;
begin
  if line.slip_id is null then
    return new;
  end if;
  select * into slip from deposits_bankslip s where s.clinic_id = line.clinic_id and s.id = line.slip_id for no key update;
  if tg_op = 'UPDATE' then
    if new.live or slip.state not in ('voided', 'discarded') then
      raise exception 'a line of a slip ends with it' using errcode = '23514', constraint = 'deposits_bankslip_frozen';
    end if;
    return new;
  end if;
  if slip.state is distinct from 'draft' then
    raise exception 'a printed slip never changes' using errcode = '23514', constraint = 'deposits_bankslip_frozen';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  if not new.live or not exists (
    select 1 from payments_payment p
    left join payments_refund r on r.clinic_id = p.clinic_id and r.id = new.refund_id
    where p.clinic_id = new.clinic_id and p.id = new.payment_id and p.location_id = slip.location_id
      and (case when new.refund_id is null
           then new.method = p.method and new.method in ('cash', 'cheque') and new.amount = p.amount
           else r.payment_id = p.id and r.kind = 'refund' and r.method = 'cash' and new.method = 'cash'
                and new.amount = -r.amount end)) then
    raise exception 'a line of a slip is money of its location' using errcode = '23514', constraint = 'deposits_bankslipline_agrees';
  end if;
  return new;
end $$;

create trigger moves before insert or update on deposits_bankslip
  for each row execute function deposits_bankslip_moves();
create trigger frees after update of state on deposits_bankslip
  for each row when (new.state in ('voided', 'discarded')) execute function deposits_bankslip_frees();
create trigger agrees before insert or update or delete on deposits_bankslipline
  for each row execute function deposits_bankslipline_agrees();

-- A payment on a printed slip went to the bank: it can't be one that never happened (C-7). It can be refunded, and
-- its cheque can bounce. A refund in cash on a printed slip doesn't come to nothing either.
create function deposits_payment_on_slip() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  slip bigint;
begin
  select s.number into slip from deposits_bankslipline l
  join deposits_bankslip s on s.clinic_id = l.clinic_id and s.id = l.slip_id
  where l.clinic_id = new.clinic_id and l.payment_id = new.id and l.refund_id is null and l.live and s.state = 'printed';
  if slip is not null then
    raise exception 'payment % is on bank slip %', new.number, slip
      using errcode = '23514', constraint = 'deposits_payment_on_slip';
  end if;
  return new;
end $$;

create function deposits_refund_on_slip() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  slip bigint;
begin
  select s.number into slip from deposits_bankslipline l
  join deposits_bankslip s on s.clinic_id = l.clinic_id and s.id = l.slip_id
  where l.clinic_id = new.clinic_id and l.refund_id = new.id and l.live and s.state = 'printed';
  if slip is not null then
    raise exception 'refund % is on bank slip %', new.number, slip
      using errcode = '23514', constraint = 'deposits_refund_on_slip';
  end if;
  return new;
end $$;

create trigger on_slip before update of status on payments_payment
  for each row when (new.status = 'voided' and old.status <> 'voided') execute function deposits_payment_on_slip();
create trigger on_slip before update of reversed_at on payments_refund
  for each row when (new.reversed_at is not null and old.reversed_at is null) execute function deposits_refund_on_slip();
