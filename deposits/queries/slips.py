"""Bank slips, and the cash and cheques that wait for one. Amounts are minor units."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum

from balances.models import Posting
from clinicpay.clinics.models import Location
from clinicpay.staff.queries import names_of
from deposits.models import BankSlip, BankSlipLine
from deposits.states import BANKED, NUMBERED, SlipState
from payments.models import Payment, Receipt, Refund
from payments.states import MONEY, Method, RefundKind, RefundStatus

MOST = 2_000
"""Lines of one slip; more are for a shorter span of dates."""


class Item(NamedTuple):
    """Cash or a cheque that can go to the bank, or a refund in cash that was taken from it (below zero)."""

    ref: str
    payment: Payment
    refund: Refund | None
    method: str
    amount: int
    day: date

    @property
    def whose(self) -> str:
        """The patient, or the account where no patient is named."""
        return str((self.payment.patient or self.payment.account).name)

    @property
    def tender(self) -> str:
        """The tender in words."""
        return f"{Method(self.method).label} refund" if self.refund else str(Method(self.method).label)


@dataclass(frozen=True)
class Sums:
    """What lines come to: `cash` less refunds in cash, `cheques`, and how many there are of each."""

    cash: int = 0
    cheques: int = 0
    refunds: int = 0
    counts: tuple[int, int, int] = (0, 0, 0)

    @property
    def total(self) -> int:
        """Both, before cash is taken out."""
        return self.cash + self.cheques


def sums(lines: Iterable[Any]) -> Sums:
    """What items, or lines of a slip, come to."""
    amounts, counts = Counter[str](), Counter[str]()
    for line in lines:
        kind = "refund" if line.refund else str(line.method)
        amounts[kind] += line.amount
        counts[kind] += 1
    cash, cheques, refunds = amounts[Method.CASH], amounts[Method.CHEQUE], amounts["refund"]
    return Sums(cash + refunds, cheques, -refunds, (counts[Method.CASH], counts[Method.CHEQUE], counts["refund"]))


def waiting(location: Location, first: date, last: date) -> list[Item]:
    """What of a span of business dates is on no printed slip: payments, then refunds in cash, each the oldest first."""
    span = (first, last)
    payments = waiting_payments().filter(location=location, day__range=span).order_by("day", "number")
    rows = payments.prefetch_related("patient", "account")[: MOST + 1]
    found = [Item(one.ref, one, None, one.method, one.amount, one.day) for one in rows]
    refunds = waiting_refunds().filter(payment__location=location, day__range=span).order_by("day", "number")
    rest = refunds.prefetch_related("payment__patient", "payment__account")[: MOST + 1]
    return [*found, *(Item(one.ref, one.payment, one, Method.CASH, -one.amount, one.day) for one in rest)]


def waiting_payments() -> QuerySet[Any, Any]:
    """Cash and cheques that were received, stayed, and are on no printed slip, each with its business `day`.

    What was imported was banked before. The day and the slip are looked up row by row, by key: a join goes wrong by
    minutes where the statistics know nothing yet of a slip's lines.
    """
    bounced = Refund.objects.filter(
        payment=OuterRef("pk"), kind=RefundKind.RETURN, status=RefundStatus.SUCCEEDED, reversed_at=None
    )
    rows = Payment.objects.filter(method__in=BANKED, external_ref="", status__in=sorted(MONEY))
    rows = rows.alias(slip=_one(_printed(payment=OuterRef("pk"), refund=None), "pk")).filter(slip=None)
    rows = rows.annotate(day=_one(Receipt.objects.filter(pk=OuterRef("receipt_id")), "business_date"))
    return rows.filter(Q(method=Method.CASH) | ~Exists(bounced))


def waiting_refunds() -> QuerySet[Any, Any]:
    """Refunds that left in cash and are on no printed slip, each with its business `day`."""
    gone = {"kind": RefundKind.REFUND, "method": Method.CASH, "status": RefundStatus.SUCCEEDED, "reversed_at": None}
    rows = Refund.objects.filter(**gone).alias(slip=_one(_printed(refund=OuterRef("pk")), "pk")).filter(slip=None)
    return rows.annotate(day=_one(Posting.objects.filter(pk=OuterRef("posting_id")), "business_date"))


def _one(rows: QuerySet[Any], field: str) -> Subquery:
    return Subquery(rows.order_by().values(field)[:1])


def _printed(**where: Any) -> QuerySet[BankSlipLine]:
    """A draft holds nothing back: there is one for a location, and it is made from what waits there."""
    return BankSlipLine.objects.filter(live=True, slip__state=SlipState.PRINTED, **where)


@dataclass(frozen=True)
class Waits:
    """What waits at a location for its next slip, since when, and the draft that somebody has begun, if any."""

    location: Location
    cash: int
    cheques: int
    count: int
    oldest: date | None
    draft: BankSlip | None


def waits() -> list[Waits]:
    """Each location with its cash (less refunds) and cheques that are on no printed slip."""
    drafts = {one.location_id: one for one in BankSlip.objects.filter(state=SlipState.DRAFT)}
    sums: Counter[tuple[int, str]] = Counter()
    oldest: dict[int, date] = {}
    told = {"amount_of": Sum("amount"), "count_of": Count("pk")}
    came = waiting_payments().values_list("location", "method").annotate(**told, since=Min("day"))
    for place, method, amount, count, since in came.order_by():
        sums[place, method] += amount
        sums[place, "count"] += count
        if since:
            oldest[place] = min(since, oldest.get(place, since))
    for place, amount, count in waiting_refunds().values_list("payment__location").annotate(**told).order_by():
        sums[place, Method.CASH] -= amount
        sums[place, "count"] += count
    return [
        Waits(
            one,
            sums[one.pk, Method.CASH],
            sums[one.pk, Method.CHEQUE],
            sums[one.pk, "count"],
            oldest.get(one.pk),
            drafts.get(one.pk),
        )
        for one in Location.objects.all()
        if one.active or sums[one.pk, "count"] or one.pk in drafts
    ]


def draft_at(location: Location | int) -> BankSlip | None:
    """The draft of a location."""
    return BankSlip.objects.select_related("location").filter(location=location, state=SlipState.DRAFT).first()


def printed_slips() -> QuerySet[BankSlip]:
    """Slips that have a number, with their location and how many lines they have."""
    rows = BankSlip.objects.filter(state__in=NUMBERED).select_related("location")
    return rows.annotate(count=Count("lines"))


def lines_of(slip: BankSlip) -> list[BankSlipLine]:
    """The lines of a slip: cash, then cheques, then refunds, each in the order of their numbers."""
    rows = slip.lines.prefetch_related("payment__patient", "payment__account", "refund")
    return sorted(rows, key=lambda line: (line.refund_id is not None, line.method, line.payment.number, line.pk))


def items_on(slip: BankSlip) -> list[Item]:
    """The lines of a slip as they are now: an item says how its payment stands."""
    return [Item(one.ref, one.payment, one.refund, one.method, one.amount, one.day) for one in lines_of(slip)]


def facts_of(slip: BankSlip) -> dict[str, Any]:
    """What the page and the paper say of a printed slip."""
    items = items_on(slip)
    people = names_of([slip.printed_by_id, slip.voided_by_id])
    return {
        "slip": slip,
        "items": items,
        "sums": sums(items),
        "total": slip.total,
        "printed_by": people.get(slip.printed_by_id or 0, "ClinicPay"),
        "voided_by": people.get(slip.voided_by_id or 0, "ClinicPay"),
    }


def locked_by(payment: Payment, *, refund: Refund | None = None) -> BankSlip | None:
    """The printed slip on which a payment, or a refund of it, went to the bank."""
    line = _printed(payment=payment, refund=refund).select_related("slip").first()
    return line.slip if line else None


def slips_of(payment: Payment) -> list[BankSlipLine]:
    """Every slip that a payment or a refund of it is or was on, the newest first; drafts too."""
    rows = BankSlipLine.objects.filter(payment=payment).exclude(slip__state=SlipState.DISCARDED)
    return list(rows.select_related("slip__location", "refund", "payment").order_by("-pk"))


def refs_on(slip: BankSlip) -> frozenset[str]:
    """The numbers that a slip lists."""
    return frozenset(one.ref for one in items_on(slip))


LONG = timedelta(days=92)
"""How far back a new slip looks by itself; what waits from before is told and can be asked for."""


def first_to_list(location: int, today: date) -> date:
    """The day from which a new slip lists: the oldest that waits, within reason."""
    rows = waiting_payments().filter(location=location, day__gte=today - LONG)
    oldest: date | None = rows.aggregate(oldest=Min("day"))["oldest"]
    return oldest or today


def earlier(location: Location, first: date) -> int:
    """How many payments of before a day wait at a location."""
    return waiting_payments().filter(location=location, day__lt=first).count()
