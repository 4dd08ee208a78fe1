"""What a day's close finds: its treatments, what is wrong with it, and its totals. Amounts are minor units."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from balances.checks import run_checks
from balances.models import ClosedDay, Credit, Posting
from balances.states import CreditKind
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.close.models import DailyClose
from clinicpay.close.states import CloseState
from payments.models import Payment
from payments.states import PaymentStatus
from treatments.models import TreatmentEvent
from treatments.states import EventState


class Finding(NamedTuple):
    """One check of the domain (K1 …) that a day doesn't pass; one that blocks can't be closed over by a reason."""

    check: str
    words: str
    blocks: bool = False


def current_close(location: Location, day: date) -> DailyClose | None:
    """The version of a day that counts now; None while nobody has begun with it."""
    return DailyClose.objects.filter(location=location, day=day).exclude(state=CloseState.REOPENED).first()


def events_of_day(clinic: Clinic, location: Location, day: date) -> QuerySet[TreatmentEvent]:
    """The treatments of a business date at a location."""
    start, end = clock.day_bounds(clinic, day)
    rows = TreatmentEvent.objects.filter(location=location, service_at__gte=start, service_at__lt=end)
    return rows.order_by("pk")


def findings(clinic: Clinic, location: Location, day: date) -> list[Finding]:
    """What stands against closing a day, the worst first."""
    found = [*_of_treatments(clinic, location, day), *_of_money(clinic, location, day), *_of_ledger()]
    return sorted(found, key=lambda one: (not one.blocks, one.check))


def earlier_open_day(clinic: Clinic, location: Location, day: date) -> date | None:
    """The first day before this one at the location that has treatments or postings and is not closed.

    Days before the clinic came here are history that was brought in; nobody has to close them.
    """
    first = clock.business_day(clinic, clinic.created_at)
    locks = ClosedDay.objects.filter(location=location, reopened_at=None, day__gte=first, day__lt=day)
    closed = set(locks.values_list("day", flat=True))
    posted = Posting.objects.filter(location=location, business_date__gte=first, business_date__lt=day)
    busy = set(posted.values_list("business_date", flat=True).distinct())
    if day > first:
        busy |= _days_with_treatments(clinic, location, first, day)
    return min(busy - closed, default=None)


def totals_of_day(location: Location, day: date) -> dict[str, Any]:
    """What a close keeps: per tender the money that came in and went out, and how many acts of each kind there were."""
    with connection.cursor() as cursor:
        cursor.execute(_TENDERS, [location.pk, day])
        tenders = {method: {"in": int(came), "out": int(went)} for method, came, went in cursor.fetchall()}
        cursor.execute(_ACTS, [location.pk, day])
        return {"tenders": tenders, "acts": dict(cursor.fetchall())}


_TENDERS = """
select method, coalesce(sum(amount) filter (where side = 'debit'), 0),
       coalesce(sum(amount) filter (where side = 'credit'), 0)
from balances_journal where ledger_account = 'tender' and location_id = %s and business_date = %s
group by method order by method
"""

_ACTS = (
    "select kind, count(*) from balances_posting where location_id = %s and business_date = %s group by 1 order by 1"
)


def _days_with_treatments(clinic: Clinic, location: Location, first: date, day: date) -> set[date]:
    """Those of which a treatment isn't closed with its day: the others are closed by definition."""
    start, end = clock.day_bounds(clinic, first)[0], clock.day_bounds(clinic, day - timedelta(days=1))[1]
    rows = TreatmentEvent.objects.filter(location=location, service_at__gte=start, service_at__lt=end)
    rows = rows.exclude(state__in=[EventState.CANCELLED, EventState.DAY_CLOSED])
    return {clock.business_day(clinic, moment) for moment in rows.values_list("service_at", flat=True)}


def _of_treatments(clinic: Clinic, location: Location, day: date) -> Iterator[Finding]:
    states = list(events_of_day(clinic, location, day).values_list("state", flat=True))
    if waiting := states.count(EventState.SCHEDULED) + states.count(EventState.IN_PROGRESS):
        yield Finding("K1", f"{_some(waiting, 'treatment')} not marked complete")
    if unseen := states.count(EventState.CLOSED):
        yield Finding("K2", f"{_some(unseen, 'treatment')} not reviewed", blocks=True)
    if unready := states.count(EventState.REVIEWED):
        yield Finding("K3", f"{_some(unready, 'treatment')} reviewed but not ready for close")


def _of_money(clinic: Clinic, location: Location, day: date) -> Iterator[Finding]:
    _, end = clock.day_bounds(clinic, day)
    stuck = Payment.objects.filter(location=location, status=PaymentStatus.PROCESSING, created_at__lt=end).count()
    if stuck:
        yield Finding("K4", f"{_some(stuck, 'payment')} still processing")
    free = Credit.objects.filter(location=location, received_on=day, available__gt=0)
    free = free.filter(kind__in=[CreditKind.UNAPPLIED, CreditKind.DEPOSIT])
    if count := free.count():
        yield Finding("K5", f"{_some(count, 'payment')} not applied in full")


def _of_ledger() -> Iterator[Finding]:
    wrong = [found.check.name for found in run_checks() if found.differences]
    if wrong:
        yield Finding("K7", f"the ledger does not agree ({', '.join(wrong)})", blocks=True)


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
