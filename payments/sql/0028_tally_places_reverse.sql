-- The lines stay as they are: without places there are only more of one meaning, which the next fold puts together.
create or replace function payments_tally_money() returns trigger language plpgsql
security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  insert into payments_tally (clinic_id, status, day, payments, amount, returned)
  select m.clinic_id, '', m.month, 0,
         coalesce(sum(m.delta) filter (where m.kind in ('receive', 'unreceive')), 0),
         coalesce(-sum(m.delta) filter (where m.kind not in ('receive', 'unreceive')), 0)
  from (
    select n.clinic_id, n.kind, n.credit_delta as delta,
           (select date_trunc('month', p.business_date)::date from balances_posting p
            where p.clinic_id = n.clinic_id and p.id = n.posting_id) as month
    from new_rows n where n.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn')
  ) m group by 1, 3;
  return null;
end $$;

create or replace function payments_fold() returns bigint language sql volatile
security definer set search_path = public, pg_temp as $$
  with several as (
    select t.status, t.day from payments_tally t where t.clinic_id = app_clinic() group by 1, 2 having count(*) > 1
  ), gone as (
    delete from payments_tally t using several s
    where t.clinic_id = app_clinic() and t.status = s.status and t.day = s.day
    returning t.clinic_id, t.status, t.day, t.payments, t.amount, t.returned
  ), folded as (
    insert into payments_tally (clinic_id, status, day, payments, amount, returned)
    select clinic_id, status, day, sum(payments), sum(amount), sum(returned) from gone group by 1, 2, 3
    having sum(payments) <> 0 or sum(amount) <> 0 or sum(returned) <> 0
  )
  select count(*) from gone
$$;
