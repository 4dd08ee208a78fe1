"""The invariants of the domain, each as a question whose right answer is no row."""

from typing import Any

from django.db import connection

BROKEN = {
    "I1 every act's journal is balanced": """
        select posting_id from balances_journal group by posting_id
        having sum(amount) filter (where side = 'debit') <> sum(amount) filter (where side = 'credit')""",
    "I2 a charge's totals are the sums of its lines, its parts fit, and outstanding is between 0 and its amount": """
        select c.id from balances_charge c left join balances_entry e on e.charge_id = c.id group by c.id
        having c.outstanding <> coalesce(sum(e.charge_delta), 0) or c.outstanding not between 0 and c.amount
        or c.credited <> coalesce(-sum(e.charge_delta) filter (where e.kind in ('credit_note', 'uncredit')), 0)
        or c.written_off
           <> coalesce(-sum(e.charge_delta) filter (where e.kind in ('write_off', 'unwrite_off', 'recover')), 0)
        or c.moved <> coalesce(-sum(e.charge_delta) filter (where e.kind in ('move_out', 'move_back')), 0)
        or c.amount - c.outstanding - c.credited - c.written_off - c.moved
           <> coalesce(-sum(e.charge_delta) filter (where e.kind in ('allocate', 'unallocate')), 0)""",
    "a credit's available is the sum of its lines, between 0 and its amount": """
        select c.id from balances_credit c left join balances_entry e on e.credit_id = c.id group by c.id
        having c.available <> coalesce(sum(e.credit_delta), 0) or c.available not between 0 and c.amount""",
    "I3 I5 money is allocated, available or gone back, and other payments have none": """
        select p.id from payments_payment p
        left join (
          select c.payment_id, sum(e.credit_delta) as available,
                 -sum(e.credit_delta) filter (where e.kind in ('allocate', 'unallocate')) as applied,
                 -sum(e.credit_delta) filter (where e.kind in ('refund', 'unrefund', 'return', 'unreturn')) as gone
          from balances_credit c join balances_entry e on e.credit_id = c.id group by 1) m on m.payment_id = p.id
        where coalesce(m.available, 0) + coalesce(m.applied, 0) + coalesce(m.gone, 0)
              <> case when p.status in ('paid', 'partially_refunded', 'refunded') then p.amount else 0 end
        or coalesce(m.gone, 0) not between 0 and p.amount
        or (coalesce(m.gone, 0) > 0) <> (p.status in ('partially_refunded', 'refunded'))
        or (coalesce(m.gone, 0) = p.amount) <> (p.status = 'refunded')""",
    "I4 receivables in the journal are what is outstanding": """
        select 1 where (select coalesce(sum(outstanding), 0) from balances_charge)
        <> (select coalesce(sum(case side when 'debit' then amount else -amount end), 0) from balances_journal
            where ledger_account in ('accounts receivable', 'plan receivable'))""",
    "I4 liabilities in the journal are what is available": """
        select 1 where (select coalesce(sum(available), 0) from balances_credit)
        <> (select coalesce(sum(case side when 'credit' then amount else -amount end), 0) from balances_journal
            where ledger_account in ('unapplied payments', 'deposits held', 'pre-payments held', 'refunds payable'))""",
    "I6 only paid money is applied": """
        select e.id from balances_entry e
        join balances_credit c on c.id = e.credit_id join payments_payment p on p.id = c.payment_id
        where e.kind = 'allocate' and p.status not in ('paid', 'partially_refunded')
        and not exists (select 1 from balances_entry r where r.reverses_id = e.id)""",
    "I7 an account has at most one open case, with billed debt or an active plan": """
        select a.id from patients_account a join followups_case c on c.account_id = a.id and c.state <> 'closed'
        group by a.id, a.owes having count(*) > 1 or a.owes = 0 and not exists (
          select 1 from followups_plan p where p.account_id = a.id and p.status = 'active')""",
    "I9 instalments sum to their plan's total, and each is billed at its amount on an invoice of its own": """
        select p.id from followups_plan p left join followups_instalment i on i.plan_id = p.id
        group by p.id having sum(i.amount) is distinct from p.total
        union all
        select i.id from followups_instalment i left join balances_charge c on c.invoice_id = i.invoice_id
        where i.status = 'invoiced' group by i.id having sum(c.amount) is distinct from i.amount""",
    "I10 moving, applying and undoing leave debt minus credit unchanged, per posting": """
        select p.id from balances_posting p join balances_entry e on e.posting_id = p.id
        where p.kind in ('allocate', 'unallocate', 'hold', 'release', 'reserve', 'unreserve',
                         'convert', 'instalment', 'cancel_plan')
        group by p.id having sum(e.charge_delta) <> sum(e.credit_delta)""",
    "refunds say what their money does": """
        select r.payment_id from payments_refund r
        where r.status = 'succeeded' and r.reversed_at is null group by r.payment_id
        having sum(r.amount) <> (
          select -sum(e.credit_delta) from balances_entry e join balances_credit c on c.id = e.credit_id
          where c.payment_id = r.payment_id and e.kind in ('refund', 'unrefund', 'return', 'unreturn'))""",
    "an account's totals are the sums of its charges and credits": """
        select a.id from patients_account a
        left join (select account_id, sum(outstanding) filter (where kind <> 'principal') owes,
                          sum(outstanding) filter (where kind = 'principal') planned
                   from balances_charge group by 1) c on c.account_id = a.id
        left join (select account_id, sum(available) filter (where kind = 'unapplied') unapplied,
                          sum(available) filter (where kind = 'deposit') deposits,
                          sum(available) filter (where kind = 'pre_payment') held
                   from balances_credit group by 1) m on m.account_id = a.id
        where (a.owes, a.planned, a.unapplied, a.deposits, a.held)
        <> (coalesce(c.owes, 0), coalesce(c.planned, 0), coalesce(m.unapplied, 0), coalesce(m.deposits, 0),
            coalesce(m.held, 0))""",
    "G3 since when an account owes is the date of its oldest open invoice": """
        select a.id from patients_account a
        left join (select c.account_id, min(i.invoice_date) oldest from balances_charge c
                   join balances_invoice i on i.id = c.invoice_id where c.outstanding > 0 group by 1) o
          on o.account_id = a.id
        where a.oldest_open is distinct from o.oldest""",
}


def broken() -> list[str]:
    """The invariants that the clinic in scope breaks; also raises what COMMIT would refuse."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; set constraints all deferred")
        return ask(cursor)


def ask(cursor: Any) -> list[str]:
    """The invariants that what the cursor sees breaks, in one question."""
    cursor.execute(
        " union all ".join(f"select %s where exists ({question})" for question in BROKEN.values()), list(BROKEN)
    )
    return [row[0] for row in cursor.fetchall()]
