-- A treatment event moves only along the allowed moves (treatments/states.py has the same table).
create function treatments_event_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.state <> old.state and (old.state, new.state) not in (
    ('scheduled', 'in_progress'), ('scheduled', 'closed'), ('scheduled', 'cancelled'),
    ('in_progress', 'closed'), ('in_progress', 'cancelled'),
    ('closed', 'reviewed'),
    ('reviewed', 'ready'), ('reviewed', 'closed'),
    ('ready', 'day_closed'), ('ready', 'closed'),
    ('day_closed', 'ready')
  ) then
    raise exception 'a treatment event cannot go from % to %', old.state, new.state
      using errcode = '23514', constraint = 'treatments_event_moves';
  end if;
  return new;
end $$;

create trigger moves before update of state on treatments_treatmentevent
  for each row execute function treatments_event_moves();
