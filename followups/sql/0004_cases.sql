-- Cases and promises move only along the allowed moves (followups/states.py has the same tables).
create function followups_case_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
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

create function followups_promise_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' and new.status <> 'open'
     or tg_op = 'UPDATE' and old.status <> 'open' and (new.status, new.paid) <> (old.status, old.paid)
     or tg_op = 'UPDATE' and new.status not in ('open', 'kept', 'partly_kept', 'broken', 'cancelled') then
    raise exception 'a promise cannot become % like that', new.status
      using errcode = '23514', constraint = 'followups_promise_moves';
  end if;
  if tg_op = 'INSERT' then
    new.made_at := clock_timestamp();
  end if;
  return new;
end $$;

-- At commit an open case has billed debt or an active plan (I7), and a closed one has no open promise (F1).
-- It asks whenever one of these may have ended, also by raw SQL, and waits for whoever moves the account's money.
create function followups_case_agrees() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
declare
  account bigint;
  owed bigint;
begin
  if tg_table_name = 'patients_account' then
    account := new.id;
  elsif tg_table_name = 'followups_promise' then
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
  return null;
end $$;

create trigger moves before insert or update on followups_case for each row execute function followups_case_moves();
create trigger moves before insert or update on followups_promise
  for each row execute function followups_promise_moves();
create constraint trigger agrees after insert or update on followups_case
  deferrable initially deferred for each row execute function followups_case_agrees();
create constraint trigger agrees after insert on followups_promise
  deferrable initially deferred for each row execute function followups_case_agrees();
create constraint trigger case_agrees after update of status on followups_plan
  deferrable initially deferred for each row
  when (old.status = 'active' and new.status <> 'active') execute function followups_case_agrees();
create constraint trigger case_agrees after update of owes on patients_account
  deferrable initially deferred for each row
  when (old.owes > 0 and new.owes = 0) execute function followups_case_agrees();
