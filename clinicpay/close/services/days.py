"""Acts on a day: its review, its close, its re-opening. Days close in order, each location for itself.

Treatments are locked before the day, as everything that bills a treatment does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

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
from clinicpay.close.queries import Finding, current_close, earlier_open_day, events_of_day
from clinicpay.close.queries.findings import in_order, ledger_findings
from clinicpay.close.queries.sheet import facts_of, seal_of, snapshot_of
from clinicpay.close.services.locks import locked
from clinicpay.close.services.papers import sheet_papers
from clinicpay.close.sheets import Sheet
from clinicpay.close.standing import standings
from clinicpay.close.states import CloseState
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from clinicpay.ui.words import day_words
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
        raise Refusal(f"{day_words(day)} at {location} is {current.get_state_display().lower()} already.")
    with database_refusals(), transaction.atomic():
        close = DailyClose.objects.create(location=location, day=day)
    close.state = CloseState.REVIEWING
    close.save(update_fields=["state"])
    record("day.review_started", close, by=by, after=_told(close))
    return close


@dataclass(frozen=True)
class Explained:
    """Why a day is closed over what it finds: reasons by what was found ("K1", "K6-cash").

    `seen` is the digest of the day as it was looked at, "" when nobody looked.
    """

    reasons: Mapping[str, str] = field(default_factory=dict)
    seen: str = ""


@transaction.atomic
def close_day(
    location: Location, day: date, *, by: Actor, reason: str = "", explained: Explained | None = None
) -> DailyClose:
    """Lock a day that was reviewed: nothing more is posted on it, and its ready treatments are closed with it.

    It waits for what is being posted on the day. `reason` is given for whatever has none of its own in `explained`.
    Raises Refusal in the words of what blocks, and of what else was found unless a reason is given; when the day is
    not as it was seen any more; while an earlier day is open; and before the review.
    """
    require(by, Can.CLOSE_DAY)
    close = locked(location, day, CloseState.REVIEWING, "Review this day before you close it.")
    _check_order(location, day, by)
    found = ledger_findings()  # before the lock: it takes its time, and nobody at the desk has to wait for it
    events = _lock_events(by, location, day)
    with database_refusals(), transaction.atomic():
        ClosedDay.objects.create(location=location, day=day)
    _check_order(location, day, by)  # money that it has waited for may have been taken on a day that nobody used before
    facts = facts_of(by.clinic, location, day)
    explained = explained or Explained()
    if explained.seen and explained.seen != facts.seal:
        raise Refusal(CHANGED)
    facts = facts._replace(found=in_order([*found, *facts.found]))
    reasons = _reasons(facts.found, reason, explained)
    ready = [event for event in events if event.state == EventState.READY]
    stands = standings(ready)
    move_events([event for event in ready if stands[event.pk].step == 4], EventState.DAY_CLOSED, by=by)
    return _closed(close, snapshot_of(close, by.clinic, facts, reasons), reason, by)


def _check_order(location: Location, day: date, by: Actor) -> None:
    if earlier := earlier_open_day(by.clinic, location, day):
        raise Refusal(f"Days close in order: {day_words(earlier)} is still open at {location}.")


CHANGED = "Something of this day has changed since you looked at it. Nothing was closed; look at it again."


def _closed(close: DailyClose, snapshot: dict[str, Any], reason: str, by: Actor) -> DailyClose:
    """Number and keep the version, with its seal in the trail."""
    close.number, close.state, close.reason = take(DailyClose.KIND)[0], CloseState.CLOSED, reason.strip()[:500]
    close.snapshot = snapshot | {"by": by.label}
    close.save(update_fields=["number", "state", "reason", "snapshot"])
    close.refresh_from_db()
    record("day.closed", close, by=by, after=_told(close) | {"seal": seal_of(close)}, reason=close.reason)
    sheet_papers.ask(close, Sheet(close).lines)
    return close


@transaction.atomic
def reopen_day(location: Location, day: date, *, by: Actor, reason: str) -> DailyClose:
    """Lift a day's lock; its treatments are ready again. Returns the next version, in review; the closed one stays."""
    require(by, Can.REOPEN_DAY)
    if not reason.strip():
        raise Refusal("Say why the day is re-opened.")
    close = locked(location, day, CloseState.CLOSED, f"{day_words(day)} at {location} isn't closed.")
    events = _lock_events(by, location, day)
    with database_refusals(), transaction.atomic():
        ClosedDay.objects.filter(location=location, day=day, reopened_at=None).update(reopened_at=timezone.now())
    closed = [event for event in events if event.state == EventState.DAY_CLOSED]
    move_events(closed, EventState.READY, by=by, reason=reason)
    close.state, close.reopen_reason = CloseState.REOPENED, reason.strip()[:500]
    close.save(update_fields=["state", "reopen_reason"])
    record("day.reopened", close, by=by, after=_told(close), reason=close.reopen_reason)
    sheet_papers.ask(close, Sheet(close).lines)
    return DailyClose.objects.create(location=location, day=day, version=close.version + 1, state=CloseState.REVIEWING)


def _lock_events(by: Actor, location: Location, day: date) -> list[TreatmentEvent]:
    return list(events_of_day(by.clinic, location, day).select_for_update(no_key=True))


def _reasons(found: list[Finding], reason: str, explained: Explained) -> dict[str, str]:
    """The reason of each finding, its own or the one for all others. Raises Refusal for what blocks or has none."""
    if blocking := [one.words for one in found if one.blocks]:
        raise Refusal(f"This day can't be closed: {'; '.join(blocking)}.")
    given = {one.key: (explained.reasons.get(one.key, "").strip() or reason.strip())[:500] for one in found}
    if open_ones := [one.words for one in found if not given[one.key]]:
        raise Refusal(f"Give a reason to close this day over: {'; '.join(open_ones)}.")
    return given


def _told(close: DailyClose) -> dict[str, object]:
    return {"day": close.day.isoformat(), "location": str(close.location), "version": close.version}
