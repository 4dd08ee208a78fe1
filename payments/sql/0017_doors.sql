-- Questions that are asked before a clinic is known: by a payer who holds a link, and by a gateway.

-- The clinic of a link that takes payment, for somebody who holds its secret.
create function clinic_of_payment_link(token_hash varchar) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select l.clinic_id from payments_paymentlink l
  where l.token_hash = clinic_of_payment_link.token_hash and l.revoked_at is null and l.expires_at > now()
$$;

-- The clinic that an event or a page of this gateway belongs to.
create function clinic_of_gateway(gateway varchar, slug varchar) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id from clinics_clinic c
  join payments_gatewaysettings g on g.clinic_id = c.id and g.gateway = clinic_of_gateway.gateway
  where c.slug = clinic_of_gateway.slug
$$;
