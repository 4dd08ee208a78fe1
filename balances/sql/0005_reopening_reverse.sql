-- The functions that look at closed days, as they were before a day could be re-opened.
create or replace function ledger_stamp_posting() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
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
             where d.clinic_id = new.clinic_id and d.location_id = new.location_id and d.day = new.business_date) then
    raise exception '% is closed', new.business_date using errcode = '23514', constraint = 'ledger_closed_day';
  end if;
  return new;
end $$;

create or replace function ledger_close_day() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(ledger_day_lock(new.clinic_id, new.location_id, new.day));
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
                   where d.clinic_id = app_clinic() and d.location_id = location and d.day = candidate) then
      return candidate;
    end if;
    candidate := candidate + 1;
  end loop;
end $$;
