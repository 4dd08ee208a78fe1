"""What a clinic is called, how it is reached, which clock and paper it uses, and how its people sign in."""

from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction

from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, known_timezone
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from clinicpay.ui.words import clock_words, day_words

FIELDS = ("name", "address", "phone", "timezone", "day_starts_at", "paper")
SHORTEST, LONGEST = 5, 60
"""Minutes of rest that a clinic may choose."""


@transaction.atomic
def change_clinic(clinic: Clinic, *, by: Actor, **values: Any) -> None:
    """Change some of `FIELDS`, from the next page of everybody on. Money keeps the business dates that it has.

    Raises Refusal for an empty name, an hour that no day has, and a time zone that there isn't.
    """
    require(by, Can.MANAGE_SETTINGS)
    try:
        known_timezone(values.get("timezone", clinic.timezone))
    except ValidationError as unknown:
        raise Refusal(unknown.messages[0]) from unknown
    if not values.get("name", "x") or not 0 <= values.get("day_starts_at", 0) <= 23:
        raise Refusal("A clinic has a name, and its day begins at an hour from 0 to 23.")
    if changed := _change(clinic, {name: values[name] for name in FIELDS if name in values}):
        record("clinic.changed", clinic, by=by, before=changed[0], after=changed[1])


@transaction.atomic
def set_sign_in(clinic: Clinic, *, by: Actor, two_step: str, idle_minutes: int | None) -> None:
    """Say whom the clinic lets in with a second step only, and after how many minutes of rest a sign-in ends.

    Both count from each person's next page on; None is what the server says. Raises Refusal for minutes out of
    range, and when somebody asks others for what they don't do themselves.
    """
    require(by, Can.MANAGE_SETTINGS)
    if idle_minutes is not None and not SHORTEST <= idle_minutes <= LONGEST:
        raise Refusal(f"Choose {SHORTEST} to {LONGEST} minutes.")
    has_it = Authenticator.objects.filter(user_id=by.user_id, type=Authenticator.Type.TOTP).exists()
    if two_step not in {clinic.two_step, Clinic.TwoStep.NOBODY} and by.user_id and not has_it:
        raise Refusal("Set up your own second step first: then you know that it works here.")
    if changed := _change(clinic, {"two_step": two_step, "idle_minutes": idle_minutes}):
        record("clinic.sign_in_set", clinic, by=by, before=changed[0], after=changed[1])


def _change(clinic: Clinic, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Write what differs; what it was and what it is, or None when nothing differs."""
    row = Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    if not before:
        return None
    for name in before:
        setattr(row, name, values[name])
    row.save(update_fields=list(before))
    return before, {name: values[name] for name in before}


def consequences(clinic: Clinic, timezone: str, day_starts_at: int) -> list[str]:
    """What another clock would do, in sentences; none when the clock stays."""
    if (timezone, day_starts_at) == (clinic.timezone, clinic.day_starts_at):
        return []
    other = Clinic(timezone=timezone, day_starts_at=day_starts_at)
    now, then = clock.local_now(clinic), clock.local_now(other)
    here, there = clock.today(clinic), clock.today(other)
    said = [f"All times are shown on the new clock: now is {clock_words(then)}, not {clock_words(now)}."] * (
        now.utcoffset() != then.utcoffset()
    )
    instead = f", not {day_words(here)}" if here != there else " still"
    said.append(f"The business day is {day_words(there)}{instead}.")
    night = clock.next_night(other)
    begins = f"{clock_words(clock.night(other, night).astimezone(clock.zone(other)))} on {day_words(night)}"
    said.append(f"The next night begins at {begins}, on the new clock; each date has its night once.")
    said.append("What is recorded keeps its business date, also where that date would now be another one.")
    if there < here:
        back = (here - there) // timedelta(days=1)
        said.append(f"The clinic goes back by {back} day: money of today comes after some that is dated later.")
    return said
