-- Who and when of an attempt come from the database; it is never changed. A callback ends once.
create function followups_attempt_stamp() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  new.made_at := clock_timestamp();
  new.made_by_id := app_user();
  return new;
end $$;

create function followups_callback_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' and new.state <> 'planned'
     or tg_op = 'UPDATE' and new.state <> old.state and (old.state, new.state) not in (
       ('planned', 'done'), ('planned', 'cancelled')) then
    raise exception 'a callback cannot become % like that', new.state
      using errcode = '23514', constraint = 'followups_callback_moves';
  end if;
  if tg_op = 'INSERT' then
    new.made_at := clock_timestamp();
  end if;
  return new;
end $$;

-- As before, and a closed case has no planned callback either (F1).
create or replace function followups_case_agrees() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
declare
  account bigint;
  owed bigint;
begin
  if tg_table_name = 'patients_account' then
    account := new.id;
  elsif tg_table_name in ('followups_promise', 'followups_callback') then
    select c.account_id into account from followups_case c where c.clinic_id = new.clinic_id and c.id = new.case_id;
  else
    account := new.account_id;
  end if;
  select a.owes into owed from patients_account a where a.clinic_id = new.clinic_id and a.id = account for no key update;
  if owed = 0
     and exists (select 1 from followups_case c
                 where c.clinic_id = new.clinic_id and c.account_id = account and c.state <> 'closed')
     and not exists (select 1 from followups_plan p
                     where p.clinic_id = new.clinic_id and p.account_id = account and p.status = 'active') then
    raise exception 'the case of account % has neither debt nor plan', account
      using errcode = '23514', constraint = 'followups_case_owed';
  end if;
  if exists (select 1 from followups_case c join followups_promise p on p.clinic_id = c.clinic_id and p.case_id = c.id
             where c.clinic_id = new.clinic_id and c.account_id = account and c.state = 'closed' and p.status = 'open') then
    raise exception 'a closed case of account % has an open promise', account
      using errcode = '23514', constraint = 'followups_promise_closes';
  end if;
  if exists (select 1 from followups_case c join followups_callback b on b.clinic_id = c.clinic_id and b.case_id = c.id
             where c.clinic_id = new.clinic_id and c.account_id = account and c.state = 'closed' and b.state = 'planned') then
    raise exception 'a closed case of account % has a planned callback', account
      using errcode = '23514', constraint = 'followups_callback_closes';
  end if;
  return null;
end $$;

create trigger stamp before insert on followups_attempt for each row execute function followups_attempt_stamp();
create trigger moves before insert or update on followups_callback
  for each row execute function followups_callback_moves();
create constraint trigger agrees after insert on followups_callback
  deferrable initially deferred for each row execute function followups_case_agrees();

grant update (worker_id) on followups_case to clinicpay_app;
