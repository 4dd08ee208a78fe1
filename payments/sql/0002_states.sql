-- A payment moves only along the allowed moves (payments/states.py has the same table).
create function payments_payment_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if new.status not in ('draft', 'pending', 'paid') then
      raise exception 'a payment cannot begin as %', new.status using errcode = '23514', constraint = 'payments_payment_moves';
    end if;
  elsif new.status <> old.status and (old.status, new.status) not in (
    ('draft', 'pending'), ('draft', 'cancelled'),
    ('pending', 'processing'), ('pending', 'paid'), ('pending', 'failed'), ('pending', 'cancelled'),
    ('processing', 'paid'), ('processing', 'failed'), ('processing', 'voided'),
    ('failed', 'pending'), ('failed', 'cancelled'),
    ('paid', 'partially_refunded'), ('paid', 'refunded'), ('paid', 'voided'),
    ('partially_refunded', 'refunded'), ('partially_refunded', 'paid'),
    ('refunded', 'partially_refunded'), ('refunded', 'paid')
  ) then
    raise exception 'a payment cannot go from % to %', old.status, new.status
      using errcode = '23514', constraint = 'payments_payment_moves';
  end if;
  return new;
end $$;

create trigger moves before insert or update of status on payments_payment
  for each row execute function payments_payment_moves();
