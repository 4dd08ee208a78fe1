"""What happens next with an account's debt, in words: every row of the queue shows it (F5, S2.46)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.ui.words import clock_words, day_words
from followups.states import CaseState


@dataclass(frozen=True)
class NextAction:
    """A state with its words, and what it is about; `is_late` says that its moment has passed."""

    state: str
    label: str
    text: str = ""
    is_late: bool = False


def next_action(case: dict[str, Any] | None, instalment: date | None, clinic: Clinic) -> NextAction:
    """From the open case of an account (as `lines` and `open_cases` give it), and the day of its next instalment."""
    if case and case["broken"]:
        return _broken(case["broken"], clinic)
    if case and case["callback"]:
        return _callback(case["callback"], clinic)
    if case and case["promised_for"]:
        day = case["promised_for"]
        text = f"{money.show(case['promised'], clinic.currency)} by {day_words(day)}"
        return NextAction("promised", "Promise", text, day < clock.today(clinic))
    if case and case["state"] in _OTHERS:
        return NextAction(case["state"], CaseState(case["state"]).label)
    if instalment:
        return NextAction("on_plan", "Instalment", day_words(instalment))
    return NextAction("contact_due", "Contact due")


_OTHERS = {CaseState.DISPUTED, CaseState.REFUSED, CaseState.WRITE_OFF_REQUESTED}


def _broken(promise: dict[str, Any], clinic: Clinic) -> NextAction:
    """It comes before everything else that waits (F4)."""
    text = f"{money.show(promise['amount'], clinic.currency)} by {day_words(date.fromisoformat(promise['due_date']))}"
    return NextAction("broken", "Promise broken", text, is_late=True)


def _callback(due_at: datetime, clinic: Clinic) -> NextAction:
    local = due_at.astimezone(clock.zone(clinic))
    is_today = local.date() == clock.local_now(clinic).date()
    text = f"{'today' if is_today else day_words(local.date())} {clock_words(local)}"
    return NextAction("callback_set", "Callback", text, due_at < timezone.now())
