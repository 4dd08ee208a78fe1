drop trigger at_once on followups_writeoff;
drop function followups_writeoff_at_once();
create or replace function followups_writeoff_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'requested' then
      raise exception 'a write-off begins as a request' using errcode = '23514', constraint = 'followups_writeoff_moves';
    end if;
    new.requested_by_id := app_user();
    new.requested_at := clock_timestamp();
    return new;
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
    ('requested', 'approved'), ('requested', 'rejected'), ('approved', 'reversed')) then
    raise exception 'a write-off cannot go from % to %', old.status, new.status
      using errcode = '23514', constraint = 'followups_writeoff_moves';
  end if;
  if old.status = 'requested' and new.status <> 'requested' then
    new.decided_by_id := app_user();
  end if;
  return new;
end $$;
revoke update (delegation_id, decline_reason, reversed_by_id, reversed_at, reversal_reason) on followups_writeoff
  from clinicpay_app;
