"""Pre-payments as lists and panels draw them: ready texts and cells."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from balances.held import Held
from balances.matching import worded
from balances.states import MatchState
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import own_field_names
from clinicpay.ui.cells import allocated, moment
from clinicpay.ui.words import day_words


def held_rows(held: Iterable[Held], clinic: Clinic) -> list[dict[str, Any]]:
    """Rows of a panel; nothing is asked for none."""
    rows = list(held)
    own = own_field_names(clinic) if rows else ("", "")
    return [held_row(one, clinic, own) for one in rows]


def held_row(one: Held, clinic: Clinic, own: tuple[str, str]) -> dict[str, Any]:
    """One pre-payment: what it is held for, what of that there is, and where one goes from there."""
    return {
        "number": one.number,
        "ref": one.payment,
        "id": one.id,
        "url": address(clinic, "payment", number=one.number),
        "criteria": worded(one.wanted, own),
        "matches": matches(one, clinic),
        "is_now": one.found.state == MatchState.NOW,
        "is_later": one.found.state == MatchState.LATER,
        "apply_url": apply_url(one, clinic),
        "amount": allocated(one.available, "held", None, clinic.currency),
        "received": moment(one.received_on, clock.zone(clinic)),
        "age": age(one, clock.today(clinic)),
    }


def matches(one: Held, clinic: Clinic) -> str:
    """ "1 charge, $200.00", the next planned treatment, or that there is nothing."""
    found = one.found
    if found.charges:
        return f"{_count(len(found.charges), 'charge')}, {money.show(found.owed, clinic.currency)}"
    if found.next:
        return f"{found.next.ref} planned, {day_words(found.next.at)}"
    return "Nothing yet" if one.wanted.asked else "Nothing: no criteria"


def age(one: Held, today: date) -> str:
    """For how long the money has been here."""
    days = (today - one.received_on).days
    return _count(days, "day") if days else "today"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def apply_url(one: Held, clinic: Clinic) -> str:
    """Where this money is applied by hand; `source` says which of the payment's money."""
    return f"{address(clinic, 'payment_allocate', number=one.number)}?source={one.id}"
