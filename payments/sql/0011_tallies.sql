-- The sums over the payments list (decision 70): every statement that changes one adds lines of its own, so nobody waits for
-- a row that all share; payments_fold() replaces lines by their sums later. All of it runs as the owner: the application
-- may read the lines and nothing else.

-- The day of a payment's line: when it is due, as long as it is not collected.
create function payments_day(status text, due date) returns date language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when status in ('draft', 'pending', 'processing', 'failed') then coalesce(due, '9999-12-31') else '9999-12-31' end
$$;

create function payments_tally_new() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  insert into payments_tally (clinic_id, status, day, payments, amount, returned)
  select n.clinic_id, n.status, payments_day(n.status, n.due_date), count(*), sum(n.amount), 0 from new_rows n group by 1, 2, 3;
  return null;
end $$;

create trigger tally after insert on payments_payment
  referencing new table as new_rows for each statement execute function payments_tally_new();

create function payments_tally_moved() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  insert into payments_tally (clinic_id, status, day, payments, amount, returned) values
    (old.clinic_id, old.status, payments_day(old.status, old.due_date), -1, -old.amount, 0),
    (new.clinic_id, new.status, payments_day(new.status, new.due_date), 1, new.amount, 0);
  return null;
end $$;

create trigger tally_moved after update of status, amount, due_date on payments_payment for each row
  when ((old.status, old.amount, old.due_date) is distinct from (new.status, new.amount, new.due_date))
  execute function payments_tally_moved();

-- Money that comes and goes, by the month of its business date: a voided receipt was never received.
-- It asks for each line's posting by key: joined, it might read all postings of a clinic that is new to the statistics.
create function payments_tally_money() returns trigger language plpgsql
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

create trigger tally after insert on balances_entry
  referencing new table as new_rows for each statement execute function payments_tally_money();

-- Put the lines of the clinic in scope together, where several have one meaning; the number of lines that went. Exact beside
-- any writer and another fold: what is added is the sum of what this very statement has taken away.
create function payments_fold() returns bigint language sql volatile
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

-- Payments and money of before.
insert into payments_tally (clinic_id, status, day, payments, amount, returned)
select clinic_id, status, payments_day(status, due_date), count(*), sum(amount), 0 from payments_payment group by 1, 2, 3
union all
select e.clinic_id, '', date_trunc('month', p.business_date)::date, 0,
       coalesce(sum(e.credit_delta) filter (where e.kind in ('receive', 'unreceive')), 0),
       coalesce(-sum(e.credit_delta) filter (where e.kind not in ('receive', 'unreceive')), 0)
from balances_entry e join balances_posting p on p.clinic_id = e.clinic_id and p.id = e.posting_id
where e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn')
group by 1, 3;
