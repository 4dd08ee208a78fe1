-- A version of a day's close moves only along the allowed moves (close/states.py has the same table), follows the
-- version before it, and once closed changes no more: who re-opened it, when and why is added, once (I8).
create function close_dailyclose_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  before text;
begin
  if tg_op = 'INSERT' then
    select d.state into before from close_dailyclose d
    where d.clinic_id = new.clinic_id and d.location_id = new.location_id and d.day = new.day and d.version = new.version - 1;
    if new.version is not null and (case new.version when 1 then new.state = 'open'
                         else new.state = 'reviewing' and before = 'reopened' end) is not true then
      raise exception 'version % cannot begin as %', new.version, new.state
        using errcode = '23514', constraint = 'close_dailyclose_moves';
    end if;
    new.closed_by_id := null; new.closed_at := null; new.reopened_by_id := null; new.reopened_at := null;
    return new;
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('open', 'reviewing'), ('reviewing', 'closed'), ('closed', 'reopened')) then
    raise exception 'a close cannot go from % to %', old.state, new.state
      using errcode = '23514', constraint = 'close_dailyclose_moves';
  end if;
  if old.state = 'reopened' and new is distinct from old
     or old.state = 'closed' and (
       new.state <> 'reopened'
       or to_jsonb(new) - array['state', 'reopen_reason'] <> to_jsonb(old) - array['state', 'reopen_reason']) then
    raise exception 'a closed day never changes' using errcode = '23514', constraint = 'close_dailyclose_frozen';
  end if;
  if old.state = 'reviewing' and new.state = 'closed' then
    new.closed_by_id := app_user();
    new.closed_at := clock_timestamp();
  elsif old.state = 'closed' and new.state = 'reopened' then
    new.reopened_by_id := app_user();
    new.reopened_at := clock_timestamp();
  end if;
  return new;
end $$;

-- At commit a day is locked if, and only if, a version of it is closed: neither is had, or lifted, without the other.
create function close_dailyclose_locked() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  if exists (select 1 from close_dailyclose d
             where d.clinic_id = new.clinic_id and d.location_id = new.location_id and d.day = new.day and d.state = 'closed')
     <> exists (select 1 from balances_closedday c
                where c.clinic_id = new.clinic_id and c.location_id = new.location_id and c.day = new.day
                  and c.reopened_at is null) then
    raise exception 'the close of % and its lock disagree', new.day
      using errcode = '23514', constraint = 'close_dailyclose_locked';
  end if;
  return null;
end $$;

create trigger moves before insert or update on close_dailyclose for each row execute function close_dailyclose_moves();
create constraint trigger locked after insert or update on close_dailyclose
  deferrable initially deferred for each row execute function close_dailyclose_locked();
create constraint trigger locked after insert or update on balances_closedday
  deferrable initially deferred for each row execute function close_dailyclose_locked();
