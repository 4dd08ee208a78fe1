"""How a figure is proved: what the page shows beside what its entries say, asked in two ways that share nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction

from clinicpay.clinics.models import Clinic

TRIES = 3
"""How often a group is asked again when money moved between the two questions."""


class Line(NamedTuple):
    """The name of a figure; an amount is in minor units, anything else is a count."""

    label: str
    is_amount: bool = True


Figures = dict[Line, int]


@dataclass(frozen=True)
class Group:
    """The figures of one page: `shown` asks as the page does, `again` recomputes them by SQL from entries and rows."""

    key: str
    title: str
    view: str
    shown: Callable[[Clinic], Figures]
    again: Callable[[Clinic], Figures]


class Proved(NamedTuple):
    """One figure both ways."""

    line: Line
    shown: int
    again: int

    @property
    def difference(self) -> int:
        """Zero, or something is wrong."""
        return self.shown - self.again


@dataclass(frozen=True)
class Outcome:
    """What proving a group came to: its figures, how long either way took (seconds), or why there are none.

    `moved` says that money kept moving between the two questions, so that a difference proves nothing.
    """

    group: Group
    proved: tuple[Proved, ...] = ()
    shown_in: float = 0.0
    again_in: float = 0.0
    too_long: bool = False
    moved: bool = False

    @property
    def differences(self) -> list[Proved]:
        """The figures that are wrong."""
        return [] if self.moved else [one for one in self.proved if one.difference]

    @property
    def is_done(self) -> bool:
        return bool(self.proved)


def prove(group: Group, clinic: Clinic, *, patience: int | None = None) -> Outcome:
    """Ask both ways. With `patience` (seconds) a statement that takes longer is given up, and the outcome says so."""
    try:
        with transaction.atomic():
            wait_at_most(patience)
            return _compared(group, clinic)
    except OperationalError as error:
        if not is_timeout(error):
            raise
        return Outcome(group, too_long=True)


_CANCELLED = "57014"


def is_timeout(error: OperationalError) -> bool:
    """Whether a statement was given up because it took too long."""
    return getattr(error.__cause__, "sqlstate", "") == _CANCELLED


def _compared(group: Group, clinic: Clinic) -> Outcome:
    """What is written meanwhile is no difference: as long as the page's own figures move, both are asked anew."""
    shown, shown_in = _timed(group.shown, clinic)
    for _ in range(TRIES):
        again, again_in = _timed(group.again, clinic)
        proved = tuple(Proved(line, shown.get(line, 0), again.get(line, 0)) for line in shown | again)
        if not any(one.difference for one in proved):
            return Outcome(group, proved, shown_in, again_in)
        before, (shown, shown_in) = shown, _timed(group.shown, clinic)
        if shown == before:
            return Outcome(group, proved, shown_in, again_in)
    return Outcome(group, proved, shown_in, again_in, moved=True)


def _timed(ask: Callable[[Clinic], Figures], clinic: Clinic) -> tuple[Figures, float]:
    began = perf_counter()
    return ask(clinic), perf_counter() - began


def wait_at_most(patience: int | None) -> None:
    """Give each statement of the open transaction so many seconds; None leaves the limit as it is."""
    if patience is not None:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [f"{patience}s"])


def rows(sql: str, **asked: Any) -> list[tuple[Any, ...]]:
    """The answer to a question of our own text."""
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return cursor.fetchall()
