"""Rates of several ways of doing the same, taken in turns, so that what else the machine does hits all alike."""

import itertools
import statistics
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.place import exchange

ROUNDS = 7
SECONDS = 1.5


class Side(Protocol):
    """One way of doing it."""

    name: str

    def rate(self, seconds: float) -> float:
        """How often a second it was done, tried for so long."""


@dataclass
class Pages:
    """Requests over HTTP, by some clients at once; an answer without the right status is an error."""

    name: str
    port: int
    requests: Iterable[bytes]
    status: int = 200
    clients: int = 4
    answered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queue = itertools.cycle(self.requests)

    def rate(self, seconds: float) -> float:
        """Answers a second."""
        begin, before = time.perf_counter(), self.answered
        threads = [threading.Thread(target=self._ask, args=[begin + seconds]) for _ in range(self.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._faults:
            raise RuntimeError(f"{self.name}: {self._faults[0]}")
        return (self.answered - before) / (time.perf_counter() - begin)

    def _ask(self, until: float) -> None:
        while time.perf_counter() < until and not self._faults:
            with self._lock:
                request = next(self._queue)
            answer = exchange(self.port, request)
            if answer.split(b" ", 2)[1:2] != [b"%d" % self.status]:
                self._faults.append(f"{request[:120]!r} answered {answer[:300]!r}")
            with self._lock:
                self.answered += 1


@dataclass(frozen=True)
class Rates:
    """What each side did, round by round."""

    rounds: dict[str, list[float]]

    def median(self, side: str) -> float:
        """The middle of a side's rates."""
        return statistics.median(self.rounds[side])

    def ratio(self, one: str, other: str) -> float:
        """How many times as fast one is as the other: the middle of the rounds' own ratios."""
        pairs = zip(self.rounds[one], self.rounds[other], strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def in_turns(sides: Sequence[Side], *, rounds: int = ROUNDS, seconds: float = SECONDS) -> Rates:
    """Every side once a round, after a short round that only warms them up; each other round goes backwards."""
    for side in sides:
        side.rate(seconds / 3)
    found: dict[str, list[float]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            found[side.name].append(side.rate(seconds))
    return Rates(found)
