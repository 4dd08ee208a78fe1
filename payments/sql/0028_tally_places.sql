-- Money of a month is told by the location of its act as well, so that the start page can be narrowed down to one place.
-- As before (0011_tallies.sql) each line's posting is asked for by its key.
create or replace function payments_tally_money() returns trigger language plpgsql
security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  insert into payments_tally (clinic_id, status, day, place, payments, amount, returned)
  select n.clinic_id, '', p.month, p.location_id, 0,
         coalesce(sum(n.credit_delta) filter (where n.kind in ('receive', 'unreceive')), 0),
         coalesce(-sum(n.credit_delta) filter (where n.kind not in ('receive', 'unreceive')), 0)
  from new_rows n
  cross join lateral (
    select date_trunc('month', q.business_date)::date as month, q.location_id from balances_posting q
    where q.clinic_id = n.clinic_id and q.id = n.posting_id offset 0
  ) p
  where n.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn')
  group by 1, 3, 4;
  return null;
end $$;

create or replace function payments_fold() returns bigint language sql volatile
security definer set search_path = public, pg_temp as $$
  with several as (
    select t.status, t.day, t.place from payments_tally t where t.clinic_id = app_clinic() group by 1, 2, 3 having count(*) > 1
  ), gone as (
    delete from payments_tally t using several s
    where t.clinic_id = app_clinic() and t.status = s.status and t.day = s.day and t.place = s.place
    returning t.clinic_id, t.status, t.day, t.place, t.payments, t.amount, t.returned
  ), folded as (
    insert into payments_tally (clinic_id, status, day, place, payments, amount, returned)
    select clinic_id, status, day, place, sum(payments), sum(amount), sum(returned) from gone group by 1, 2, 3, 4
    having sum(payments) <> 0 or sum(amount) <> 0 or sum(returned) <> 0
  )
  select count(*) from gone
$$;

-- Money of before.
delete from payments_tally where status = '';
insert into payments_tally (clinic_id, status, day, place, payments, amount, returned)
select e.clinic_id, '', date_trunc('month', p.business_date)::date, p.location_id, 0,
       coalesce(sum(e.credit_delta) filter (where e.kind in ('receive', 'unreceive')), 0),
       coalesce(-sum(e.credit_delta) filter (where e.kind not in ('receive', 'unreceive')), 0)
from balances_entry e join balances_posting p on p.clinic_id = e.clinic_id and p.id = e.posting_id
where e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn')
group by 1, 3, 4;
