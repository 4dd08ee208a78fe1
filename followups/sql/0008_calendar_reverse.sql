revoke update (member_id) on followups_callback from clinicpay_app;
drop function clinic_of_calendar(varchar);

update followups_case set state = 'contact_due' where state = 'promise_broken';
set constraints all immediate;

create or replace function followups_case_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  opened constant text[] := array['contact_due', 'callback_set', 'promised', 'disputed', 'refused', 'write_off_requested', 'on_plan'];
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
