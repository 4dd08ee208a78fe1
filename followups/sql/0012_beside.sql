-- What every page shows beside its own rows: how much waits for a member, and the member's views of the page (decision 194).
-- Each session keeps the plan of it: planning it anew for each page took five times as long as running it. It runs as who
-- asks, so the policies narrow it down.
create function shell_beside(member bigint, acting bigint, page text, counts boolean, open text[], calls boolean,
                             callers text[], tonight timestamptz, asks boolean, decides boolean)
returns table (waiting json, views json)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  select json_build_object(
    'refunds', (select count(*) from payments_refund r where counts and r.status = any(open)),
    'callbacks', (select count(*) from followups_callback c
      where calls and c.state = 'planned' and c.due_at < tonight and c.member_id = any(array(
        select m.id from staff_membership m where m.id = member or not m.active or m.role <> all(callers)))),
    'write_offs', (select count(*) from followups_writeoff w where asks and w.status = 'requested'
      and (decides or exists (select from staff_delegation d where d.member_id = member and d.ended_at is null
        and d.expires_at > now() and d."limit" >= w.amount and w.requested_by_id is distinct from acting)))
  ), (select coalesce(json_agg(json_build_array(v.id, v.name, v.query) order by v.id), '[]')
      from staff_savedview v where v.member_id = member and v.page = shell_beside.page);
end $$;
