"""Money in hand that nobody has applied: by age, location and method, and how it stood at each month's end.

Amounts are minor units. Age is counted from the day on which the money was received.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When

from balances.models import Credit
from balances.states import CreditKind
from clinicpay.clinics.scope import current_clinic_id
from payments.queries.cards import last_months
from treatments.states import EventState

CANCELLED = "cancelled"
KINDS = {
    CreditKind.DEPOSIT.value: "Deposits",
    CreditKind.UNAPPLIED.value: "Unapplied payments",
    CreditKind.PRE_PAYMENT.value: "Pre-payments",
    CANCELLED: "Treatment cancelled",
}
"""What is shown apart: three kinds of money in hand, and all of it whose treatment was cancelled."""

OLDEST = 91
BUCKETS = {0: "0–30 days", 31: "31–60 days", 61: "61–90 days", OLDEST: "Over 90 days"}
"""Buckets of age by their first day."""

_GONE = Q(event__state=EventState.CANCELLED) | Q(payment__event__state=EventState.CANCELLED)


@dataclass(frozen=True)
class Sums:
    """How much, of how many payments."""

    amount: int = 0
    count: int = 0

    def plus(self, amount: int, count: int) -> "Sums":
        """Both with more of the same."""
        return Sums(self.amount + amount, self.count + count)


@dataclass
class Glance:
    """The totals of each kind, and those of one `kind` by age, location and method."""

    kind: str
    totals: defaultdict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    ages: defaultdict[int, Sums] = field(default_factory=lambda: defaultdict(Sums))
    locations: defaultdict[int, Sums] = field(default_factory=lambda: defaultdict(Sums))
    methods: defaultdict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))

    @property
    def total(self) -> Sums:
        """All of the kind."""
        return self.totals[self.kind]


def open_money() -> QuerySet[Credit]:
    """Money in hand but what is reserved for a refund."""
    return Credit.objects.filter(available__gt=0).exclude(kind=CreditKind.REFUND_PENDING)


def of_kind(rows: QuerySet[Credit], kind: str) -> QuerySet[Credit]:
    """Money of one kind, or of whatever kind whose treatment was cancelled."""
    return rows.filter(_GONE) if kind == CANCELLED else rows.filter(kind=kind)


def of_age(rows: QuerySet[Credit], first: int, today: date) -> QuerySet[Credit]:
    """Money in the bucket that begins with `first` days."""
    later = [other for other in BUCKETS if other > first]
    rows = rows.filter(received_on__lte=today - timedelta(days=first)) if first else rows
    return rows.filter(received_on__gt=today - timedelta(days=min(later))) if later else rows


def glance(kind: str, today: date) -> Glance:
    """Everything at once: one query, for any number of payments."""
    whens = [When(received_on__lte=today - timedelta(days=first), then=first) for first in sorted(BUCKETS)[:0:-1]]
    rows = open_money().annotate(
        bucket=Case(*whens, default=0, output_field=IntegerField()),
        gone=Case(When(_GONE, then=Value(1)), default=Value(0), output_field=IntegerField()),
    )
    grouped = rows.values_list("kind", "bucket", "location", "payment__method", "gone").order_by()
    found = Glance(kind)
    for one, bucket, place, method, gone, amount, count in grouped.annotate(Sum("available"), Count("pk")):
        for here in (one, CANCELLED) if gone else (one,):
            found.totals[here] = found.totals[here].plus(amount, count)
        if kind == one or (kind == CANCELLED and gone):
            for sums, key in ((found.ages, bucket), (found.locations, place), (found.methods, method)):
                sums[key] = sums[key].plus(amount, count)
    return found


_MOVED = """
select least(date_trunc('month', p.business_date)::date, %(last)s::date), sum(e.credit_delta)::bigint
from balances_posting p
join balances_entry e on e.clinic_id = p.clinic_id and e.posting_id = p.id
join balances_credit c on c.clinic_id = e.clinic_id and c.id = e.credit_id
where p.clinic_id = %(clinic)s and p.business_date >= %(second)s and c.kind = %(kind)s
group by 1
"""


def month_ends(kind: str, today: date) -> list[tuple[date, int]]:
    """What of a kind was in hand at the end of each of the last twelve months, now in the last.

    Computed from the ledger: what is there now, less what came and went since.
    """
    months = last_months(today)
    left = open_money().filter(kind=kind).aggregate(total=Sum("available"))["total"] or 0
    asked: dict[str, Any] = {"clinic": current_clinic_id(), "kind": kind, "second": months[1], "last": months[-1]}
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, asked)
        moved = dict(cursor.fetchall())
    ends = []
    for month in reversed(months):
        ends.append((month, int(left)))
        left -= moved.get(month, 0)
    return ends[::-1]


def glanced(keys: Iterable[int]) -> list[dict[str, Any]]:
    """What the list shows of money in hand, by its keys."""
    rows: Any = Credit.objects.filter(pk__in=list(keys))
    return list(rows.values(*SHOWN, event_number=_either("number"), event_state=_either("state")))


SHOWN = (
    *("pk", "kind", "amount", "available", "received_on", "location__name", "account__name"),
    *("payment__number", "payment__method", "payment__status"),
    *("payment__patient__first_name", "payment__patient__last_name", "payment__patient__number"),
)


def _either(name: str) -> Case:
    """A fact of the treatment for which the money is held, or was paid."""
    return Case(When(event__isnull=False, then=F(f"event__{name}")), default=F(f"payment__event__{name}"))
