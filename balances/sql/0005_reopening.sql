-- A day is closed while it has a lock that was not lifted; lifting one is history too, and happens once.
-- Each function replaces the newest one: ledger_stamp_posting that of 0004_verbs.sql, the others those of 0002_ledger.sql.
create or replace function ledger_stamp_posting() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  -- An older snapshot doesn't see the close that it has waited for.
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'money is posted at read committed' using errcode = '23514', constraint = 'ledger_isolation';
  end if;
  new.made_at := clock_timestamp();
  new.made_by_id := app_user();
  new.transaction_id := pg_current_xact_id()::text::bigint;
  new.reason := btrim(new.reason);
  if new.reason = '' then
    if new.kind in ('unallocate', 'reverse_payment', 'credit_note', 'reverse_credit_note', 'write_off', 'reverse_write_off',
                    'release', 'reserve', 'unreserve', 'refund', 'reverse_refund', 'return', 'reverse_return', 'cancel_plan') then
      raise exception 'a reason is needed' using errcode = '23514', constraint = 'ledger_reason';
    end if;
    new.reason := new.kind;
  end if;
  perform pg_advisory_xact_lock_shared(ledger_day_lock(new.clinic_id, new.location_id, new.business_date));
  if exists (select 1 from balances_closedday d
             where d.clinic_id = new.clinic_id and d.location_id = new.location_id and d.day = new.business_date
               and d.reopened_at is null) then
    raise exception '% is closed', new.business_date using errcode = '23514', constraint = 'ledger_closed_day';
  end if;
  return new;
end $$;

create or replace function ledger_close_day() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(ledger_day_lock(new.clinic_id, new.location_id, new.day));
  if tg_op = 'INSERT' then
    new.closed_at := clock_timestamp();
    new.reopened_at := null;
  elsif old.reopened_at is not null or new.reopened_at is null then
    raise exception 'a lock is lifted once' using errcode = '23514', constraint = 'ledger_day_lifted';
  else
    new.reopened_at := clock_timestamp();
  end if;
  return new;
end $$;

create or replace function ledger_open_date(location bigint, first date) returns date language plpgsql volatile
set search_path = public, pg_temp as $$
declare
  candidate date := first;
begin
  loop
    perform pg_advisory_xact_lock_shared(ledger_day_lock(app_clinic(), location, candidate));
    if not exists (select 1 from balances_closedday d
                   where d.clinic_id = app_clinic() and d.location_id = location and d.day = candidate
                     and d.reopened_at is null) then
      return candidate;
    end if;
    candidate := candidate + 1;
  end loop;
end $$;
