-- Which server counts the transactions. A dump restored elsewhere brings rows counted by another one.
create function audit_server() returns bigint language sql stable parallel safe set search_path = pg_catalog, pg_temp as $$
  select system_identifier from pg_control_system()
$$;

create or replace function audit_stamp() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  new.at := clock_timestamp();
  new.actor_id := app_user();
  new.server_id := audit_server();
  new.transaction_id := pg_current_xact_id()::text::bigint;
  return new;
end $$;

-- One text for a row, whatever the session's settings; without a search path of its own the planner can inline it.
create function audit_row_hash(e audit_auditevent) returns bytea language sql stable parallel safe as $$
  select sha256(convert_to(json_build_array(
    e.id, e.clinic_id, (extract(epoch from e.at) * 1000000)::bigint, e.actor_id, e.actor, e.action,
    e.subject_type, e.subject_id, e.subject, e.patient_id, e.before, e.after, e.reason, e.request_id, e.via,
    e.server_id, e.transaction_id)::text, 'UTF8'))
$$;

create function audit_block_head(b audit_auditblock) returns text language sql stable parallel safe as $$
  select encode(sha256(convert_to(json_build_array(
    b.previous, b.clinic_id, b.number, b.server_id, b.starts, b.below, b.first_id, b.last_id, b.size, b.rows_hash,
    (extract(epoch from b.sealed_at) * 1000000)::bigint)::text, 'UTF8')), 'hex')
$$;

-- The rows of one window of transactions, as a block states them.
create function audit_window(clinic bigint, server bigint, starts bigint, below bigint,
                             out size bigint, out first_id bigint, out last_id bigint, out rows_hash text)
language sql stable parallel safe set search_path = public, pg_temp as $$
  select count(*), coalesce(min(e.id), 0), coalesce(max(e.id), 0),
         encode(sha256(coalesce(string_agg(audit_row_hash(e), ''::bytea order by e.transaction_id, e.id), '')), 'hex')
  from audit_auditevent e
  where e.clinic_id = clinic and e.server_id = server
    and e.transaction_id >= audit_window.starts and e.transaction_id < audit_window.below
$$;

-- Seals what can no longer grow: rows of transactions below every one that is still open. Nothing to seal, no block.
create function audit_seal() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  last audit_auditblock;
  here bigint := audit_server();
  settled bigint;
begin
  new.clinic_id := app_clinic();  -- raises when none is set
  perform pg_advisory_xact_lock(hashtextextended('audit_seal', new.clinic_id));
  select * into last from audit_auditblock b where b.clinic_id = new.clinic_id order by b.number desc limit 1;
  new.number := coalesce(last.number, 0) + 1;
  new.previous := coalesce(last.head, '');
  new.server_id := here;
  if last.server_id is distinct from here then  -- first what another server has left
    select e.server_id into new.server_id from audit_auditevent e
    where e.clinic_id = new.clinic_id and e.server_id <> here and e.transaction_id >= coalesce(
      (select max(b.below) from audit_auditblock b where b.clinic_id = e.clinic_id and b.server_id = e.server_id), 0)
    order by e.id limit 1;
    new.server_id := coalesce(new.server_id, here);
  end if;
  select coalesce(max(b.below), 0) into new.starts from audit_auditblock b
  where b.clinic_id = new.clinic_id and b.server_id = new.server_id;
  if new.server_id = here then
    settled := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  else
    select max(e.transaction_id) + 1 into settled from audit_auditevent e
    where e.clinic_id = new.clinic_id and e.server_id = new.server_id;
  end if;
  select e.transaction_id + 1 into new.below from audit_auditevent e
  where e.clinic_id = new.clinic_id and e.server_id = new.server_id
    and e.transaction_id >= new.starts and e.transaction_id < settled
  order by e.transaction_id, e.id offset 999 limit 1;
  new.below := coalesce(new.below, settled);
  select w.* into new.size, new.first_id, new.last_id, new.rows_hash
  from audit_window(new.clinic_id, new.server_id, new.starts, new.below) w;
  if new.size = 0 then
    return null;
  end if;
  new.sealed_at := clock_timestamp();
  new.head := audit_block_head(new);
  return new;
end $$;

create trigger seal before insert on audit_auditblock for each row execute function audit_seal();
create trigger no_change before update or delete on audit_auditblock for each row execute function append_only();
create trigger no_truncate before truncate on audit_auditblock for each statement execute function append_only();
