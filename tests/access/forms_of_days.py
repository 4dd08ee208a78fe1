"""What the forms of reviews, of the daily close and of bank slips send."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.close.queries.sheet import facts_of as day_facts
from clinicpay.close.services import start_review
from deposits.queries.slips import draft_at, items_on, refs_on
from deposits.services.slips import mark_of, seal_of
from followups.services import plan_callback
from tests.factories import some_evidence
from tests.worlds import World


def _why(_world: World) -> dict[str, Any]:
    return {"reason": "Wrong one", "request_key": str(uuid.uuid4())}


def _flag(world: World) -> dict[str, Any]:
    day = str(clock.today(world.home.clinic) + timedelta(days=1))
    return {"outcome": "follow_up", "what": "callback", "day": day, "time": "10:00", "member": world.home.bill.pk}


def _proven(world: World) -> dict[str, Any]:
    """A balance that is flagged, with something signed beside it."""
    event = world.reviewed()
    plan_callback(event.patient.account, timezone.now() + timedelta(days=1), by=world.home.bill, member=world.home.bill)
    some_evidence(world.home, event)
    return {}


def _in_review(world: World) -> dict[str, Any]:
    """A day whose review has begun."""
    start_review(world.location, world.open_day, by=world.home.bill)
    return {"opening": "0", "kept": "0", "request_key": str(uuid.uuid4())}


def _to_close(world: World) -> dict[str, Any]:
    _in_review(world)
    return {"seen": day_facts(world.home.clinic, world.location, world.open_day).seal}


def _to_the_bank(world: World) -> dict[str, Any]:
    """The draft of the clinic, changed to cash taken out."""
    draft = draft_at(world.location)
    span = {"first": str(draft.first), "last": str(draft.last), "location": world.location.pk, "line": refs_on(draft)}
    why = {"cash_out": "1.00", "reason": "Stamps"}
    return span | why | {"seen": mark_of(draft), "request_key": str(uuid.uuid4())}


def _sealed(world: World) -> dict[str, Any]:
    draft = draft_at(world.location)
    return {"seal": seal_of(items_on(draft), draft), "request_key": str(uuid.uuid4())}


OF_DAYS: dict[str, tuple[str, Any]] = {
    "event_review": ("rita", _flag),
    "event_confirm": ("rita", _proven),
    "close_review": ("bill", lambda _: {}),
    "close_count": ("bill", _in_review),
    "close_act": ("adam", _to_close),
    "close_reopen": ("olga", _why),
    "settings_day": ("adam", lambda _: {"hour": "4"}),
    "slip_new": ("bill", _to_the_bank),
    "slip_print": ("bill", _sealed),
    "slip_discard": ("bill", lambda _: {}),
    "slip_void": ("olga", _why),
}
