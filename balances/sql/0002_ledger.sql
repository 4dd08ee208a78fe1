-- The ledger's triggers. They run as the ledger role, which alone may update the totals.

-- Totals start at zero whatever the client sends; only entries move them.
create function ledger_zero_charge() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin new.outstanding := 0; return new; end $$;

create function ledger_zero_credit() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin new.available := 0; return new; end $$;

create function ledger_zero_account() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.owes := 0; new.planned := 0; new.unapplied := 0; new.deposits := 0; new.held := 0;
  return new;
end $$;

-- Key of the advisory lock that a posting shares and a daily close takes alone.
create function ledger_day_lock(clinic bigint, location bigint, day date) returns bigint
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select hashtextextended(clinic || '/' || location || '/' || day, 0)
$$;

-- Who and when come from the database; a closed day takes nothing.
create function ledger_stamp_posting() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  new.made_at := clock_timestamp();
  new.made_by_id := app_user();
  new.transaction_id := pg_current_xact_id()::text::bigint;
  new.reason := btrim(new.reason);
  if new.reason = '' then
    if new.kind in ('unallocate', 'reverse_payment') then
      raise exception 'a reason is needed' using errcode = '23514', constraint = 'ledger_reason';
    end if;
    new.reason := new.kind;
  end if;
  perform pg_advisory_xact_lock_shared(ledger_day_lock(new.clinic_id, new.location_id, new.business_date));
  if exists (select 1 from balances_closedday d
             where d.clinic_id = new.clinic_id and d.location_id = new.location_id and d.day = new.business_date) then
    raise exception '% is closed', new.business_date using errcode = '23514', constraint = 'ledger_closed_day';
  end if;
  return new;
end $$;

-- A close waits for the postings of its day, and they for it, even when nobody asked for the lock.
create function ledger_close_day() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(ledger_day_lock(new.clinic_id, new.location_id, new.day));
  return new;
end $$;

-- The first open business date of a location on or after a date. It holds the day open until the transaction ends.
create function ledger_open_date(location bigint, first date) returns date language plpgsql volatile
set search_path = public, pg_temp as $$
declare
  candidate date := first;
begin
  loop
    perform pg_advisory_xact_lock_shared(ledger_day_lock(app_clinic(), location, candidate));
    if not exists (select 1 from balances_closedday d
                   where d.clinic_id = app_clinic() and d.location_id = location and d.day = candidate) then
      return candidate;
    end if;
    candidate := candidate + 1;
  end loop;
end $$;

-- What each act may write, and what each line may say. Raises on the first line that breaks a rule.
create function ledger_refuse(what text, rule text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception '%', what using errcode = '23514', constraint = rule;
end $$;

-- One statement-level trigger: lock in one order, check the rules, move the totals.
create function ledger_apply() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
declare
  moved int;
  named int;
begin
  -- Accounts first, in id order, then credits, then charges: whoever writes, two writers never cross.
  perform 1 from patients_account a
  where a.clinic_id = (select app_clinic()) and a.id in (
    select c.account_id from balances_charge c join new_rows n on n.charge_id = c.id and n.clinic_id = c.clinic_id
    union
    select c.account_id from balances_credit c join new_rows n on n.credit_id = c.id and n.clinic_id = c.clinic_id)
  order by a.id for no key update;
  perform 1 from balances_credit c
  where (c.clinic_id, c.id) in (select clinic_id, credit_id from new_rows) order by c.id for no key update;
  perform 1 from balances_charge c
  where (c.clinic_id, c.id) in (select clinic_id, charge_id from new_rows) order by c.id for no key update;

  if exists (select 1 from new_rows n join balances_posting p on p.clinic_id = n.clinic_id and p.id = n.posting_id
             where (p.kind, n.kind) not in (
               ('charge', 'charge'), ('receive', 'receive'), ('allocate', 'allocate'),
               ('unallocate', 'unallocate'), ('unallocate', 'allocate'),
               ('reverse_payment', 'unreceive'))) then
    perform ledger_refuse('this line does not belong to such an act', 'ledger_line_of_act');
  end if;
  -- Only the act that has just been made takes lines: history is not added to afterwards.
  if exists (select 1 from new_rows n join balances_posting p on p.clinic_id = n.clinic_id and p.id = n.posting_id
             where p.transaction_id <> pg_current_xact_id()::text::bigint) then
    perform ledger_refuse('a posting takes no more lines', 'ledger_posting_complete');
  end if;
  if exists (select 1 from new_rows n join balances_charge c on c.clinic_id = n.clinic_id and c.id = n.charge_id
             where n.kind = 'charge' and n.charge_delta <> c.amount) then
    perform ledger_refuse('a charge opens at its amount', 'ledger_charge_amount');
  end if;
  if exists (select 1 from new_rows n join balances_charge c on c.clinic_id = n.clinic_id and c.id = n.charge_id
             left join balances_invoice i on i.clinic_id = c.clinic_id and i.id = c.invoice_id
             where n.kind = 'charge' and (c.kind in ('procedure', 'office') and i.account_id = c.account_id) is not true) then
    perform ledger_refuse('a charge is billed on an invoice of its own account', 'ledger_charge_invoice');
  end if;
  if exists (select 1 from new_rows n
             join balances_credit c on c.clinic_id = n.clinic_id and c.id = n.credit_id
             join payments_payment p on p.clinic_id = c.clinic_id and p.id = c.payment_id
             where n.kind = 'receive' and not (p.status = 'paid' and p.amount = c.amount and n.credit_delta = c.amount
               and p.account_id = c.account_id and p.location_id = c.location_id
               and c.kind in ('unapplied', 'deposit', 'pre_payment'))) then
    perform ledger_refuse('only a paid payment is received, at its amount, on its account', 'ledger_receive_paid');
  end if;
  if exists (select 1 from new_rows n
             join balances_credit c on c.clinic_id = n.clinic_id and c.id = n.credit_id
             join balances_credit other on other.clinic_id = c.clinic_id and other.payment_id = c.payment_id and other.id <> c.id
             join balances_entry e on e.clinic_id = other.clinic_id and e.credit_id = other.id and e.kind = 'receive'
             where n.kind = 'receive') then
    perform ledger_refuse('a payment is received once', 'ledger_receive_once');
  end if;
  -- Otherwise a closed day could be posted on through the door of another location.
  if exists (select 1 from new_rows n join balances_posting p on p.clinic_id = n.clinic_id and p.id = n.posting_id
             left join balances_credit cr on cr.clinic_id = n.clinic_id and cr.id = n.credit_id
             left join balances_charge ch on ch.clinic_id = n.clinic_id and ch.id = n.charge_id
             left join balances_invoice i on i.clinic_id = ch.clinic_id and i.id = ch.invoice_id
             where p.location_id <> coalesce(i.location_id, cr.location_id)) then
    perform ledger_refuse('a posting stands at the location of its invoice or its money', 'ledger_location');
  end if;
  if exists (select 1 from new_rows n
             join balances_credit c on c.clinic_id = n.clinic_id and c.id = n.credit_id
             join payments_payment p on p.clinic_id = c.clinic_id and p.id = c.payment_id
             where n.kind = 'unreceive' and p.status <> 'voided') then
    perform ledger_refuse('only a voided payment gives its money back', 'ledger_unreceive_voided');
  end if;
  if exists (select 1 from new_rows n where n.kind = 'allocate' and exists (
               select 1 from balances_credit cr join payments_payment p on p.clinic_id = cr.clinic_id and p.id = cr.payment_id
               where cr.clinic_id = n.clinic_id and cr.id = n.credit_id and p.status not in ('paid', 'partially_refunded'))) then
    perform ledger_refuse('only received money is applied', 'ledger_allocate_paid');
  end if;
  if exists (select 1 from new_rows n
             join balances_credit cr on cr.clinic_id = n.clinic_id and cr.id = n.credit_id
             join balances_charge ch on ch.clinic_id = n.clinic_id and ch.id = n.charge_id
             where n.kind = 'allocate' and cr.account_id <> ch.account_id and not exists (
               select 1 from patients_patientpayer pp
               join patients_account payer on payer.clinic_id = pp.clinic_id and payer.id = pp.account_id
               where pp.clinic_id = n.clinic_id and pp.account_id = cr.account_id and pp.patient_id = ch.patient_id
                 and payer.kind in ('insurance', 'third_party'))) then
    perform ledger_refuse('money of one account pays another only as its patient''s payer', 'ledger_allocate_account');
  end if;
  -- Money on its way back to a payer (kind refund pending) is nobody's to apply.
  if exists (select 1 from new_rows n join balances_credit c on c.clinic_id = n.clinic_id and c.id = n.credit_id
             where n.kind = 'allocate' and c.kind = 'refund_pending') then
    perform ledger_refuse('money reserved for a refund is not applied', 'ledger_allocate_reserved');
  end if;
  if exists (select 1 from new_rows n where n.reverses_id is not null and not exists (
               select 1 from balances_entry e
               where e.clinic_id = n.clinic_id and e.id = n.reverses_id and e.id <> n.id
                 and e.kind = case n.kind when 'unallocate' then 'allocate' when 'unreceive' then 'receive' end
                 and e.charge_delta = -n.charge_delta and e.credit_delta = -n.credit_delta
                 and e.charge_id is not distinct from n.charge_id and e.credit_id is not distinct from n.credit_id)) then
    perform ledger_refuse('a reversal is the exact negative of one entry', 'ledger_reversal_exact');
  end if;
  -- Freeing a part: the whole is reversed and less of it applied again, from the same money to the same charge.
  if exists (select 1 from new_rows n join balances_posting p on p.clinic_id = n.clinic_id and p.id = n.posting_id
             where p.kind = 'unallocate'
             group by n.clinic_id, n.posting_id, n.charge_id, n.credit_id having sum(n.charge_delta) <= 0) then
    perform ledger_refuse('an undo applies again only less of what it undid', 'ledger_unallocate_part');
  end if;

  update balances_credit c set available = c.available + s.delta
  from (select clinic_id, credit_id, sum(credit_delta) delta from new_rows where credit_id is not null group by 1, 2) s
  where c.clinic_id = s.clinic_id and c.id = s.credit_id;
  get diagnostics moved = row_count;
  select count(distinct (clinic_id, credit_id)) into named from new_rows where credit_id is not null;
  if moved <> named then
    raise exception 'credit not found' using errcode = '23503', constraint = 'balances_entry_credit_fk';
  end if;

  update balances_charge c set outstanding = c.outstanding + s.delta
  from (select clinic_id, charge_id, sum(charge_delta) delta from new_rows where charge_id is not null group by 1, 2) s
  where c.clinic_id = s.clinic_id and c.id = s.charge_id;
  get diagnostics moved = row_count;
  select count(distinct (clinic_id, charge_id)) into named from new_rows where charge_id is not null;
  if moved <> named then
    raise exception 'charge not found' using errcode = '23503', constraint = 'balances_entry_charge_fk';
  end if;

  update patients_account a
  set owes = a.owes + s.owes, planned = a.planned + s.planned, unapplied = a.unapplied + s.unapplied,
      deposits = a.deposits + s.deposits, held = a.held + s.held
  from (
    select clinic_id, account_id, sum(owes) owes, sum(planned) planned, sum(unapplied) unapplied,
           sum(deposits) deposits, sum(held) held
    from (
      select n.clinic_id, c.account_id,
             case when c.kind <> 'principal' then n.charge_delta else 0 end owes,
             case when c.kind = 'principal' then n.charge_delta else 0 end planned,
             0 unapplied, 0 deposits, 0 held
      from new_rows n join balances_charge c on c.clinic_id = n.clinic_id and c.id = n.charge_id
      union all
      select n.clinic_id, c.account_id, 0, 0,
             case when c.kind = 'unapplied' then n.credit_delta else 0 end,
             case when c.kind = 'deposit' then n.credit_delta else 0 end,
             case when c.kind = 'pre_payment' then n.credit_delta else 0 end
      from new_rows n join balances_credit c on c.clinic_id = n.clinic_id and c.id = n.credit_id
    ) lines group by 1, 2
  ) s
  where a.clinic_id = s.clinic_id and a.id = s.account_id;
  return null;
end $$;
