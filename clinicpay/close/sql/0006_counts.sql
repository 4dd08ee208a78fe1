-- Cash is counted for a day that is in review, and what was counted never changes: who counts again adds another count.
create function close_cashcount_open() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  state text;
begin
  if new.close_id is null then
    return new;
  end if;
  select d.state into state from close_dailyclose d
  where d.clinic_id = new.clinic_id and d.id = new.close_id for no key update;
  if state is distinct from 'reviewing' then
    raise exception 'only a day in review is counted' using errcode = '23514', constraint = 'close_cashcount_open';
  end if;
  new.made_at := clock_timestamp();
  new.made_by_id := app_user();
  new.transaction_id := pg_current_xact_id()::text::bigint;
  return new;
end $$;

-- A count takes lines only in the transaction that made it.
create function close_cashcountline_complete() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.count_id is not null and not exists (select 1 from close_cashcount c
                 where c.clinic_id = new.clinic_id and c.id = new.count_id
                   and c.transaction_id = pg_current_xact_id()::text::bigint) then
    raise exception 'a count is complete' using errcode = '23514', constraint = 'close_cashcountline_complete';
  end if;
  return new;
end $$;

-- At commit the pieces, where any were counted, sum to what was counted.
create function close_cashcount_agrees() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  if exists (select 1 from close_cashcountline l
             where l.clinic_id = new.clinic_id and l.count_id = new.id and l.method = 'cash'
             having sum(l.amount) <> new.counted) then
    raise exception 'the pieces are not what was counted' using errcode = '23514', constraint = 'close_cashcount_agrees';
  end if;
  return null;
end $$;

create trigger is_open before insert on close_cashcount for each row execute function close_cashcount_open();
create trigger complete before insert on close_cashcountline
  for each row execute function close_cashcountline_complete();
create constraint trigger agrees after insert on close_cashcount
  deferrable initially deferred for each row execute function close_cashcount_agrees();
