-- As in 0021_once.sql.
create or replace function ledger_apply() returns trigger language plpgsql security definer
set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  clinic constant bigint := app_clinic();
  acts bigint[];
  charges bigint[];
  credits bigint[];
  undone bigint[];
  accounts bigint[];
  invoices bigint[];
  payments bigint[];
  sources bigint[];
  broken text;
begin
  select array_agg(distinct posting_id), array_agg(distinct charge_id), array_agg(distinct credit_id), array_agg(reverses_id)
  into acts, charges, credits, undone from new_rows;

  -- Accounts first, in id order, then credits, then charges: whoever writes, two writers never cross.
  -- None of these can change: the application may only write down new ones.
  select array_agg(distinct c.account_id), array_agg(distinct c.invoice_id), array_agg(distinct c.source_id)
  into accounts, invoices, sources from balances_charge c where c.clinic_id = clinic and c.id = any (charges);
  select accounts || array_agg(distinct c.account_id), array_agg(distinct c.payment_id)
  into accounts, payments from balances_credit c where c.clinic_id = clinic and c.id = any (credits);
  perform 1 from patients_account a where a.clinic_id = clinic and a.id = any (accounts) order by a.id for no key update;
  perform 1 from balances_credit c where c.clinic_id = clinic and c.id = any (credits) order by c.id for no key update;
  perform 1 from balances_charge c where c.clinic_id = clinic and c.id = any (charges) order by c.id for no key update;

  -- The first line that breaks a rule, and the rule: each is "name: words".
  select line.rule into broken from (
    select case
      when n.charge_id is not null and ch.id is null then 'balances_entry_charge_fk: charge not found'
      when n.credit_id is not null and cr.id is null then 'balances_entry_credit_fk: credit not found'
      when ((p.kind, n.kind) in (
          ('charge', 'charge'), ('credit_note', 'credit_note'), ('reverse_credit_note', 'uncredit'),
          ('receive', 'receive'), ('reverse_payment', 'unreceive'),
          ('allocate', 'allocate'), ('unallocate', 'unallocate'), ('unallocate', 'allocate'),
          ('refund', 'refund'), ('reverse_refund', 'unrefund'), ('return', 'return'), ('reverse_return', 'unreturn'),
          ('write_off', 'write_off'), ('reverse_write_off', 'unwrite_off'), ('recover', 'recover'),
          ('hold', 'move_out'), ('hold', 'move_in'), ('release', 'move_out'), ('release', 'move_back'),
          ('reserve', 'move_out'), ('reserve', 'move_in'), ('unreserve', 'move_out'), ('unreserve', 'move_back'),
          ('convert', 'move_out'), ('convert', 'move_in'), ('instalment', 'move_out'), ('instalment', 'move_in'),
          ('cancel_plan', 'move_out'), ('cancel_plan', 'move_back'))) is not true
        or n.kind like 'move_%' and (n.credit_id is not null) <> (p.kind in ('hold', 'release', 'reserve', 'unreserve'))
        or n.kind like 'move_%' and (n.reverses_id is not null) <> (p.kind = 'unreserve')
        then 'ledger_line_of_act: this line does not belong to such an act'
      -- Only the act that has just been made takes lines: history is not added to afterwards.
      when p.transaction_id <> pg_current_xact_id()::text::bigint
        then 'ledger_posting_complete: a posting takes no more lines'
      when n.kind in ('charge', 'move_in') and n.charge_delta <> ch.amount
        then 'ledger_charge_amount: a charge opens at its amount'
      when n.kind = 'move_in' and (n.credit_delta <> cr.amount or cr.account_id <> pay.account_id or cr.location_id <> pay.location_id)
        then 'ledger_credit_amount: money set aside is a credit of its own payment, at its amount'
      when n.kind = 'charge' and (ch.kind in ('procedure', 'office') and i.account_id = ch.account_id) is not true
        then 'ledger_charge_invoice: a charge is billed on an invoice of its own account'
      when n.kind = 'receive' and (pay.status = 'paid' and pay.amount = cr.amount and n.credit_delta = cr.amount
          and pay.account_id = cr.account_id and pay.location_id = cr.location_id
          and cr.kind in ('unapplied', 'deposit')) is not true
        then 'ledger_receive_paid: only a paid payment is received, at its amount, on its account'
      -- Each move goes between the kinds that it is for; money stays its payment's, debt its account's.
      when p.kind = 'hold' and (n.kind = 'move_out') <> (cr.kind in ('unapplied', 'deposit'))
        or p.kind = 'hold' and n.kind = 'move_in' and cr.kind <> 'pre_payment'
        or p.kind = 'release' and (n.kind = 'move_out') <> (cr.kind = 'pre_payment')
        or p.kind = 'release' and n.kind = 'move_back' and cr.kind not in ('unapplied', 'deposit')
        or p.kind = 'reserve' and (n.kind = 'move_in') <> (cr.kind = 'refund_pending')
        or p.kind = 'unreserve' and (n.kind = 'move_out') <> (cr.kind = 'refund_pending')
        then 'ledger_move_money: such money is not moved there'
      when p.kind = 'convert' and (n.kind = 'move_in') <> (ch.kind = 'principal')
        or p.kind = 'instalment' and (n.kind = 'move_out') <> (ch.kind = 'principal')
        or p.kind = 'instalment' and n.kind = 'move_in' and (ch.kind = 'instalment' and i.account_id = ch.account_id) is not true
        or p.kind = 'cancel_plan' and (n.kind = 'move_out') <> (ch.kind = 'principal')
        or n.kind = 'move_in' and n.charge_id is not null and (src.account_id = ch.account_id) is not true
        then 'ledger_move_debt: such debt is not moved there'
      when p.kind in ('hold', 'reserve') and pay.status not in ('paid', 'partially_refunded')
        then 'ledger_move_paid: only received money is set aside'
      when n.kind = 'refund' and (cr.kind = 'refund_pending' and n.credit_delta = -cr.amount) is not true
        then 'ledger_refund_reserved: a refund pays out what was reserved for it'
      when n.kind = 'return' and cr.kind = 'refund_pending'
        then 'ledger_allocate_reserved: money reserved for a refund is not taken back'
      when n.kind in ('allocate', 'credit_note', 'write_off') and ch.kind = 'principal'
        then 'ledger_billed: what is unbilled on a plan is neither paid, credited nor written off'
      -- Otherwise a closed day could be posted on through the door of another location.
      when p.location_id <> coalesce(i.location_id, cr.location_id)
        then 'ledger_location: a posting stands at the location of its invoice or its money'
      when n.kind = 'unreceive' and pay.status <> 'voided'
        then 'ledger_unreceive_voided: only a voided payment gives its money back'
      when n.kind = 'allocate' and pay.status not in ('paid', 'partially_refunded')
        then 'ledger_allocate_paid: only received money is applied'
      when n.kind = 'allocate' and cr.account_id <> ch.account_id and not (
          exists (select 1 from patients_patientpayer pp
                  where pp.clinic_id = clinic and pp.patient_id = ch.patient_id and pp.account_id = cr.account_id)
          and exists (select 1 from patients_account a
                      where a.clinic_id = clinic and a.id = cr.account_id and a.kind in ('insurance', 'third_party')))
        then 'ledger_allocate_account: money of one account pays another only as its patient''s payer'
      -- Money on its way back to a payer is nobody's to apply.
      when n.kind = 'allocate' and cr.kind = 'refund_pending'
        then 'ledger_allocate_reserved: money reserved for a refund is not applied'
      when n.reverses_id is not null and (
          e.kind = case n.kind when 'unallocate' then 'allocate' when 'unreceive' then 'receive'
                               when 'uncredit' then 'credit_note' when 'unwrite_off' then 'write_off'
                               when 'unrefund' then 'refund' when 'unreturn' then 'return'
                               when 'move_out' then 'move_in' when 'move_back' then 'move_out' end
          and e.id <> n.id and e.charge_delta = -n.charge_delta and e.credit_delta = -n.credit_delta
          and e.charge_id is not distinct from n.charge_id and e.credit_id is not distinct from n.credit_id) is not true
        then 'ledger_reversal_exact: a reversal is the exact negative of one entry'
      end as rule
    from new_rows n
    left join (select * from balances_posting x where x.clinic_id = clinic and x.id = any (acts)) p on p.id = n.posting_id
    left join (select * from balances_charge x where x.clinic_id = clinic and x.id = any (charges)) ch on ch.id = n.charge_id
    left join (select * from balances_charge x where x.clinic_id = clinic and x.id = any (sources)) src on src.id = ch.source_id
    left join (select * from balances_invoice x where x.clinic_id = clinic and x.id = any (invoices)) i on i.id = ch.invoice_id
    left join (select * from balances_credit x where x.clinic_id = clinic and x.id = any (credits)) cr on cr.id = n.credit_id
    left join (select * from payments_payment x where x.clinic_id = clinic and x.id = any (payments)) pay on pay.id = cr.payment_id
    left join (select * from balances_entry x where x.clinic_id = clinic and x.id = any (undone)) e on e.id = n.reverses_id
  ) line where line.rule is not null limit 1;

  if broken is null and exists (select 1 from new_rows n where n.kind = 'receive') then
    select 'ledger_receive_once: a payment is received once' into broken
    from (select x.id, x.payment_id from balances_credit x where x.clinic_id = clinic and x.payment_id = any (payments)) c
    join (select x.credit_id from balances_entry x where x.clinic_id = clinic and x.kind = 'receive' and x.credit_id = any (
            array(select y.id from balances_credit y where y.clinic_id = clinic and y.payment_id = any (payments)))) e
      on e.credit_id = c.id
    group by c.payment_id having count(*) > 1 limit 1;
  end if;
  -- Freeing a part: the whole is reversed and less of it applied again, from the same money to the same charge.
  if broken is null and exists (
    select 1 from balances_posting x where x.clinic_id = clinic and x.id = any (acts) and x.kind = 'unallocate') then
    select 'ledger_unallocate_part: an undo applies again only less of what it undid' into broken
    from new_rows n
    join (select x.id from balances_posting x where x.clinic_id = clinic and x.id = any (acts) and x.kind = 'unallocate') p
      on p.id = n.posting_id
    group by n.posting_id, n.charge_id, n.credit_id having sum(n.charge_delta) <= 0 limit 1;
  end if;
  -- What is moved out is moved in: of one payment, or between a charge and what came from it.
  if broken is null and exists (select 1 from new_rows n where n.kind in ('move_out', 'move_in', 'move_back')) then
    select 'ledger_moves_balance: what is moved out of one is moved into another' into broken
    from new_rows n
    join (select x.id, x.kind from balances_posting x where x.clinic_id = clinic and x.id = any (acts)) p on p.id = n.posting_id
    left join (select * from balances_charge x where x.clinic_id = clinic and x.id = any (charges)) ch on ch.id = n.charge_id
    left join (select * from balances_credit x where x.clinic_id = clinic and x.id = any (credits)) cr on cr.id = n.credit_id
    where n.kind in ('move_out', 'move_in', 'move_back')
    group by n.posting_id, cr.payment_id,
             case when n.kind = 'move_in' or p.kind = 'cancel_plan' and n.kind = 'move_out' then ch.source_id else ch.id end
    having sum(n.charge_delta) <> 0 or sum(n.credit_delta) <> 0 limit 1;
  end if;
  if broken is not null then
    raise exception '%', split_part(broken, ': ', 2) using constraint = split_part(broken, ': ', 1),
      errcode = case when broken like 'balances_entry_%' then '23503' else '23514' end;
  end if;

  update balances_credit c set available = c.available + s.delta
  from (select n.credit_id, sum(n.credit_delta)::bigint delta from new_rows n where n.credit_id is not null group by 1) s
  where c.clinic_id = clinic and c.id = any (credits) and c.id = s.credit_id;

  update balances_charge c
  set outstanding = c.outstanding + s.delta, credited = c.credited + s.credited,
      written_off = c.written_off + s.written_off, moved = c.moved + s.moved
  from (
    select n.charge_id, sum(n.charge_delta)::bigint delta,
           coalesce(-sum(n.charge_delta) filter (where n.kind in ('credit_note', 'uncredit')), 0)::bigint credited,
           coalesce(-sum(n.charge_delta) filter (where n.kind in ('write_off', 'unwrite_off', 'recover')), 0)::bigint written_off,
           coalesce(-sum(n.charge_delta) filter (where n.kind in ('move_out', 'move_back')), 0)::bigint moved
    from new_rows n where n.charge_id is not null group by 1
  ) s
  where c.clinic_id = clinic and c.id = any (charges) and c.id = s.charge_id;

  update patients_account a
  set owes = a.owes + s.owes, planned = a.planned + s.planned, unapplied = a.unapplied + s.unapplied,
      deposits = a.deposits + s.deposits, held = a.held + s.held,
      oldest_open = case when s.is_debt then (
        select min((select i.invoice_date from balances_invoice i where i.clinic_id = clinic and i.id = c.invoice_id))
        from balances_charge c
        where c.clinic_id = clinic and c.account_id = a.id and c.outstanding > 0 and c.invoice_id is not null)
      else a.oldest_open end
  from (
    select side.account_id,
           bool_or(side.total in ('owes', 'planned')) is_debt,
           coalesce(sum(side.delta) filter (where side.total = 'owes'), 0)::bigint owes,
           coalesce(sum(side.delta) filter (where side.total = 'planned'), 0)::bigint planned,
           coalesce(sum(side.delta) filter (where side.total = 'unapplied'), 0)::bigint unapplied,
           coalesce(sum(side.delta) filter (where side.total = 'deposit'), 0)::bigint deposits,
           coalesce(sum(side.delta) filter (where side.total = 'pre_payment'), 0)::bigint held
    from (
      select c.account_id, n.charge_delta delta, case c.kind when 'principal' then 'planned' else 'owes' end total
      from new_rows n
      join (select * from balances_charge x where x.clinic_id = clinic and x.id = any (charges)) c on c.id = n.charge_id
      union all
      select c.account_id, n.credit_delta, c.kind
      from new_rows n
      join (select * from balances_credit x where x.clinic_id = clinic and x.id = any (credits)) c on c.id = n.credit_id
    ) side group by 1
  ) s
  where a.clinic_id = clinic and a.id = any (accounts) and a.id = s.account_id;
  return null;
end $$;
