"""D12: stopping PostgreSQL right after one of its processes has crashed, when politeness alone may wait for ever."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from clinicpay.embedded.locks import is_held
from clinicpay.embedded.postgres import SUPERUSER, Cluster

from .frame import Outcome
from .scene import scene

ROUNDS, WRITERS, LIMIT = 10, 4, 10.0


def run(outcome: Outcome) -> None:
    """A process is killed among writers, the server is stopped at once, started, asked what it has; ten times."""
    with scene() as place:
        cluster = place.cluster
        with psycopg.connect(cluster.url(SUPERUSER), autocommit=True) as superuser:
            superuser.execute("create table public.drill (writer int, number bigint, primary key (writer, number))")
        writers = [Writer(cluster, number) for number in range(WRITERS)]
        stops, starts = zip(*(_one_round(cluster, writers) for _ in range(ROUNDS)), strict=True)
        lost = sum(writer.lost() for writer in writers)
        outcome.figures |= {
            "rounds": ROUNDS,
            "longest stop, seconds": round(max(stops), 2),
            "longest start after it, seconds": round(max(starts), 2),
            "rows acknowledged / lost": f"{sum(writer.acknowledged for writer in writers)} / {lost}",
            "control: politeness alone ended it": politeness_ends(cluster),
        }
        outcome.expect(max(stops) <= LIMIT, "a stop took too long")
        outcome.expect(lost == 0, f"{lost} acknowledged rows are lost")
        outcome.expect(all(writer.acknowledged for writer in writers), "a writer wrote nothing")
        outcome.expect(not outcome.figures["control: politeness alone ended it"], "the control hung in nothing")


def _one_round(cluster: Cluster, writers: list[Writer]) -> tuple[float, float]:
    with _writing(writers):
        time.sleep(0.5)
        crash(cluster)
        begin = time.monotonic()
        cluster.stop()
        stopped = time.monotonic()
        if cluster.is_alive():
            stopped = float("inf")
    again = time.monotonic()
    cluster.start()
    return stopped - begin, time.monotonic() - again


def crash(cluster: Cluster) -> None:
    """Kill a process of the server that serves somebody, as a lack of memory does."""
    with suppress(psycopg.OperationalError), psycopg.connect(cluster.url(SUPERUSER)) as superuser:
        os.kill(superuser.info.backend_pid, signal.SIGKILL)


def politeness_ends(cluster: Cluster, patience: float = LIMIT) -> bool:
    """The control: a server one of whose processes answers nobody, asked to end and then left alone."""
    with suppress(psycopg.OperationalError), psycopg.connect(cluster.url(SUPERUSER)) as stuck:
        pid, running = stuck.info.backend_pid, cluster.running()
        os.kill(pid, signal.SIGSTOP)
        try:
            if running:
                os.kill(running.pid, signal.SIGINT)
            return not is_held(cluster.data / "postgres.lock", patience=patience)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    return True


@contextmanager
def _writing(writers: list[Writer]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=writer.write, args=[stop], daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)


class Writer:
    """Somebody who writes numbers, one a transaction, and remembers the last that the server said it had."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self._cluster, self._number = cluster, number
        self._next = 0
        self.acknowledged = 0
        self._said: set[int] = set()

    def write(self, until: threading.Event) -> None:
        """Until told to stop, or until the server is gone."""
        with suppress(psycopg.OperationalError), psycopg.connect(self._url(), autocommit=True) as connection:
            while not until.is_set():
                self._next += 1
                connection.execute("insert into public.drill values (%s, %s)", [self._number, self._next])
                self._said.add(self._next)
                self.acknowledged += 1

    def lost(self) -> int:
        """Numbers that the server said it had and that it hasn't."""
        with psycopg.connect(self._url()) as connection:
            rows = connection.execute("select number from public.drill where writer = %s", [self._number])
            return len(self._said - {number for (number,) in rows})

    def _url(self) -> str:
        return self._cluster.url(SUPERUSER)
