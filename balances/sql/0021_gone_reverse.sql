-- As in 0012_oldest.sql and 0016_lookups.sql.
create function ledger_oldest_open() returns trigger language plpgsql security definer
set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = on
as $$
declare
  clinic constant bigint := app_clinic();
  accounts constant bigint[] := array(
    select distinct n.account_id from new_rows n join old_rows o on o.id = n.id
    where n.invoice_id is not null and (n.outstanding > 0) <> (o.outstanding > 0));
begin
  -- Whoever moves a charge's total has locked its account before.
  update patients_account a set oldest_open = s.oldest
  from (
    select one.id, (
      select min(i.invoice_date) from balances_charge c
      join balances_invoice i on i.clinic_id = c.clinic_id and i.id = c.invoice_id
      where c.clinic_id = clinic and c.account_id = one.id and c.outstanding > 0) as oldest
    from unnest(accounts) as one (id)
  ) s
  where a.clinic_id = clinic and a.id = any (accounts) and a.id = s.id and a.oldest_open is distinct from s.oldest;
  return null;
end $$;
