-- Who decides and reverses is set here. Somebody else's leave counts for its member, for what others asked, up to its
-- limit, and until it expires or is withdrawn.
grant update (delegation_id, decline_reason, reversed_by_id, reversed_at, reversal_reason) on followups_writeoff
  to clinicpay_app;

create or replace function followups_writeoff_moves() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'requested' then
      raise exception 'a write-off begins as a request' using errcode = '23514', constraint = 'followups_writeoff_moves';
    end if;
    new.requested_by_id := app_user();
    new.requested_at := clock_timestamp();
    new.delegation_id := null;
    return new;
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
    ('requested', 'approved'), ('requested', 'rejected'), ('approved', 'reversed')) then
    raise exception 'a write-off cannot go from % to %', old.status, new.status
      using errcode = '23514', constraint = 'followups_writeoff_moves';
  end if;
  if old.status = 'requested' and new.status <> 'requested' then
    new.decided_by_id := app_user();
    new.decided_at := clock_timestamp();
  else
    new.decided_by_id := old.decided_by_id;
    new.decided_at := old.decided_at;
  end if;
  if old.status = 'approved' and new.status = 'reversed' then
    new.reversed_by_id := app_user();
    new.reversed_at := clock_timestamp();
  else
    new.reversed_by_id := old.reversed_by_id;
    new.reversed_at := old.reversed_at;
  end if;
  if new.delegation_id is distinct from old.delegation_id and not (
       old.status = 'requested' and new.status = 'approved'
       and (new.at_once or new.requested_by_id is distinct from app_user())
       and exists (
         select from staff_delegation d join staff_membership m on m.clinic_id = d.clinic_id and m.id = d.member_id
         where d.clinic_id = new.clinic_id and d.id = new.delegation_id
           and m.active and m.user_id = app_user() and d."limit" >= new.amount
           and d.ended_at is null and d.expires_at > clock_timestamp())) then
    raise exception 'this delegation does not cover that write-off'
      using errcode = '23514', constraint = 'followups_writeoff_delegated';
  end if;
  return new;
end $$;

-- What nobody had to be asked for doesn't wait for anybody.
create function followups_writeoff_at_once() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from followups_writeoff w
             where w.clinic_id = new.clinic_id and w.id = new.id and w.status = 'requested') then
    raise exception 'this write-off waits for nobody' using errcode = '23514', constraint = 'followups_writeoff_at_once';
  end if;
  return null;
end $$;

create constraint trigger at_once after insert on followups_writeoff
  deferrable initially deferred for each row when (new.at_once) execute function followups_writeoff_at_once();
