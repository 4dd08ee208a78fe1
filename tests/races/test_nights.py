"""Workers that meet on one clinic's night: each chunk is done once (D6, D9)."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from django.db import connections

from balances.models import Charge, Entry
from balances.states import EntryKind
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import JobRun
from clinicpay.clinics.scope import clinic_scope
from clinicpay.night import STEPS, plan_nights, run_night
from tests.balances.invariants import broken
from tests.direct import connect, scratch
from tests.factories import a_charge, a_patient, a_payment
from tests.races.crowd import PATIENCE, a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


def test_control_cursor_that_is_read_before_it_is_locked_does_a_chunk_twice():
    both_have_read = threading.Barrier(WORKERS)

    def naive(_number: int) -> None:
        with connect() as connection:
            cursor = connection.execute("select coalesce(max(done), 0) from scratch").fetchone()[0]
            both_have_read.wait(PATIENCE)
            connection.execute("insert into scratch values (%s)", [cursor + 1])

    with scratch("done int"):
        assert not failures(rush(WORKERS, naive))
        with connect() as connection:
            assert connection.execute("select count(*) from scratch where done = 1").fetchone()[0] == WORKERS


def test_workers_on_one_night_apply_everything_once():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        day = clock.today(home.clinic)
        for n in range(12):
            patient = a_patient(home, f"Patient {n}")
            a_charge(home, patient, 1000)
            a_payment(home, patient.account, 700)
    steps = [replace(step, chunk=2) for step in STEPS]
    results = rush(WORKERS, lambda _: run_night(home.clinic.pk, day, steps))
    assert not failures(results)
    run_night(home.clinic.pk, day, steps)  # the tick that follows: a worker that found every row taken had left
    with clinic_scope(home.clinic):
        assert Entry.objects.filter(kind=EntryKind.ALLOCATE).count() == 12
        row = JobRun.objects.get(job="auto_apply")
        assert (row.state, row.done) == ("done", 12)
        assert not broken()


def test_d2_two_beats_at_once_write_each_night_down_once():
    """Both see that nothing is written; the row of a step and date exists once, whoever comes second."""
    home = a_clinic()
    with time_machine.travel(home.clinic.created_at + timedelta(days=3), tick=False):
        results = rush(WORKERS, lambda _: _planned(home))
    assert not failures(results)
    assert len(set(map(tuple, results))) == 1
    with clinic_scope(home.clinic):
        assert JobRun.objects.count() == len(results[0]) * len(STEPS)


def _planned(home):
    with clinic_scope(home.clinic):
        return plan_nights(home.clinic)


def test_d9_run_now_pressed_ten_times_while_the_night_runs_is_one_effect(client, monkeypatch):
    """D9, S3.9: each press is answered at once, and wakes a worker of its own; the money moves once."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        day = clock.local_now(home.clinic).date() - timedelta(days=1)
        patient = a_patient(home)
        charge = a_charge(home, patient, 1000)
        a_payment(home, patient.account, 700)
    applying, pressed, workers = threading.Event(), threading.Event(), []

    def slowly(night, accounts):
        applying.set()
        assert pressed.wait(PATIENCE)
        return STEPS[1].work(night, accounts)

    def worker(_name, arguments):
        workers.append(threading.Thread(target=_night, args=(home, day)))
        workers[-1].start()

    monkeypatch.setattr(current_app, "send_task", worker)
    first = threading.Thread(target=_night, args=(home, day, [STEPS[0], replace(STEPS[1], work=slowly), *STEPS[2:]]))
    first.start()
    assert applying.wait(PATIENCE)
    client.force_login(home.bill.user)
    pages = [client.post(address(home.clinic, "night_run_now"), {"day": day.isoformat()}) for _ in range(10)]
    pressed.set()
    for one in [first, *workers]:
        one.join()
    _night(home, day)  # the tick that follows
    assert [page.status_code for page in pages] == [302] * 10
    with clinic_scope(home.clinic):
        assert Charge.objects.get(pk=charge.pk).outstanding == 300
        assert Entry.objects.filter(kind=EntryKind.ALLOCATE).count() == 1
        assert set(JobRun.objects.values_list("state", flat=True)) == {"done"}
        assert not broken()


def _night(home, day, steps=STEPS):
    try:
        run_night(home.clinic.pk, day, steps)
    finally:
        connections.close_all()
