"""What the drills of the nights need of ClinicPay itself, in a process of its own: `python -m tests.drills.crew …`.

build SLUG ACCOUNTS              a practice whose last night has not begun
work SLUG WORKERS KILLS SECONDS  do its night, killing a worker every so many seconds; `naive` instead of `true`
send TASK TIMES SLUG             what beat or a person would send to the worker
left SLUG                        steps of the night that are not done
content SLUG                     all that the night may have changed
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import django

CHUNK = 20
"""Accounts: small, so that a short night has many chunks to be cut off in."""


def build(slug: str, accounts: str) -> None:
    """A practice for a night."""
    from tests.drills.practice import make_practice

    make_practice(slug, int(accounts))


def work(slug: str, workers: str, kills: str, seconds: str, how: str = "true") -> dict[str, Any]:
    """The night, done by so many processes, of which one is killed now and then and replaced."""
    begin, killed = time.monotonic(), 0
    crew = {_hire(slug, how) for _ in range(int(workers))}
    due = begin + float(seconds)
    while crew:
        with suppress(ChildProcessError):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                crew.discard(pid)
                crew |= {_hire(slug, how)} if status else set()
                continue
        if killed < int(kills) and time.monotonic() >= due:
            os.kill(random.choice(sorted(crew)), signal.SIGKILL)
            killed, due = killed + 1, due + float(seconds)
        time.sleep(0.005)
    return {"seconds": round(time.monotonic() - begin, 2), "killed": killed}


def send(task: str, times: str, slug: str = "") -> None:
    """Into the real broker."""
    from clinicpay.celery import app

    arguments = [] if task == "tick" else _night(slug, text=True)
    for _ in range(int(times)):
        app.send_task(f"clinicpay.tasks.{task}", arguments)


def left(slug: str) -> int:
    """Steps of the night that somebody would still work at."""
    from clinicpay.clinics.models import JobRun
    from clinicpay.clinics.scope import clinic_scope
    from clinicpay.night import ATTEMPTS

    clinic, day = _night(slug)
    with clinic_scope(clinic):
        rows = JobRun.objects.filter(local_date=day).exclude(state=JobRun.State.DONE)
        return rows.filter(attempts__lt=ATTEMPTS).count()


def content(slug: str) -> dict[str, list[Any]]:
    """All that the night may have changed; the broken invariants stand beside it."""
    from clinicpay.clinics.scope import clinic_scope
    from tests.balances.invariants import broken
    from tests.content import content

    with clinic_scope(_night(slug)[0]):
        return content() | {"broken": broken()}


def _night(slug: str, *, text: bool = False) -> list[Any]:
    """The clinic's id and the date of its night."""
    from clinicpay.clinics.models import JobRun
    from clinicpay.clinics.queries import all_clinics
    from clinicpay.clinics.scope import clinic_scope

    clinic = all_clinics()[slug]
    with clinic_scope(clinic):
        day = JobRun.objects.order_by("local_date").values_list("local_date", flat=True)[0]
    return [clinic, day.isoformat() if text else day]


def _hire(slug: str, how: str) -> int:
    """A new worker process; its id."""
    if pid := os.fork():
        return pid
    try:
        _toil(slug, how)
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"worker: {type(error).__name__}: {error}\n")
        os._exit(1)


def _toil(slug: str, how: str) -> None:
    """Until the night is done; a server that is away comes back, and another worker's chunk is over some time."""
    from django.db import DatabaseError, connections

    from clinicpay.night import STEPS, run_night
    from tests.drills.naive import run_naively

    run = run_naively if how == "naive" else run_night
    steps = [replace(step, chunk=CHUNK) for step in STEPS]
    while True:
        try:
            run(*_night(slug), steps)
            if not left(slug):
                return
        except DatabaseError:
            connections.close_all()
        time.sleep(0.05)


COMMANDS = {one.__name__: one for one in (build, work, send, left, content)}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinicpay.settings")
    django.setup()
    sys.stdout.write(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:]), default=str) + "\n")
