create or replace function deposits_bankslip_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
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
