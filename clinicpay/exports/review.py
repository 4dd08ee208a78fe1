"""What an export would hold, in totals, to be looked at before it is made. Amounts are minor units."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from balances.states import PostingKind
from clinicpay.clinics.models import Clinic
from clinicpay.exports import contents, journal
from clinicpay.exports.codes import Chart, Code, Key
from clinicpay.exports.days import Day
from clinicpay.exports.states import JOURNALS, What
from payments.states import Method
from treatments.states import EventState


class Total(NamedTuple):
    """One account over all the days; its codes, of which there may be one per location."""

    key: Key
    codes: tuple[Code, ...]
    debit: int
    credit: int

    @property
    def is_coded(self) -> bool:
        """Whether every line has a code."""
        return all(code.code for code in self.codes)


class Tender(NamedTuple):
    """What came in and went out by one tender over all the days."""

    label: str
    came: int
    went: int

    @property
    def net(self) -> int:
        """What is left of it."""
        return self.came - self.went


@dataclass
class Review:
    """The totals of the chosen days, as far as the kind of export has them."""

    rows: int = 0
    totals: list[Total] = field(default_factory=list)
    tenders: list[Tender] = field(default_factory=list)
    acts: list[tuple[str, int]] = field(default_factory=list)
    states: list[tuple[str, int]] = field(default_factory=list)
    charged: int = 0
    paid: int = 0
    left: int = 0
    written_off: int = 0

    @property
    def debit(self) -> int:
        """Sum of the debit side."""
        return sum(one.debit for one in self.totals)

    @property
    def credit(self) -> int:
        """Sum of the credit side."""
        return sum(one.credit for one in self.totals)

    @property
    def is_balanced(self) -> bool:
        """Whether both sides are equal."""
        return self.debit == self.credit

    @property
    def uncoded(self) -> list[str]:
        """Accounts that have lines without a code."""
        return [one.key.label for one in self.totals if not one.is_coded]


def review(clinic: Clinic, what: str, days: Sequence[Day], chart: Chart) -> Review:
    """The totals of an export that isn't made yet."""
    found = Review()
    if what in JOURNALS:
        _add_journal(found, what, days, chart)
    elif what == What.SHEET:
        _add_sheet(found, days)
    else:
        _add_events(found, clinic, days)
    return found


def _add_journal(found: Review, what: str, days: Sequence[Day], chart: Chart) -> None:
    sides: dict[Key, list[int]] = {}
    codes: dict[Key, set[Code]] = {}
    for one in journal.sums(days, chart.disciplines):
        found.rows += 1
        both = sides.setdefault(one.key, [0, 0])
        both[0] += one.debit
        both[1] += one.credit
        codes.setdefault(one.key, set()).add(chart.of(one.key, one.day.close.location_id))
    found.totals = [Total(key, tuple(sorted(codes[key])), *sides[key]) for key in sides]
    found.totals.sort(key=lambda one: (one.codes, one.key))
    if what == What.LINES:
        found.rows = journal.count_lines(days)


def _add_sheet(found: Review, days: Sequence[Day]) -> None:
    tenders: dict[str, list[int]] = {}
    acts: dict[str, int] = {}
    for day in days:
        of_day = contents.tenders_of(day)
        for method, (came, went) in of_day.items():
            both = tenders.setdefault(method, [0, 0])
            both[0] += came
            both[1] += went
        for kind, count in contents.acts_of(day).items():
            acts[kind] = acts.get(kind, 0) + count
            found.rows += 1
        found.rows += len(of_day)
    found.tenders = [Tender(_label(Method, method), *both) for method, both in sorted(tenders.items())]
    found.acts = [(_label(PostingKind, kind), count) for kind, count in sorted(acts.items())]


def _add_events(found: Review, clinic: Clinic, days: Sequence[Day]) -> None:
    states: dict[str, int] = {}
    for day in days:
        for seen in contents.events_of(clinic, day.close):
            found.rows += 1
            states[seen.event.state] = states.get(seen.event.state, 0) + 1
            found.charged += seen.balance.charged
            found.paid += seen.balance.applied
            found.left += seen.balance.outstanding
            found.written_off += seen.balance.written_off
    found.states = [(_label(EventState, state), count) for state, count in sorted(states.items())]


def _label(choices: type, value: str) -> str:
    return str(dict(choices.choices).get(value, value))  # type: ignore[attr-defined]  # choices of Django
