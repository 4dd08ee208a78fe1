"""The ledger recomputed from its entries: what must agree, as questions to the database.

Each check looks at every row it is about, in one statement, so that what is written meanwhile is seen
wholly or not at all. It runs inside a clinic's scope, as the application, and changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from django.apps import apps
from django.db import connection

from clinicpay.clinics.models import TenantForeignKey, TenantModel

EXAMPLES = 10


@dataclass(frozen=True)
class Check:
    """One thing that must hold. `sql` gives a row per thing looked at: (what it is, whether it is wrong)."""

    name: str
    meaning: str
    sql: str


class Found(NamedTuple):
    """How many rows a check has looked at, how many are wrong, and the first of these."""

    check: Check
    rows: int
    differences: int
    examples: list[str]


class Cursor(Protocol):
    """What a check asks through."""

    def execute(self, query: Any, params: Any = None) -> Any:
        """Send one statement."""

    def fetchone(self) -> Any:
        """Its first row."""


def run_checks() -> list[Found]:
    """All checks of the clinic in scope."""
    with connection.cursor() as cursor:
        return [measure(check, cursor) for check in [*CHECKS, references()]]


def measure(check: Check, cursor: Cursor) -> Found:
    """Ask one check."""
    cursor.execute(
        "select count(*), count(*) filter (where wrong is not false), "  # noqa: S608 - the checks are our own text
        "coalesce((array_agg(what order by what) filter (where wrong is not false))[:%s], '{}') "
        f"from ({check.sql}) as looked_at (what, wrong)",
        [EXAMPLES],
    )
    rows, differences, examples = cursor.fetchone()
    return Found(check, rows, differences, examples)


def references() -> Check:
    """I11, for every reference of every table behind the fence: a row that isn't this clinic's can't be seen here."""
    return Check(
        "references",
        "Every row refers only to rows of its own clinic (I11).",
        " union all ".join(_reference(*reference) for reference in _references()),
    )


def _references() -> Iterator[tuple[str, str, str]]:
    """Table, column and target of every reference between tenant tables."""
    for model in apps.get_models():
        if issubclass(model, TenantModel):
            for field in model._meta.local_fields:
                if isinstance(field, TenantForeignKey):
                    yield model._meta.db_table, field.column, field.related_model._meta.db_table


def _reference(table: str, column: str, target: str) -> str:
    return (
        f"select '{table} ' || r.id || ' {column} ' || r.{column}, t.id is null from {table} r "  # noqa: S608 - names of our models
        f"left join {target} t on t.clinic_id = r.clinic_id and t.id = r.{column} where r.{column} is not null"
    )


CHECKS: Sequence[Check] = (
    Check(
        "charge_totals",
        "What is outstanding on a charge is the sum of its entries.",
        """
        select 'charge ' || c.id, c.outstanding <> coalesce(e.total, 0)
        from balances_charge c
        left join (select charge_id, sum(charge_delta) as total from balances_entry group by 1) e on e.charge_id = c.id
        """,
    ),
    Check(
        "charge_parts",
        "What of a charge was credited, written off or moved to a plan is the sum of such entries; the rest was paid.",
        """
        select 'charge ' || c.id, (c.credited, c.written_off, c.moved,
                                   c.amount - c.outstanding - c.credited - c.written_off - c.moved) is distinct from
               (coalesce(e.credited, 0), coalesce(e.written_off, 0), coalesce(e.moved, 0), coalesce(e.applied, 0))
        from balances_charge c
        left join (
          select charge_id, -sum(charge_delta) filter (where kind in ('credit_note', 'uncredit')) as credited,
                 -sum(charge_delta) filter (where kind in ('write_off', 'unwrite_off', 'recover')) as written_off,
                 -sum(charge_delta) filter (where kind in ('move_out', 'move_back')) as moved,
                 -sum(charge_delta) filter (where kind in ('allocate', 'unallocate')) as applied
          from balances_entry group by 1) e on e.charge_id = c.id
        """,
    ),
    Check(
        "credit_totals",
        "What is available of a credit is the sum of its entries.",
        """
        select 'credit ' || c.id, c.available <> coalesce(e.total, 0)
        from balances_credit c
        left join (select credit_id, sum(credit_delta) as total from balances_entry group by 1) e on e.credit_id = c.id
        """,
    ),
    Check(
        "account_totals",
        "An account's five totals are the sums of the entries of its charges and credits.",
        """
        select 'account ' || a.id,
               (a.owes, a.planned, a.unapplied, a.deposits, a.held) is distinct from
               (coalesce(d.owes, 0), coalesce(d.planned, 0),
                coalesce(m.unapplied, 0), coalesce(m.deposits, 0), coalesce(m.held, 0))
        from patients_account a
        left join (
          select c.account_id, sum(e.charge_delta) filter (where c.kind <> 'principal') as owes,
                 sum(e.charge_delta) filter (where c.kind = 'principal') as planned
          from balances_entry e join balances_charge c on c.id = e.charge_id group by 1
        ) d on d.account_id = a.id
        left join (
          select c.account_id, sum(e.credit_delta) filter (where c.kind = 'unapplied') as unapplied,
                 sum(e.credit_delta) filter (where c.kind = 'deposit') as deposits,
                 sum(e.credit_delta) filter (where c.kind = 'pre_payment') as held
          from balances_entry e join balances_credit c on c.id = e.credit_id group by 1
        ) m on m.account_id = a.id
        """,
    ),
    Check(
        "oldest_open",
        "Since when an account owes is the date of its oldest open invoice; who owes nothing has none (G3).",
        """
        select 'account ' || a.id, a.oldest_open is distinct from c.oldest or (a.owes > 0) <> (c.oldest is not null)
        from patients_account a
        left join (
          select c.account_id, min(i.invoice_date) as oldest
          from balances_charge c join balances_invoice i on i.id = c.invoice_id
          where c.outstanding > 0 group by 1
        ) c on c.account_id = a.id
        """,
    ),
    Check(
        "limits",
        "Nothing owed or available is below zero or above its amount (I2).",
        """
        select 'charge ' || id, outstanding not between 0 and amount from balances_charge
        union all
        select 'credit ' || id, available not between 0 and amount from balances_credit
        """,
    ),
    Check(
        "openings",
        "Every charge and every credit is opened by exactly one entry, at its amount.",
        """
        select 'charge ' || c.id, coalesce(e.times, 0) <> 1 or e.total <> c.amount
        from balances_charge c
        left join (select charge_id, count(*) as times, sum(charge_delta) as total
                   from balances_entry where kind in ('charge', 'move_in') group by 1) e on e.charge_id = c.id
        union all
        select 'credit ' || c.id, coalesce(e.times, 0) <> 1 or e.total <> c.amount
        from balances_credit c
        left join (select credit_id, count(*) as times, sum(credit_delta) as total
                   from balances_entry where kind in ('receive', 'move_in') group by 1) e on e.credit_id = c.id
        """,
    ),
    Check(
        "postings",
        "Every act has lines, and only lines that belong to such an act.",
        """
        select 'posting ' || p.id || ' ' || p.kind, count(e.id) = 0 or not coalesce(bool_and(case
                 when p.kind = 'unallocate' then e.kind in ('unallocate', 'allocate')
                 when p.kind in ('hold', 'reserve', 'convert', 'instalment') then e.kind in ('move_out', 'move_in')
                 when p.kind in ('release', 'unreserve', 'cancel_plan') then e.kind in ('move_out', 'move_back')
                 when p.kind = 'reverse_payment' then e.kind = 'unreceive'
                 when p.kind = 'reverse_credit_note' then e.kind = 'uncredit'
                 when p.kind = 'reverse_write_off' then e.kind = 'unwrite_off'
                 when p.kind = 'reverse_refund' then e.kind = 'unrefund'
                 when p.kind = 'reverse_return' then e.kind = 'unreturn'
                 else e.kind = p.kind end), false)
        from balances_posting p left join balances_entry e on e.posting_id = p.id
        group by p.id, p.kind
        """,
    ),
    Check(
        "reversals",
        "A reversal is the exact negative of one earlier entry, and no entry is reversed twice.",
        """
        select 'entry ' || r.id, e.id is null or r.id <= e.id or row_number() over (partition by e.id order by r.id) > 1
               or (r.kind, e.kind) not in (
                   ('unallocate', 'allocate'), ('unreceive', 'receive'), ('uncredit', 'credit_note'),
                   ('unwrite_off', 'write_off'), ('unrefund', 'refund'), ('unreturn', 'return'),
                   ('move_out', 'move_in'), ('move_back', 'move_out'))
               or (r.charge_id, r.charge_delta, r.credit_id, r.credit_delta)
                  is distinct from (e.charge_id, -e.charge_delta, e.credit_id, -e.credit_delta)
        from balances_entry r left join balances_entry e on e.id = r.reverses_id
        where r.reverses_id is not null or r.kind like 'un%%'
        """,
    ),
    Check(
        "neutral_acts",
        "Applying, holding, planning, billing instalments and their undoing leave debt less credit as it was (I10).",
        """
        select 'posting ' || p.id || ' ' || p.kind,
               sum(e.charge_delta) <> sum(e.credit_delta)
               or bool_or(e.kind in ('allocate', 'unallocate') and e.charge_delta <> e.credit_delta)
        from balances_posting p join balances_entry e on e.posting_id = p.id
        where p.kind in ('allocate', 'unallocate', 'hold', 'release', 'reserve', 'unreserve',
                         'convert', 'instalment', 'cancel_plan') group by p.id, p.kind
        """,
    ),
    Check(
        "journal",
        "Debit equals credit in every act and in the clinic (I1).",
        """
        select case when grouping(posting_id) = 1 then 'clinic' else 'posting ' || posting_id end,
               coalesce(sum(amount) filter (where side = 'debit'), 0)
               <> coalesce(sum(amount) filter (where side = 'credit'), 0)
               or coalesce(bool_or(ledger_account is null or amount is null), false)
        from balances_journal group by grouping sets ((posting_id), ())
        """,
    ),
    Check(
        "journal_totals",
        "The journal's receivables are what is outstanding, its liabilities what is available (I4).",
        """
        with sums as (
          select ledger_account, sum(case side when 'debit' then amount else -amount end) as balance
          from balances_journal group by 1
        )
        select 'receivables', (select coalesce(sum(outstanding), 0) from balances_charge)
          <> (select coalesce(sum(balance), 0) from sums where ledger_account like '%% receivable')
        union all
        select 'liabilities', (select coalesce(sum(available), 0) from balances_credit)
          <> (select -coalesce(sum(balance), 0) from sums where ledger_account in
              ('unapplied payments', 'deposits held', 'pre-payments held', 'refunds payable'))
        """,
    ),
    Check(
        "payments",
        "A paid payment's amount is what of it was applied, is available or went back; any other has none (I3, I5).",
        """
        select 'payment ' || p.id || ' ' || p.status,
               case when p.status in ('paid', 'partially_refunded', 'refunded')
                 then coalesce(m.received, 0) <> p.amount or m.received <> m.applied + m.available + m.refunded
                      or m.refunded not between 0 and p.amount or m.strangers > 0
                      or (m.refunded > 0) <> (p.status <> 'paid') or (m.refunded = p.amount) <> (p.status = 'refunded')
                 else coalesce(m.received, 0) <> 0 or coalesce(m.applied, 0) <> 0 or coalesce(m.available, 0) <> 0 end
        from payments_payment p
        left join (
          select c.payment_id, sum(c.available) as available,
                 count(*) filter (where c.account_id <> q.account_id) as strangers,
                 sum(e.received) as received, sum(e.applied) as applied, sum(e.refunded) as refunded
          from balances_credit c
          join payments_payment q on q.id = c.payment_id
          left join lateral (
            select coalesce(sum(credit_delta) filter (where kind in ('receive', 'unreceive')), 0) as received,
                   coalesce(-sum(credit_delta) filter (where kind in ('allocate', 'unallocate')), 0) as applied,
                   coalesce(-sum(credit_delta) filter (where kind in ('refund', 'unrefund', 'return', 'unreturn')), 0)
                     as refunded
            from balances_entry x where x.credit_id = c.id
          ) e on true
          group by 1
        ) m on m.payment_id = p.id
        """,
    ),
    Check(
        "payment_names",
        "A payment is sorted by its patient's name, or else by its account's.",
        """
        select 'payment ' || p.id, p.name_key <> coalesce(t.search_key, payments_folded(a.name))
        from payments_payment p
        left join patients_patient t on t.id = p.patient_id
        left join patients_account a on a.id = p.account_id
        """,
    ),
    Check(
        "tallies",
        "The sums over the payments list are the payments' own by status and due date, the entries' by month and site.",
        """
        select 'tally ' || status || ' ' || day || ' ' || place,
               sum(payments) <> 0 or sum(amount) <> 0 or sum(returned) <> 0
        from (
          select status, day, place, payments, amount, returned from payments_tally
          union all
          select status, payments_day(status, due_date), 0, -count(*), -sum(amount), 0
          from payments_payment group by 1, 2
          union all
          select '', date_trunc('month', p.business_date)::date, p.location_id, 0,
                 coalesce(-sum(e.credit_delta) filter (where e.kind in ('receive', 'unreceive')), 0),
                 coalesce(sum(e.credit_delta) filter (where e.kind not in ('receive', 'unreceive')), 0)
          from balances_entry e join balances_posting p on p.id = e.posting_id
          where e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn') group by 2, 3
        ) both_sides group by status, day, place
        """,
    ),
    Check(
        "live_allocations",
        "Nothing is applied from a payment that is not Paid or Partially Refunded (I6).",
        """
        select 'entry ' || e.id, p.status not in ('paid', 'partially_refunded')
        from balances_entry e
        join balances_credit c on c.id = e.credit_id
        join payments_payment p on p.id = c.payment_id
        where e.kind = 'allocate' and not exists (select 1 from balances_entry r where r.reverses_id = e.id)
        """,
    ),
    Check(
        "patients",
        "What a patient was charged less what was credited, written off and applied is what is outstanding.",
        """
        select 'patient ' || c.patient_id,
               sum(c.amount) filter (where c.source_id is null) - sum(coalesce(e.gone, 0)) <> sum(c.outstanding)
        from balances_charge c
        left join (select charge_id, -sum(charge_delta) as gone from balances_entry
                   where kind not in ('charge', 'move_out', 'move_in', 'move_back') group by 1) e on e.charge_id = c.id
        where c.patient_id is not null group by c.patient_id
        """,
    ),
    Check(
        "moved_debt",
        "What a plan took from a charge is the principal, and what was billed of the principal is its instalments.",
        """
        select 'charge ' || s.id, s.moved <> coalesce(m.moved, 0)
        from balances_charge s
        left join (
          select c.source_id, sum(c.amount) - sum(coalesce(b.back, 0)) as moved
          from balances_charge c
          left join (select o.charge_id, -sum(o.charge_delta) as back
                     from balances_entry o join balances_posting p on p.id = o.posting_id
                     where p.kind = 'cancel_plan' and o.kind = 'move_out' group by 1) b on b.charge_id = c.id
          where c.source_id is not null group by 1) m on m.source_id = s.id
        where s.kind <> 'principal' and (s.moved > 0 or m.moved is not null)
        """,
    ),
    Check(
        "invoices",
        "An invoice's charges are owed by the account that it was sent to.",
        """
        select 'charge ' || c.id, c.account_id <> i.account_id
        from balances_charge c join balances_invoice i on i.id = c.invoice_id
        """,
    ),
    Check(
        "runs",
        "What an automatic run says that it applied is what it decided, as far as it went, and what its entries did.",
        """
        select 'run ' || r.id, r.allocated <> coalesce(e.applied, 0) or case
                 when r.state = 'preview' then r.allocated <> 0
                 when r.finished_at is null or r.stopped_at is not null then r.allocated > coalesce(d.decided, 0)
                 else r.allocated <> coalesce(d.decided, 0) end
        from balances_autoapplyrun r
        left join (select run_id, sum(amount) as decided from balances_decision
                   where charge_id is not null and not left_out group by 1) d
          on d.run_id = r.id
        left join (select p.run_id, -sum(x.charge_delta) as applied
                   from balances_posting p join balances_entry x on x.posting_id = p.id
                   left join (select q.run_id, o.charge_id, o.credit_id, min(u.id) as undone
                              from balances_entry u join balances_entry o on o.id = u.reverses_id
                              join balances_posting q on q.id = o.posting_id
                              where o.kind = 'allocate' and q.run_id is not null group by 1, 2, 3) b
                     on b.run_id = p.run_id and b.charge_id = x.charge_id and b.credit_id = x.credit_id
                   where p.kind = 'allocate' and (b.undone is null or x.id < b.undone) group by 1) e
          on e.run_id = r.id
        """,
    ),
    Check(
        "cases",
        "An open case is its account's only one, with billed debt or an active plan; a closed one awaits nothing (I7).",
        """
        select 'case ' || c.id,
               case when c.state = 'closed'
                 then exists (select 1 from followups_promise p where p.case_id = c.id and p.status = 'open')
                 else (a.owes = 0 and not exists (select 1 from followups_plan p
                                                  where p.account_id = a.id and p.status = 'active'))
                      or count(*) filter (where c.state <> 'closed') over (partition by c.account_id) > 1 end
        from followups_case c join patients_account a on a.id = c.account_id
        """,
    ),
)
"""Joins name ids alone: the row policies add the clinic to every table."""
