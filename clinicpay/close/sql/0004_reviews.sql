-- What shows that a treatment was paid: files beside it or beside money that pays it now, the capture of a card, a
-- receipt that was printed or sent. One definition for pages (close/standing.py) and for the rule below.
create function close_evidence(events bigint[]) returns table (event_id bigint, kind text, name text)
language sql stable set search_path = public, pg_temp as $$
  with paying as (
    select distinct c.event_id, p.id as payment_id, p.number, p.receipt_id
    from balances_charge c
    join balances_entry e on e.clinic_id = c.clinic_id and e.charge_id = c.id and e.kind = 'allocate'
    join balances_credit r on r.clinic_id = e.clinic_id and r.id = e.credit_id
    join payments_payment p on p.clinic_id = r.clinic_id and p.id = r.payment_id
    where c.event_id = any(events)
      and not exists (select 1 from balances_entry u where u.clinic_id = e.clinic_id and u.reverses_id = e.id)
  ), receipts as (
    select distinct y.event_id, t.id, t.number
    from paying y join payments_receipt t on t.id = y.receipt_id
  )
  select d.event_id, 'document', d.name from payments_document d
  where d.event_id = any(events) and d.removed_at is null
  union all
  select y.event_id, 'document', d.name from paying y join payments_document d on d.payment_id = y.payment_id
  where d.removed_at is null
  union all
  select y.event_id, 'card', y.number::text from paying y join payments_checkout k on k.booked_id = y.payment_id
  union all
  select t.event_id, 'sent', t.number::text from receipts t
  where exists (select 1 from payments_message m where m.receipt_id = t.id and m.kind = 'receipt' and m.state <> 'failed')
  union all
  select t.event_id, 'printed', t.number::text from receipts t
  where exists (select 1 from audit_auditevent a
                where a.subject_type = 'payments.receipt' and a.subject_id = t.id and a.action = 'record.exported')
$$;

-- What is owed for a treatment now, and what was paid for it (minor units), as balances.queries.event_balances has it.
create function close_event_money(event bigint, out owed bigint, out paid bigint)
language sql stable set search_path = public, pg_temp as $$
  select coalesce(sum(outstanding), 0)::bigint,
         coalesce(sum(amount) filter (where source_id is null) - sum(credited) - sum(outstanding) - sum(written_off), 0)::bigint
  from balances_charge where event_id = event
$$;

-- A review is of a closed treatment, says what was owed at its moment, and nothing that the ledger contradicts.
create function close_eventreview_agrees() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.event_id is null then
    return new; -- refused by the column itself, once the fence was asked
  end if;
  if not exists (select 1 from treatments_treatmentevent t
                 where t.clinic_id = new.clinic_id and t.id = new.event_id and t.state in ('closed', 'reviewed', 'ready')) then
    raise exception 'only a closed treatment is reviewed' using errcode = '23514', constraint = 'close_eventreview_closed';
  end if;
  select m.owed into new.balance from close_event_money(new.event_id) m;
  if new.outcome is null or new.outcome not in ('paid', 'outstanding', 'follow_up')
     or (new.outcome = 'paid') <> (new.balance = 0) then
    raise exception 'a balance of % is not %', new.balance, new.outcome
      using errcode = '23514', constraint = 'close_eventreview_agrees';
  end if;
  new.made_by_id := app_user();
  new.made_at := clock_timestamp();
  return new;
end $$;

-- No way to "reviewed" but a review made with it; none to "ready" or through the day's close but a newest review that
-- the ledger still agrees with, and evidence of what was paid. Where nothing was paid and nothing is owed, there is
-- nothing to prove.
create function close_event_reviewed() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  said text;
  owed bigint;
  paid bigint;
begin
  if new.state = old.state or new.state not in ('reviewed', 'ready', 'day_closed') or old.state = 'day_closed' then
    return new;
  end if;
  if new.state = 'reviewed' then
    if not exists (select 1 from close_eventreview r
                   where r.clinic_id = new.clinic_id and r.event_id = new.id and r.made_at >= transaction_timestamp()) then
      raise exception 'a treatment is reviewed by a review' using errcode = '23514', constraint = 'close_event_reviewed';
    end if;
    return new;
  end if;
  select r.outcome into said from close_eventreview r
  where r.clinic_id = new.clinic_id and r.event_id = new.id order by r.id desc limit 1;
  select m.owed, m.paid into owed, paid from close_event_money(new.id) m;
  if said is null or (said = 'paid') <> (owed = 0) then
    raise exception 'reviewed as %, % is owed', said, owed using errcode = '23514', constraint = 'close_event_agrees';
  end if;
  if (paid <> 0 or owed <> 0) and not exists (select 1 from close_evidence(array[new.id])) then
    raise exception 'no evidence is attached' using errcode = '23514', constraint = 'close_event_evidence';
  end if;
  return new;
end $$;

create trigger agrees before insert on close_eventreview for each row execute function close_eventreview_agrees();
create trigger reviewed before update of state on treatments_treatmentevent
  for each row execute function close_event_reviewed();
