-- An export is complete in the transaction that makes it: who, when and in which transaction are set here, its days
-- are closed ones, and at the commit its parts are the bytes that its size and hash speak of.
create function exports_export_made() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  new.made_by_id := app_user();
  new.made_at := clock_timestamp();
  new.transaction_id := pg_current_xact_id()::text::bigint;
  return new;
end $$;

create function exports_of_export() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  made bigint;
begin
  select e.transaction_id into made from exports_export e where e.clinic_id = new.clinic_id and e.id = new.export_id;
  if made <> pg_current_xact_id()::text::bigint then
    raise exception 'an export never changes' using errcode = '23514', constraint = 'exports_export_complete';
  end if;
  return new;
end $$;

create function exports_exportday_closed() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  held close_dailyclose;
begin
  select * into held from close_dailyclose d where d.clinic_id = new.clinic_id and d.id = new.close_id;
  if held.state <> 'closed' or new.since_id is not null and not exists (
    select 1 from close_dailyclose d where d.clinic_id = new.clinic_id and d.id = new.since_id
      and d.location_id = held.location_id and d.day = held.day and d.version < held.version) then
    raise exception 'only closed days are exported' using errcode = '23514', constraint = 'exports_exportday_closed';
  end if;
  return new;
end $$;

create function exports_export_content() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  content bytea;
begin
  select string_agg(p.data, ''::bytea order by p.position) into content
  from exports_exportpart p where p.clinic_id = new.clinic_id and p.export_id = new.id;
  if (length(content) = new.size and encode(sha256(content), 'hex') = new.sha256) is not true
     or not exists (select 1 from exports_exportday d where d.clinic_id = new.clinic_id and d.export_id = new.id) then
    raise exception 'export % is not what its hash says', new.number
      using errcode = '23514', constraint = 'exports_export_content';
  end if;
  return null;
end $$;

create trigger made before insert on exports_export for each row execute function exports_export_made();
create trigger of_export before insert on exports_exportday for each row execute function exports_of_export();
create trigger was_closed before insert on exports_exportday for each row execute function exports_exportday_closed();
create trigger of_export before insert on exports_exportpart for each row execute function exports_of_export();
create constraint trigger content after insert on exports_export
  deferrable initially deferred for each row execute function exports_export_content();
