"""Counting the drawer of a day in review. Who counts again adds another count; the newest one counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction

from balances.refusals import database_refusals
from balances.requests import Once, answer, claim
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.denominations import denominations
from clinicpay.close.models import CashCount, CashCountLine, DailyClose
from clinicpay.close.queries.totals import float_before
from clinicpay.close.services.locks import locked
from clinicpay.close.states import CloseState
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.states import Method

MOST = 100_000
"""Pieces of one note or coin that a drawer may hold."""

LARGEST = 10**13
"""A sum in minor units above which it can't be one drawer's."""


@dataclass(frozen=True)
class Counted:
    """What somebody counted: pieces by denomination, or one sum where the currency's notes and coins aren't known.

    `kept` stays as the next day's float; `terminals` are sums by method. All in minor units.
    """

    opening: int
    pieces: Mapping[int, int] = field(default_factory=dict)
    total: int | None = None
    kept: int = 0
    opening_reason: str = ""
    terminals: Mapping[str, int] = field(default_factory=dict)

    @property
    def sum(self) -> int:
        """All cash that was counted."""
        return self.total if self.total is not None else sum(value * count for value, count in self.pieces.items())


@transaction.atomic
def count_cash(location: Location, day: date, counted: Counted, *, by: Actor, once: Once | None = None) -> CashCount:
    """Keep what was counted at the end of a day in review. Raises Refusal, and Repeated for a repeated `once`."""
    require(by, Can.REVIEW_DAY)
    if once:
        claim(once, user_id=by.user_id)
    close = locked(location, day, CloseState.REVIEWING, "Begin the review of this day before you count its cash.")
    _check(counted, location, day, by.clinic.currency)
    with database_refusals(), transaction.atomic():
        count = CashCount.objects.create(
            close=close,
            opening=counted.opening,
            opening_reason=counted.opening_reason.strip()[:240],
            counted=counted.sum,
            kept=counted.kept,
        )
        CashCountLine.objects.bulk_create(_lines(count, counted))
    record("day.counted", close, by=by, after=_told(close, counted), reason=count.opening_reason)
    if once:
        answer(once, {"count": count.pk})
    return count


def _check(counted: Counted, location: Location, day: date, currency: str) -> None:
    known, before = denominations(currency), float_before(location, day)
    if unknown := set(counted.pieces) - set(known):
        raise Refusal(f"There is no note or coin of {money.show(min(unknown), currency)}.")
    if counted.total is not None and known:
        raise Refusal("Count notes and coins by their value.")
    if any(pieces < 0 for pieces in counted.pieces.values()) or min(counted.opening, counted.kept, counted.sum) < 0:
        raise Refusal("Nothing that is counted can be below zero.")
    if any(pieces > MOST for pieces in counted.pieces.values()) or max(counted.opening, counted.sum) > LARGEST:
        raise Refusal(f"That is more than a drawer holds: at most {MOST:,} of one note or coin.")
    if counted.kept > counted.sum:
        raise Refusal(f"Only {money.show(counted.sum, currency)} was counted: no more can stay in the drawer.")
    if counted.opening != before and not counted.opening_reason.strip():
        raise Refusal(f"The day before left {money.show(before, currency)} in the drawer. Say why it began otherwise.")


def _lines(count: CashCount, counted: Counted) -> list[CashCountLine]:
    pieces = [
        CashCountLine(count=count, method=Method.CASH, denomination=value, pieces=number, amount=value * number)
        for value, number in counted.pieces.items()
        if number
    ]
    terminals = [CashCountLine(count=count, method=method, amount=said) for method, said in counted.terminals.items()]
    return [*pieces, *terminals]


def _told(close: DailyClose, counted: Counted) -> dict[str, object]:
    told = {"day": close.day.isoformat(), "location": str(close.location), "version": close.version}
    return told | {"opening_float": counted.opening, "counted": counted.sum, "kept_float": counted.kept}
