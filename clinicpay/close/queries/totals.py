"""What money a day moved, tender by tender, and what of cash must lie in the drawer. Amounts are minor units."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from clinicpay.clinics.models import Location
from clinicpay.close.models import CashCount, DailyClose
from clinicpay.close.states import CloseState
from payments.states import Method


class Tender(NamedTuple):
    """What came in and went out by one method: payments, those reversed as entry errors, refunds, money taken back."""

    method: str
    payments: int
    received: int
    reversed: int
    refunded: int
    returned: int

    @property
    def label(self) -> str:
        """The method in words."""
        return str(Method(self.method).label) if self.method in Method.values else self.method

    @property
    def back(self) -> int:
        """What left again."""
        return self.reversed + self.refunded + self.returned

    @property
    def expected(self) -> int:
        """Payments less whatever left again."""
        return self.received - self.back

    @property
    def kept(self) -> dict[str, int]:
        """As a snapshot has it."""
        return {"in": self.received, "out": self.back, **{name: getattr(self, name) for name in self._fields[1:]}}


def tenders_of_day(location: Location, day: date) -> list[Tender]:
    """Per tender, what a business date moved; a refund counts in the tender by which it went out. One query.

    Joins name ids alone: the row policies add the clinic, and named twice it would mislead the planner.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TENDERS, [location.pk, day])
        return [Tender(method, *map(int, figures)) for method, *figures in cursor.fetchall()]


_TENDERS = """
select coalesce(r.method, pay.method) as method,
       count(*) filter (where e.kind = 'receive'),
       coalesce(sum(e.credit_delta) filter (where e.kind = 'receive'), 0),
       coalesce(-sum(e.credit_delta) filter (where e.kind = 'unreceive'), 0),
       coalesce(-sum(e.credit_delta) filter (where e.kind in ('refund', 'unrefund')), 0),
       coalesce(-sum(e.credit_delta) filter (where e.kind in ('return', 'unreturn')), 0)
from balances_posting p
join balances_entry e on e.posting_id = p.id
join balances_credit c on c.id = e.credit_id
join payments_payment pay on pay.id = c.payment_id
left join balances_entry o on o.id = e.reverses_id and e.kind in ('unrefund', 'unreturn')
left join payments_refund r on r.payment_id = pay.id
  and r.posting_id = coalesce(o.posting_id, e.posting_id) and e.kind in ('refund', 'unrefund', 'return', 'unreturn')
where p.location_id = %s and p.business_date = %s
  and e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn')
group by 1 order by 1
"""

_ACTS = (
    "select kind, count(*) from balances_posting where location_id = %s and business_date = %s group by 1 order by 1"
)


def acts_of_day(location: Location, day: date) -> dict[str, int]:
    """How many acts of each kind a business date has."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTS, [location.pk, day])
        return dict(cursor.fetchall())


def totals_of_day(location: Location, day: date) -> dict[str, Any]:
    """What a close keeps: per tender the money that came in and went out, and how many acts of each kind there were."""
    tenders = {one.method: one.kept for one in tenders_of_day(location, day)}
    return {"tenders": tenders, "acts": acts_of_day(location, day)}


def float_before(location: Location, day: date) -> int:
    """What the last closed day before this one left in the drawer; 0 where nothing was ever counted."""
    rows = DailyClose.objects.filter(location=location, day__lt=day, state=CloseState.CLOSED)
    kept = rows.filter(snapshot__count__kept__isnull=False).order_by("-day").values_list("snapshot__count__kept")[:1]
    return int(kept[0][0]) if kept else 0


@dataclass(frozen=True)
class Drawer:
    """The cash of a day: the float it began with, what came and went, and the newest count, if there is one.

    `terminals` is what was read from other tenders' terminals, by method.
    """

    before: int
    cash: Tender
    count: CashCount | None
    pieces: Mapping[int, int]
    terminals: Mapping[str, int]

    @property
    def opening(self) -> int:
        """The float with which the day began: as it was counted, else as the day before left it."""
        return self.count.opening if self.count else self.before

    @property
    def expected(self) -> int:
        """What must lie in the drawer."""
        return self.opening + self.cash.expected

    @property
    def difference(self) -> int | None:
        """What was counted less what was expected: below zero something is missing; None before the count."""
        return self.count.counted - self.expected if self.count else None

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to count: a float, or cash that moved."""
        return bool(self.before or self.cash.received or self.cash.back)

    @property
    def banked(self) -> int:
        """What was counted and does not stay as the next day's float."""
        return self.count.counted - self.count.kept if self.count else 0


NO_CASH = Tender(Method.CASH, 0, 0, 0, 0, 0)


def drawer_of(location: Location, day: date, close: DailyClose | None, tenders: list[Tender]) -> Drawer:
    """The drawer of a day, with the newest count of this version."""
    cash = next((one for one in tenders if one.method == Method.CASH), NO_CASH)
    count = CashCount.objects.filter(close=close).order_by("-pk").first() if close else None
    lines = list(count.lines.order_by("-denomination")) if count else []
    pieces = {line.denomination: line.pieces for line in lines if line.method == Method.CASH}
    terminals = {line.method: line.amount for line in lines if line.method != Method.CASH}
    return Drawer(float_before(location, day), cash, count, pieces, terminals)
