-- The clinics of a person who has signed in, whom each lets in, and whether this person has a second step.
drop function memberships_of(bigint);
create function memberships_of(member bigint)
returns table (id bigint, role varchar, has_second_step boolean, clinic_id bigint, slug varchar, name varchar,
               timezone varchar, currency varchar, day_starts_at smallint, paper varchar, created_at timestamptz,
               idle_minutes smallint, two_step varchar)
language sql stable security definer set search_path = public, pg_temp as $$
  select m.id, m.role, exists (select from mfa_authenticator a where a.user_id = member and a.type = 'totp'),
         c.id, c.slug, c.name, c.timezone, c.currency, c.day_starts_at, c.paper, c.created_at, c.idle_minutes, c.two_step
  from staff_membership m
  join clinics_clinic c on c.id = m.clinic_id
  join staff_user u on u.id = m.user_id
  where m.user_id = member and m.active and u.is_active
  order by c.name, c.id
$$;

grant update (withdrawn_at) on staff_invitation to clinicpay_app;
