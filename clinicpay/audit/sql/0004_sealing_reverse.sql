drop trigger no_truncate on audit_auditblock;
drop trigger no_change on audit_auditblock;
drop trigger seal on audit_auditblock;
drop function audit_seal();
drop function audit_window(bigint, bigint, bigint, bigint);
drop function audit_block_head(audit_auditblock);
drop function audit_row_hash(audit_auditevent);
create or replace function audit_stamp() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  new.at := clock_timestamp();
  new.actor_id := app_user();
  return new;
end $$;
drop function audit_server();
