-- Only an owner delegates, nobody dates a delegation back, and it ends once.
create function staff_delegation_kept() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if app_user() is not null and not exists (
         select from staff_membership m where m.user_id = app_user() and m.role = 'owner' and m.active) then
      raise exception 'only an owner delegates' using errcode = '23514', constraint = 'staff_delegation_owner';
    end if;
    new.made_by_id := app_user();
    new.made_at := clock_timestamp();
    new.ended_by_id := null;
    new.ended_at := null;
    if new.expires_at <= new.made_at then
      raise exception 'a delegation ends after it is made' using errcode = '23514', constraint = 'staff_delegation_ends';
    end if;
    return new;
  end if;
  if old.ended_at is not null or new.ended_at is null then
    raise exception 'a delegation ends once' using errcode = '23514', constraint = 'staff_delegation_ended';
  end if;
  new.ended_by_id := app_user();
  new.ended_at := clock_timestamp();
  return new;
end $$;

create trigger kept before insert or update on staff_delegation for each row execute function staff_delegation_kept();
