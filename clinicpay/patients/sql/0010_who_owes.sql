-- Who owes for a patient is a patient, a guardian or a third party, such as an employer: an insurer pays and owes for nobody.
create function patients_patient_owed_for() returns trigger language plpgsql set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan as $$
begin
  if exists (select from patients_account a
             where a.clinic_id = new.clinic_id and a.id = new.account_id and a.kind = 'insurance') then
    raise exception 'an insurer owes for no patient' using errcode = '23514', constraint = 'patients_patient_owed_for';
  end if;
  return new;
end $$;

create trigger owed_for before insert or update of account_id on patients_patient
  for each row execute function patients_patient_owed_for();

create function patients_account_kind() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select from patients_patient p where p.clinic_id = new.clinic_id and p.account_id = new.id) then
    raise exception 'an insurer owes for no patient' using errcode = '23514', constraint = 'patients_patient_owed_for';
  end if;
  return new;
end $$;

create trigger owes_for_nobody before update of kind on patients_account
  for each row when (new.kind = 'insurance' and old.kind <> new.kind) execute function patients_account_kind();
