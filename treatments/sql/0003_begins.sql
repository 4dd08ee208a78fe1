-- An event begins as scheduled. One that is brought in from another system has happened already: it begins as
-- clinically closed, and carries its id there. Nothing begins as reviewed, or with its day closed.
create function treatments_event_begins() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.state <> 'scheduled' and not (new.state = 'closed' and new.external_ref <> '') then
    raise exception 'a treatment event cannot begin as %', new.state
      using errcode = '23514', constraint = 'treatments_event_begins';
  end if;
  return new;
end $$;

create trigger begins before insert on treatments_treatmentevent
  for each row execute function treatments_event_begins();
