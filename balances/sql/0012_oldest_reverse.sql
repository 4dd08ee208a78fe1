drop function ledger_oldest_open();

create or replace function ledger_zero_account() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.owes := 0; new.planned := 0; new.unapplied := 0; new.deposits := 0; new.held := 0;
  return new;
end $$;
