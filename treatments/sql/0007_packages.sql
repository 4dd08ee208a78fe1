-- A package's events are of its own patient and kind.
create function treatments_event_of_package() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select from treatments_package p where p.clinic_id = new.clinic_id and p.id = new.package_id
                   and p.patient_id = new.patient_id and p.kind = new.origin) then
    raise exception 'a treatment of a package is of the patient and kind of its package'
      using errcode = '23514', constraint = 'treatments_event_package';
  end if;
  return new;
end $$;

create trigger package before insert on treatments_treatmentevent
  for each row when (new.package_id is not null) execute function treatments_event_of_package();

-- At commit each event of a package that isn't cancelled has one part, and the parts sum to its price less what was
-- cancelled of it. A part on an event without a package is refused by the same sum.
create function treatments_package_sum() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
declare
  changed jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
  clinic bigint := (changed ->> 'clinic_id')::bigint;
  package treatments_package;
  events bigint;
  parts bigint;
  total bigint;
begin
  select p.* into package from treatments_package p where p.clinic_id = clinic and p.id = case tg_table_name
    when 'treatments_package' then (changed ->> 'id')::bigint
    when 'treatments_treatmentevent' then (changed ->> 'package_id')::bigint
    else (select e.package_id from treatments_treatmentevent e
          where e.clinic_id = clinic and e.id = (changed ->> 'event_id')::bigint) end
    for no key update;  -- who splits at the same time waits here, and then counts what the other has done
  select count(*), count(x.id), coalesce(sum(x.fee), 0) into events, parts, total
    from treatments_treatmentevent e
    left join treatments_procedure x on x.clinic_id = e.clinic_id and x.event_id = e.id and x.part
   where e.clinic_id = clinic and e.package_id = package.id and e.state <> 'cancelled';
  if package.id is null or events <> parts or total <> package.price - package.cancelled then
    raise exception 'the parts of package % do not sum to its price', package.number
      using errcode = '23514', constraint = 'treatments_package_sum';
  end if;
  return null;
end $$;

create constraint trigger parts after insert or update on treatments_package
  deferrable initially deferred for each row execute function treatments_package_sum();
create constraint trigger parts after insert on treatments_treatmentevent
  deferrable initially deferred for each row when (new.package_id is not null)
  execute function treatments_package_sum();
create constraint trigger parts_cancelled after update of state on treatments_treatmentevent
  deferrable initially deferred for each row when (new.package_id is not null and new.state = 'cancelled')
  execute function treatments_package_sum();
create constraint trigger parts after insert or update on treatments_procedure
  deferrable initially deferred for each row when (new.part) execute function treatments_package_sum();
create constraint trigger parts_gone after delete on treatments_procedure
  deferrable initially deferred for each row when (old.part) execute function treatments_package_sum();
