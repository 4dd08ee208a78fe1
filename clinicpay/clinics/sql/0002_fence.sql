-- The clinic of this transaction. It raises when none is set: a silent policy would hide mistakes.
create function app_clinic() returns bigint language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  pinned text := current_setting('app.clinic_id', true);
begin
  if pinned is null or pinned = '' then
    raise exception 'no clinic is set for this transaction' using errcode = '42501';
  end if;
  return pinned::bigint;
end $$;

-- The person of this transaction; null when ClinicPay acts by itself.
create function app_user() returns bigint language sql stable parallel safe set search_path = pg_catalog, pg_temp as $$
  select nullif(current_setting('app.user_id', true), '')::bigint
$$;

-- Ids and settings of all clinics, for the tick that wakes the nights and for start-up checks.
create function all_clinics() returns table (id bigint, slug varchar)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id, c.slug from clinics_clinic c order by c.id
$$;

-- A new clinic has no scope yet: the one way to make its row.
create function create_clinic(slug varchar, name varchar, timezone varchar, currency varchar) returns bigint
language sql volatile security definer set search_path = public, pg_temp as $$
  insert into clinics_clinic (slug, name, timezone, currency, day_starts_at, paper, created_at)
  values (slug, name, timezone, currency, 0, case when currency in ('USD', 'CAD') then 'letter' else 'a4' end, now())
  returning id
$$;

-- Nothing that tells what happened is ever edited or deleted, not even by the owner by accident.
create function append_only() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;
