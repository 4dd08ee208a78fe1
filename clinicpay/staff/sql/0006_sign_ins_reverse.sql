revoke update (withdrawn_at) on staff_invitation from clinicpay_app;

drop function memberships_of(bigint);
create function memberships_of(member bigint)
returns table (id bigint, role varchar, clinic_id bigint, slug varchar, name varchar, timezone varchar,
               currency varchar, day_starts_at smallint, paper varchar, created_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select m.id, m.role, c.id, c.slug, c.name, c.timezone, c.currency, c.day_starts_at, c.paper, c.created_at
  from staff_membership m
  join clinics_clinic c on c.id = m.clinic_id
  join staff_user u on u.id = m.user_id
  where m.user_id = member and m.active and u.is_active
  order by c.name, c.id
$$;
