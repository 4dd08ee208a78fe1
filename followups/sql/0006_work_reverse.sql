revoke update (worker_id) on followups_case from clinicpay_app;
drop trigger agrees on followups_callback;
drop trigger moves on followups_callback;
drop trigger stamp on followups_attempt;

create or replace function followups_case_agrees() returns trigger language plpgsql
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

drop function followups_callback_moves();
drop function followups_attempt_stamp();
