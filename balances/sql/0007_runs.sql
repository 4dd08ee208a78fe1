-- A run is a preview until it is applied, and is undone once.
create function balances_run_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.state <> old.state and (old.state, new.state) not in (('preview', 'applied'), ('applied', 'undone')) then
    raise exception 'a run cannot go from % to %', old.state, new.state
      using errcode = '23514', constraint = 'balances_run_moves';
  end if;
  return new;
end $$;

create trigger moves before update of state on balances_autoapplyrun
  for each row execute function balances_run_moves();

grant update (state, undone_at, accounts, done, changed) on balances_autoapplyrun to clinicpay_app;
grant update (left_out) on balances_decision to clinicpay_app;
