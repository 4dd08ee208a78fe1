-- As before, and a case whose promise was broken says so (followups/states.py has the same table).
create or replace function followups_case_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  opened constant text[] := array['contact_due', 'callback_set', 'promised', 'promise_broken', 'disputed', 'refused',
                                  'write_off_requested', 'on_plan'];
begin
  if tg_op = 'INSERT' and not new.state = any (opened)
     or tg_op = 'UPDATE' and new.state <> old.state and not (
       old.state = any (opened) and new.state = any (opened || 'closed'::text)
       or old.state = 'closed' and new.state in ('contact_due', 'on_plan')) then
    raise exception 'a case cannot become % like that', new.state
      using errcode = '23514', constraint = 'followups_case_moves';
  end if;
  if tg_op = 'INSERT' then
    new.opened_at := clock_timestamp();
  end if;
  new.closed_at := case when new.state <> 'closed' then null
                        when old.state = 'closed' then old.closed_at else clock_timestamp() end;
  return new;
end $$;

-- The clinic of a calendar's address, for somebody who holds its secret, while its member is one.
create function clinic_of_calendar(token_hash varchar) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select f.clinic_id from followups_calendarfeed f
  join staff_membership m on m.clinic_id = f.clinic_id and m.id = f.member_id and m.active
  where f.token_hash = clinic_of_calendar.token_hash and f.revoked_at is null
$$;

-- A callback of somebody who has left is taken over.
grant update (member_id) on followups_callback to clinicpay_app;
