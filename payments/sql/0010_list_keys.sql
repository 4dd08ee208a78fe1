-- A payment's name_key: its patient's search key, else the name of its account, folded as clinicpay/patients/search.py does.
create function payments_folded(name text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select left(regexp_replace(lower(normalize(name, NFKD)), E'[\u0300-\u036f]', '', 'g'), 200)
$$;

-- The lock lets a patient who is being renamed be read when the new name stands; clinicpay.patients.services.change_patient
-- locks the account first, as whoever takes money does, so that the two never wait for each other.
create function payments_payment_named() returns trigger language plpgsql set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  select p.search_key into new.name_key from patients_patient p
  where p.clinic_id = new.clinic_id and p.id = new.patient_id for share;
  if new.name_key is null then
    select payments_folded(a.name) into new.name_key from patients_account a
    where a.clinic_id = new.clinic_id and a.id = new.account_id;
  end if;
  new.name_key := coalesce(new.name_key, '');
  return new;
end $$;

create trigger named before insert or update of patient_id, account_id on payments_payment
  for each row execute function payments_payment_named();

-- A corrected name reaches the payments. It runs as the owner, because the application may not write the key.
create function payments_patient_renamed() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  update payments_payment p set name_key = new.search_key
  where p.clinic_id = new.clinic_id and p.name_key = old.search_key and p.patient_id = new.id;
  return null;
end $$;

create trigger renamed after update of search_key on patients_patient
  for each row when (old.search_key is distinct from new.search_key) execute function payments_patient_renamed();

create function payments_account_renamed() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  update payments_payment p set name_key = payments_folded(new.name)
  where p.clinic_id = new.clinic_id and p.account_id = new.id and p.patient_id is null;
  return null;
end $$;

create trigger renamed after update of name on patients_account
  for each row when (old.name is distinct from new.name) execute function payments_account_renamed();

-- Payments of before.
update payments_payment p set name_key = coalesce(
  (select t.search_key from patients_patient t where t.clinic_id = p.clinic_id and t.id = p.patient_id),
  (select payments_folded(a.name) from patients_account a where a.clinic_id = p.clinic_id and a.id = p.account_id), '');
