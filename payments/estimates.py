"""What a patient will probably have to pay, worked out step by step from their benefits (S1.39–S1.49).

Pure: amounts are minor units, shares are basis points, nothing is read or written. The order of the steps is
that of the payers: a met out-of-pocket maximum, a copay that stands alone, else deductible, co-insurance and
a copay on top; never more than the charge or than what is left to the maximum.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from clinicpay.money import show
from clinicpay.patients.eligibility.queries import percent

WHOLE = 10_000
"""Basis points of everything."""


@dataclass(frozen=True)
class Terms:
    """What a benefit says of a service, which `name` calls by its words; None is what it doesn't say."""

    name: str
    copay: int | None = None
    coinsurance: int | None = None
    on_top: bool = False

    @property
    def share(self) -> str:
        """The co-insurance as people write it, "20%"; nothing when none is named."""
        return "" if self.coinsurance is None else percent(self.coinsurance)


@dataclass(frozen=True)
class Left:
    """What is left of the deductible, and to the out-of-pocket maximum; None is what the check doesn't say."""

    deductible: int | None = None
    out_of_pocket: int | None = None


@dataclass(frozen=True)
class Line:
    """One charge to be shared; without a `base` nothing but a copay is known of it."""

    label: str
    base: int | None
    terms: Terms


class Step(NamedTuple):
    """One step of a worked sum: what it adds (or takes off, when it is negative), and why."""

    name: str
    amount: int
    words: str


@dataclass(frozen=True)
class Share:
    """The patient's part of one line: the sum of its steps. `left` is what the line leaves to the next."""

    line: Line
    steps: list[Step]
    left: Left

    @property
    def amount(self) -> int:
        """What the patient pays."""
        return sum(step.amount for step in self.steps)

    @property
    def plan_pays(self) -> int | None:
        """What remains for the plan; unknown without a charge."""
        return None if self.line.base is None else self.line.base - self.amount


def estimate(lines: Iterable[Line], left: Left, currency: str) -> list[Share]:
    """The patient's share of each line, in order: each uses up the deductible and the maximum for the next."""
    shares = []
    for line in lines:
        share = _share(line, left, currency)
        shares.append(share)
        left = share.left
    return shares


def half_up(amount: int, points: int) -> int:
    """A share of an amount that is not negative, rounded half-up to the minor unit."""
    return (amount * points + WHOLE // 2) // WHOLE


def _share(line: Line, left: Left, currency: str) -> Share:
    if left.out_of_pocket == 0:
        met = Step("Out-of-pocket maximum", 0, "The out-of-pocket maximum is met: nothing more is due.")
        return Share(line, [met], left)
    if line.base is None or (line.terms.copay is not None and not line.terms.on_top):
        steps = [_copay(line, currency)]
        used = 0
    else:
        steps, used = _shared(line, line.base, left, currency)
    steps += _limit(line, steps, left, currency)
    paid = sum(step.amount for step in steps)
    return Share(line, steps, Left(_less(left.deductible, used), _less(left.out_of_pocket, paid)))


def _copay(line: Line, currency: str) -> Step:
    terms = line.terms
    instead = "" if terms.on_top else ", instead of deductible and co-insurance"
    return Step("Copay", terms.copay or 0, f"{show(terms.copay or 0, currency)} for {terms.name}{instead}.")


def _shared(line: Line, base: int, left: Left, currency: str) -> tuple[list[Step], int]:
    """Deductible, co-insurance on the rest, and a copay on top; and how much of the deductible that uses."""
    used = min(left.deductible or 0, base)
    steps = [Step("Deductible", used, _deductible_words(used, left.deductible, currency))]
    rest, points = base - used, _points(line.terms)
    named = line.terms.coinsurance is not None or line.terms.on_top
    words = f"{percent(points)} of the {show(rest, currency)} that remain, for {line.terms.name}."
    if not named:
        words = f"The check names no share for {line.terms.name}: all of the {show(rest, currency)} that remain."
    steps.append(Step("Co-insurance", half_up(rest, points), words if rest else "Nothing remains to be shared."))
    if line.terms.on_top:
        steps.append(_copay(line, currency))
    return steps, used


def _points(terms: Terms) -> int:
    """A copay on top of the deductible may be all that a plan asks for; otherwise what isn't named isn't covered."""
    if terms.coinsurance is not None:
        return terms.coinsurance
    return 0 if terms.on_top else WHOLE


def _deductible_words(used: int, left: int | None, currency: str) -> str:
    if left is None:
        return "The check does not say what is left of the deductible: none is counted."
    if left == 0:
        return "The deductible is met."
    return f"{show(used, currency)} of the {show(left, currency)} that is left of the deductible."


def _limit(line: Line, steps: list[Step], left: Left, currency: str) -> list[Step]:
    """What is taken off again: a patient never pays more than the charge, or than is left to the maximum."""
    total = sum(step.amount for step in steps)
    limits = [(line.base, "the charge"), (left.out_of_pocket, "what is left to the out-of-pocket maximum")]
    known = [(amount, words) for amount, words in limits if amount is not None]
    most, words = min(known, default=(total, ""))
    if total <= most:
        return []
    return [Step("Limit", most - total, f"Never more than {words}: {show(most, currency)}.")]


def _less(left: int | None, used: int) -> int | None:
    return None if left is None else left - used
