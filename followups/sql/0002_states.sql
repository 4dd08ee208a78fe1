-- Plans, instalments and write-offs move only along the allowed moves (followups/states.py has the same tables).
create function followups_plan_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' and new.status <> 'draft'
     or tg_op = 'UPDATE' and new.status <> old.status and (old.status, new.status) not in (
       ('draft', 'active'), ('draft', 'cancelled'),
       ('active', 'completed'), ('active', 'cancelled'), ('active', 'defaulted'), ('completed', 'active')) then
    raise exception 'a plan cannot become % like that', new.status
      using errcode = '23514', constraint = 'followups_plan_moves';
  end if;
  return new;
end $$;

create function followups_instalment_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' and new.status <> 'scheduled'
     or tg_op = 'UPDATE' and new.status <> old.status and (old.status, new.status) not in (
       ('scheduled', 'invoiced'), ('scheduled', 'cancelled'))
     or tg_op = 'UPDATE' and old.invoice_id is not null and new.invoice_id is distinct from old.invoice_id then
    raise exception 'an instalment cannot become % like that', new.status
      using errcode = '23514', constraint = 'followups_instalment_moves';
  end if;
  return new;
end $$;

create function followups_writeoff_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'requested' then
      raise exception 'a write-off begins as a request' using errcode = '23514', constraint = 'followups_writeoff_moves';
    end if;
    new.requested_by_id := app_user();
    new.requested_at := clock_timestamp();
    return new;
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
    ('requested', 'approved'), ('requested', 'rejected'), ('approved', 'reversed')) then
    raise exception 'a write-off cannot go from % to %', old.status, new.status
      using errcode = '23514', constraint = 'followups_writeoff_moves';
  end if;
  if old.status = 'requested' and new.status <> 'requested' then
    new.decided_by_id := app_user();
  end if;
  return new;
end $$;

-- At commit a plan's instalments sum to its total, cancelled ones included (I9), and its parts do too.
create function followups_plan_total() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
declare
  plan followups_plan;
begin
  select * into plan from followups_plan p where p.clinic_id = new.clinic_id
    and p.id = coalesce((to_jsonb(new) ->> 'plan_id')::bigint, new.id);
  if (select sum(i.amount) from followups_instalment i where i.clinic_id = plan.clinic_id and i.plan_id = plan.id)
       is distinct from plan.total
     or (select sum(x.amount) from followups_planpart x where x.clinic_id = plan.clinic_id and x.plan_id = plan.id)
       is distinct from plan.total then
    raise exception 'the instalments of plan % do not sum to its total', plan.number
      using errcode = '23514', constraint = 'followups_plan_total';
  end if;
  return null;
end $$;

create trigger moves before insert or update on followups_plan for each row execute function followups_plan_moves();
create trigger moves before insert or update on followups_instalment
  for each row execute function followups_instalment_moves();
create trigger moves before insert or update on followups_writeoff
  for each row execute function followups_writeoff_moves();
create constraint trigger total after insert on followups_plan
  deferrable initially deferred for each row execute function followups_plan_total();
create constraint trigger total after insert on followups_instalment
  deferrable initially deferred for each row execute function followups_plan_total();
create constraint trigger total after insert on followups_planpart
  deferrable initially deferred for each row execute function followups_plan_total();
