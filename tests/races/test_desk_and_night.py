"""B12: reception works on the same patients while the night applies their money: nobody waits long, nothing breaks."""

import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from balances.models import Charge, Credit
from balances.queries import live_allocations
from balances.services import apply_credit, undo_allocation
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.night import STEPS, Night, Tally, run_night
from payments.models import Payment
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
from tests.balances.invariants import broken
from tests.factories import Clinicful, a_charge, a_patient, a_payment
from tests.races.crowd import a_clinic, failures, rush, until_waiting

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = float(os.environ.get("CLINICPAY_DESK_SECONDS", "3"))
"""A drill takes 60."""

PATIENTS = int(os.environ.get("CLINICPAY_DESK_PATIENTS", "6"))
"""A drill has 200: the accounts that a night's transaction holds at once."""

WAIT = float(os.environ.get("CLINICPAY_DESK_WAIT", "30"))
"""Seconds that 99 of 100 waits for a lock stay below; 0.5 in a drill; other tests share the machine with the suite."""

DESKS = 4


@dataclass
class Told:
    """What one desk did, what was refused, and how long each lock took."""

    done: int = 0
    refused: int = 0
    waits: list[float] = field(default_factory=list)


@contextmanager
def waits_noted(waits: list[float]) -> Iterator[None]:
    """The time of every statement that takes a lock."""

    def timed(execute: Any, sql: Any, *rest: Any) -> Any:
        begin = time.monotonic()
        try:
            return execute(sql, *rest)
        finally:
            if " FOR " in str(sql) and "UPDATE" in str(sql):
                waits.append(time.monotonic() - begin)

    with connection.execute_wrapper(timed):
        yield


def act(home: Clinicful, dice: random.Random) -> None:
    """What reception or billing does next, to some patient."""
    match dice.randrange(4):
        case 0:
            charge = dice.choice(Charge.objects.select_related("account"))
            a_payment(home, charge.account, dice.randint(100, 900))
        case 1:
            credit = dice.choice(Credit.objects.filter(available__gt=0))
            charge = dice.choice(Charge.objects.filter(account=credit.account_id))
            apply_credit(credit, [(charge, dice.randint(1, 300))], by=home.rita)
        case 2:
            undo_allocation(dice.choice(live_allocations()).pk, by=home.rita, reason="wrong charge")
        case _:
            payment = dice.choice(Payment.objects.filter(status="paid"))
            refund_payment(payment, GoingBack(dice.randint(1, 200), RefundReason.OTHER), by=home.bill)


def desk(home: Clinicful, number: int, over: threading.Event) -> Told:
    """At work for as long as there are nights."""
    dice, told = random.Random(number), Told()
    while not (over.is_set() and told.done):
        try:
            with clinic_scope(home.clinic, home.rita.user), waits_noted(told.waits):
                act(home, dice)
            told.done += 1
        except (Refusal, IndexError):  # no longer so, or nothing there to choose from
            told.refused += 1
    return told


def nights(home: Clinicful, until: float, hold: float) -> int:
    """One night after the other, each of a date of its own; how many. `hold` is how long all desks wait for it."""

    def work(night: Night, accounts: Sequence[int]) -> Tally:
        tally = STEPS[1].work(night, accounts)
        if hold:
            until_waiting(DESKS)
            time.sleep(hold)
        return tally

    with clinic_scope(home.clinic):
        day = clock.today(home.clinic)
    count = 0
    while time.monotonic() < until or count < 2:
        count += 1
        run_night(home.clinic.pk, day - timedelta(days=count), [replace(STEPS[1], work=work)])
    return count


def a_morning(patients: int, seconds: float, hold: float = 0) -> tuple[Clinicful, list[Told], int]:
    """The desks and the nights at once, on a clinic of its own."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        for n in range(patients):
            patient = a_patient(home, f"Patient {n}")
            for fee in (1000, 1500):
                a_charge(home, patient, fee)
            a_payment(home, patient.account, 700)
    until, over = time.monotonic() + seconds, threading.Event()

    def work(number: int) -> Told | int:
        if number < DESKS:
            return desk(home, number, over)
        try:
            return nights(home, until, hold)
        finally:
            over.set()

    crowd = rush(DESKS + 1, work)
    assert not failures(crowd)
    return home, crowd[:DESKS], crowd[DESKS]


def p99(desks: list[Told]) -> float:
    waits = sorted(wait for one in desks for wait in one.waits)
    return waits[int(len(waits) * 0.99)]


def test_b12_desks_and_nights_at_once_break_nothing_and_wait_little():
    home, desks, count = a_morning(PATIENTS, SECONDS)
    acts, ms = sum(one.done for one in desks), p99(desks) * 1000
    print(f"{acts} acts, {count} nights; 99 of 100 locks within {ms:.0f} ms")  # noqa: T201
    with clinic_scope(home.clinic):
        assert not broken()
    assert all(one.done for one in desks)
    assert p99(desks) < WAIT


def test_b12_control_night_that_holds_its_accounts_longer_is_seen():
    _, desks, _ = a_morning(3, 2, hold=0.6)
    assert p99(desks) > 0.5
