"""What every drill has in common: a promise, a limit of time, a broken control, a line in the results."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import clinicpay
from clinicpay.embedded.paths import PROJECT

WORDS = {True: "ok  ", False: "FAIL", None: "none"}
RESULTS = PROJECT / "drill" / "results.json"


@dataclass(frozen=True)
class Drill:
    """One drill: `run` notes figures and what broke the promise. It is ended after `limit` seconds."""

    name: str
    promise: str
    limit: int
    run: Callable[[Outcome], None]


@dataclass
class Outcome:
    """What one drill has shown."""

    name: str
    promise: str
    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    not_run: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool | None:
        """Whether the promise was kept; None if it could not be tried here."""
        return None if self.not_run else not self.broken

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a broken promise."""
        if not holds:
            self.broken.append(otherwise)


class NotHere(Exception):
    """This machine can't perform the drill; the words say why, and what would help."""


class TooLong(Exception):
    """The drill's time is up."""


def perform(drills: Iterable[Drill]) -> list[Outcome]:
    """Run drills one after the other; one that fails or takes too long doesn't keep the next from running."""
    outcomes = []
    for drill in drills:
        print(f"{drill.name} … {drill.promise}", flush=True)
        outcome, begin = Outcome(drill.name, drill.promise), time.monotonic()
        try:
            with _limit(drill.limit):
                drill.run(outcome)
        except NotHere as reason:
            outcome.not_run = str(reason)
        except Exception as error:
            outcome.broken.append(f"{type(error).__name__}: {error}")
        outcome.seconds = round(time.monotonic() - begin, 1)
        outcomes.append(outcome)
    return outcomes


def write(outcomes: list[Outcome], to: Path = RESULTS) -> None:
    """Keep the results for machines."""
    to.parent.mkdir(exist_ok=True)
    found = {
        "version": clinicpay.__version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "ok": not any(outcome.broken for outcome in outcomes),
        "drills": [{"ok": outcome.ok, **asdict(outcome)} for outcome in outcomes],
    }
    to.write_text(json.dumps(found, indent=1) + "\n")


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """The results for people."""
    yield ""
    for outcome in outcomes:
        yield f"{WORDS[outcome.ok]}  {outcome.name:<16}{outcome.seconds:>8.1f} s  {outcome.promise}"
        yield from (f"      {name:<34} {value}" for name, value in outcome.figures.items())
        if outcome.not_run:
            yield f"      {outcome.not_run}"
        yield from (f"      BROKEN: {words}" for words in outcome.broken)


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """Raise TooLong in the main thread when the time is up, so that everything that was started is ended."""
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TooLong("it did not end in its time")
