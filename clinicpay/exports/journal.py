"""The journal of closed days, read from `balances_journal`: summed, or line by line. Amounts are minor units."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from clinicpay.exports.codes import Key
from clinicpay.exports.days import Day

DAYS_AT_ONCE = 31
"""Days that one statement sums: a year of a busy clinic would run into the limit of time."""

FETCHED = 2_000


class Sum(NamedTuple):
    """What a day debits and credits one account."""

    day: Day
    key: Key
    debit: int
    credit: int


class Line(NamedTuple):
    """One side of one entry of the ledger. `act` counts the acts of the export, so that each can be seen to balance."""

    day: Day
    key: Key
    debit: int
    credit: int
    act: int
    kind: str
    made_at: datetime
    payment: int | None
    invoice: int | None
    account: int | None


_CHOSEN = """
with chosen (n, location_id, day, since) as (
  select * from unnest(%s::int[], %s::bigint[], %s::date[], %s::timestamptz[]))
"""

_POSTED = """
from chosen c
join balances_posting p on p.location_id = c.location_id and p.business_date = c.day
  and (c.since is null or p.made_at > c.since)
join balances_journal j on j.posting_id = p.id
"""

_DISCIPLINE = """
left join balances_charge ch on ch.id = j.charge_id and j.ledger_account = 'revenue'
left join treatments_treatmentevent ev on ev.id = ch.event_id and ev.discipline = any(%s)
"""

_SUMS = (
    f"{_CHOSEN} select c.n, j.ledger_account, coalesce(j.method, ''), coalesce(ev.discipline, ''),"
    " coalesce(sum(j.amount) filter (where j.side = 'debit'), 0)::bigint,"
    " coalesce(sum(j.amount) filter (where j.side = 'credit'), 0)::bigint, count(*)"
    f" {_POSTED} {_DISCIPLINE} group by 1, 2, 3, 4 order by 1, 2, 3, 4"
)

_COUNT = f"{_CHOSEN} select count(*) {_POSTED}"

_LINES = f"""
{_CHOSEN}
select c.n, j.ledger_account, coalesce(j.method, ''), coalesce(ev.discipline, ''), j.side, j.amount, p.id, p.kind,
       p.made_at, pay.number, inv.number, acc.number
{_POSTED} {_DISCIPLINE}
left join balances_charge bill on bill.id = j.charge_id
left join balances_invoice inv on inv.id = bill.invoice_id
left join balances_credit cr on cr.id = j.credit_id
left join payments_payment pay on pay.id = cr.payment_id
left join patients_account acc on acc.id = coalesce(bill.account_id, cr.account_id)
order by c.n, p.id, j.entry_id, j.side desc
"""


def sums(days: Sequence[Day], disciplines: Sequence[str]) -> Iterator[Sum]:
    """What each day debits and credits each account and tender; revenue apart by the given disciplines."""
    for some in _in_turn(days):
        with connection.cursor() as cursor:
            cursor.execute(_SUMS, [*_arrays(some), list(disciplines)])
            for n, account, method, discipline, debit, credit, _count in cursor.fetchall():
                yield Sum(some[n], Key(account, method, discipline), debit, credit)


def count_lines(days: Sequence[Day]) -> int:
    """How many lines the days' journal has."""
    counted = 0
    for some in _in_turn(days):
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, _arrays(some))
            counted += cursor.fetchone()[0]
    return counted


def lines(days: Sequence[Day], disciplines: Sequence[str]) -> Iterator[list[Line]]:
    """Every line of the days' journal in the order in which it was posted, some thousand at a time."""
    act, last = 0, None
    for day in days:
        with closing(connection.chunked_cursor()) as cursor:
            cursor.execute(_LINES, [*_arrays([day]), list(disciplines)])
            while rows := cursor.fetchmany(FETCHED):
                found = []
                for row in rows:
                    act, last = act + (row[6] != last), row[6]
                    found.append(_line(day, act, row))
                yield found


def _line(day: Day, act: int, row: Sequence[Any]) -> Line:
    _n, account, method, discipline, side, amount, _posting, *rest = row
    debit, credit = (amount, 0) if side == "debit" else (0, amount)
    return Line(day, Key(account, method, discipline), debit, credit, act, *rest)


def _in_turn(days: Sequence[Day]) -> Iterator[Sequence[Day]]:
    for start in range(0, len(days), DAYS_AT_ONCE):
        yield days[start : start + DAYS_AT_ONCE]


def _arrays(days: Sequence[Day]) -> list[list[Any]]:
    """The days as four arrays of SQL; of a rest, since when."""
    return [
        list(range(len(days))),
        [day.close.location_id for day in days],
        [day.close.day for day in days],
        [day.since.closed_at if day.since else None for day in days],
    ]
