-- Who says that a void charge is not billed again, and when; of one that stands nothing is to be said.
create function balances_waiver_stamped() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select from balances_charge c
              where c.clinic_id = new.clinic_id and c.id = new.charge_id and not c.voided) then
    raise exception 'this charge stands' using errcode = '23514', constraint = 'balances_waiver_void';
  end if;
  new.made_by_id := app_user();
  new.made_at := clock_timestamp();
  return new;
end $$;

create trigger stamped before insert on balances_waiver for each row execute function balances_waiver_stamped();
