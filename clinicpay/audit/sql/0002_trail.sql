-- What the database itself knows is not left to the client.
create function audit_stamp() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  new.at := clock_timestamp();
  new.actor_id := app_user();
  return new;
end $$;

create trigger stamp before insert on audit_auditevent for each row execute function audit_stamp();
create trigger no_change before update or delete on audit_auditevent for each row execute function append_only();
create trigger no_truncate before truncate on audit_auditevent for each statement execute function append_only();
