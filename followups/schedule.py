"""The dates and amounts of a payment plan (P1): pure, so that the preview is what will be billed."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from clinicpay.clinics.refusals import Refusal
from followups.states import Frequency

MOST = {Frequency.WEEKLY: 520, Frequency.MONTHLY: 120}
"""Instalments that a plan can have: ten years of them."""


@dataclass(frozen=True)
class Terms:
    """What was agreed: `instalment` in minor units each time, the last takes the remainder.

    With `merge_last` a remainder goes onto the instalment before it instead of being one of its own.
    """

    instalment: int
    frequency: Frequency
    starts_on: date
    merge_last: bool = False


@dataclass(frozen=True)
class Due:
    """One instalment: when, and how much in minor units."""

    on: date
    amount: int


class TooMany(Refusal):
    """An instalment so small that it would take more than ten years."""


def least(total: int, frequency: Frequency) -> int:
    """The smallest instalment that a plan over a total can have, in minor units."""
    return -(-total // MOST[frequency])


def schedule(total: int, terms: Terms) -> list[Due]:
    """Every instalment of `total` minor units; they sum to it exactly. Raises Refusal in the user's words."""
    if total <= 0:
        raise Refusal("There is nothing to put on a plan.")
    if terms.instalment <= 0:
        raise Refusal("Enter an instalment greater than zero.")
    count, most = -(-total // terms.instalment), MOST[terms.frequency]
    if count > most:
        raise TooMany(f"That makes {count:,} instalments; a plan has at most {most}. Choose a larger instalment.")
    return [Due(due_on(terms, position), amount) for position, amount in enumerate(_amounts(total, terms))]


def due_on(terms: Terms, position: int) -> date:
    """When the instalment at a position, counted from 0, falls due.

    Monthly dates keep the start's day of the month, or the month's last day where it has none (D-13).
    """
    if terms.frequency == Frequency.WEEKLY:
        return terms.starts_on + timedelta(weeks=position)
    year, month = divmod(terms.starts_on.month - 1 + position, 12)
    year, month = terms.starts_on.year + year, month + 1
    return date(year, month, min(terms.starts_on.day, calendar.monthrange(year, month)[1]))


def _amounts(total: int, terms: Terms) -> Iterator[int]:
    whole, rest = divmod(total, terms.instalment)
    if rest and terms.merge_last and whole:
        return iter([terms.instalment] * (whole - 1) + [terms.instalment + rest])
    return iter([terms.instalment] * whole + [rest] * bool(rest))
