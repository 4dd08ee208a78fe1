"""Many people at once: threads with connections of their own, let go together."""

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any

from django.db import connections

from clinicpay.clinics.scope import clinic_scope
from tests.direct import connect
from tests.factories import Clinicful, make_clinic

PATIENCE = 120
"""Seconds after which a thread that waits for others gives up: no busy machine takes so long, only a fault does."""


def a_clinic() -> Clinicful:
    """A clinic of its own for one test: what it commits stays."""
    return make_clinic(f"race-{uuid.uuid4().hex[:10]}")


def rush(size: int, act: Callable[[int], Any]) -> list[Any]:
    """Call `act(0)` … `act(size - 1)` at the same moment; what each returned, or the exception that it raised."""
    results: list[Any] = [None] * size
    gate = threading.Barrier(size)

    def run(number: int) -> None:
        try:
            gate.wait(PATIENCE)
            results[number] = act(number)
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def in_scope(home: Clinicful, act: Callable[[int], Any], times: int = 1) -> Callable[[int], Any]:
    """`act` as a request would run it: each call in a transaction of its own, by Rita."""

    def run(number: int) -> Any:
        answers = []
        for _ in range(times):
            with clinic_scope(home.clinic, home.rita.user):
                answers.append(act(number))
        return answers if times > 1 else answers[0]

    return run


def until_waiting(people: int = 1) -> None:
    """Come back when so many of the application's connections wait for a lock that another one holds."""
    end = time.monotonic() + PATIENCE
    with closing(connect("owner", autocommit=True)) as eye:
        while eye.execute(_WAITING, [connections.settings["default"]["USER"]]).fetchone()[0] < people:
            assert time.monotonic() < end, f"{people} were to wait for a lock"
            time.sleep(0.01)


_WAITING = (
    "select count(*) from pg_locks join pg_stat_activity using (pid)"
    " where datname = current_database() and usename = %s and not granted"
)


def failures(results: list[Any], *kinds: type[Exception]) -> list[Exception]:
    """The results that are exceptions, of the given kinds if any are given."""
    return [one for one in results if isinstance(one, kinds or Exception)]
