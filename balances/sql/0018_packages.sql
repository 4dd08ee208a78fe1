-- What a package's event is billed is its part, to the cent, for that event.
create function balances_charge_is_part() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select from fresh c join treatments_procedure p on p.clinic_id = c.clinic_id and p.id = c.procedure_id
              where p.part and (c.amount <> p.fee or c.event_id is distinct from p.event_id)) then
    raise exception 'a part of a package is billed as it was split'
      using errcode = '23514', constraint = 'balances_charge_part';
  end if;
  return null;
end $$;

create trigger part after insert on balances_charge referencing new table as fresh
  for each statement execute function balances_charge_is_part();

-- What was billed of a package is never split again.
create function balances_part_stays() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select from balances_charge c
              where c.clinic_id = old.clinic_id and c.procedure_id = old.id and not c.voided) then
    raise exception 'this part of a package is billed'
      using errcode = '23514', constraint = 'balances_part_billed';
  end if;
  return new;
end $$;

create trigger part_stays before update of fee on treatments_procedure
  for each row when (old.part and new.fee <> old.fee) execute function balances_part_stays();

-- A person's flag that a balance is an exception says who, when, and is lifted once.
create function balances_exception_stamped() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.made_by_id := app_user();
    new.made_at := clock_timestamp();
    new.lifted_at := null;
    new.lifted_by_id := null;
    return new;
  end if;
  if old.lifted_at is not null or new.lifted_at is null then
    raise exception 'an exception is lifted once' using errcode = '23514', constraint = 'balances_exception_lifted';
  end if;
  new.lifted_at := clock_timestamp();
  new.lifted_by_id := app_user();
  return new;
end $$;

create trigger stamped before insert or update on balances_balanceexception
  for each row execute function balances_exception_stamped();
