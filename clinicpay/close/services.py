"""Acts on a day: its review, its close, its re-opening. Days close in order, each location for itself.

Treatments are locked before the day, as everything that bills a treatment does.
"""

from datetime import date

from django.db import transaction
from django.utils import timezone

from balances.models import ClosedDay
from balances.refusals import database_refusals
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.models import DailyClose
from clinicpay.close.queries import Finding, current_close, earlier_open_day, events_of_day, findings, totals_of_day
from clinicpay.close.states import CloseState
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from treatments.models import TreatmentEvent
from treatments.services import move_events
from treatments.states import EventState


@transaction.atomic
def start_review(location: Location, day: date, *, by: Actor) -> DailyClose:
    """Begin to go over a day before it is closed. Raises Refusal for a day to come, and for one begun already."""
    require(by, Can.REVIEW_DAY)
    if day > clock.today(by.clinic):
        raise Refusal("This day is still to come.")
    if current := current_close(location, day):
        raise Refusal(f"{location} {day} is {current.get_state_display().lower()} already.")
    with database_refusals(), transaction.atomic():
        close = DailyClose.objects.create(location=location, day=day)
    close.state = CloseState.REVIEWING
    close.save(update_fields=["state"])
    record("day.review_started", close, by=by)
    return close


@transaction.atomic
def close_day(location: Location, day: date, *, by: Actor, reason: str = "") -> DailyClose:
    """Lock a day that was reviewed: nothing more is posted on it, and its ready treatments are closed with it.

    It waits for what is being posted on the day. Raises Refusal in the words of what blocks, and of what else
    was found unless a reason is given; while an earlier day is open; and before the review.
    """
    require(by, Can.CLOSE_DAY)
    close = _locked(location, day, CloseState.REVIEWING, "Review this day before you close it.")
    if earlier := earlier_open_day(by.clinic, location, day):
        raise Refusal(f"Days close in order: {earlier} is still open at {location}.")
    events = _lock_events(by, location, day)
    with database_refusals(), transaction.atomic():
        ClosedDay.objects.create(location=location, day=day)
    found = findings(by.clinic, location, day)
    _refuse(found, reason)
    move_events([event for event in events if event.state == EventState.READY], EventState.DAY_CLOSED, by=by)
    close.number, close.state, close.reason = take(DailyClose.KIND)[0], CloseState.CLOSED, reason.strip()[:500]
    close.snapshot = totals_of_day(location, day) | {"findings": [one.check for one in found]}
    close.save(update_fields=["number", "state", "reason", "snapshot"])
    close.refresh_from_db()
    record("day.closed", close, by=by, after=_told(close), reason=close.reason)
    return close


@transaction.atomic
def reopen_day(location: Location, day: date, *, by: Actor, reason: str) -> DailyClose:
    """Lift a day's lock; its treatments are ready again. Returns the next version, in review; the closed one stays."""
    require(by, Can.REOPEN_DAY)
    if not reason.strip():
        raise Refusal("Say why the day is re-opened.")
    close = _locked(location, day, CloseState.CLOSED, f"{location} {day} isn't closed.")
    events = _lock_events(by, location, day)
    with database_refusals(), transaction.atomic():
        ClosedDay.objects.filter(location=location, day=day, reopened_at=None).update(reopened_at=timezone.now())
    closed = [event for event in events if event.state == EventState.DAY_CLOSED]
    move_events(closed, EventState.READY, by=by, reason=reason)
    close.state, close.reopen_reason = CloseState.REOPENED, reason.strip()[:500]
    close.save(update_fields=["state", "reopen_reason"])
    record("day.reopened", close, by=by, before=_told(close), reason=close.reopen_reason)
    return DailyClose.objects.create(location=location, day=day, version=close.version + 1, state=CloseState.REVIEWING)


def _locked(location: Location, day: date, state: CloseState, otherwise: str) -> DailyClose:
    rows = DailyClose.objects.select_for_update(no_key=True).filter(location=location, day=day)
    close = rows.exclude(state=CloseState.REOPENED).first()
    if close is None or close.state != state:
        raise Refusal(otherwise)
    return close


def _lock_events(by: Actor, location: Location, day: date) -> list[TreatmentEvent]:
    return list(events_of_day(by.clinic, location, day).select_for_update(no_key=True))


def _refuse(found: list[Finding], reason: str) -> None:
    if blocking := [one.words for one in found if one.blocks]:
        raise Refusal(f"This day can't be closed: {'; '.join(blocking)}.")
    if found and not reason.strip():
        raise Refusal(f"Give a reason to close this day over: {'; '.join(one.words for one in found)}.")


def _told(close: DailyClose) -> dict[str, object]:
    return {"day": close.day.isoformat(), "location": str(close.location), "version": close.version}
