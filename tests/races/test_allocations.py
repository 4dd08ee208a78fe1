"""Money applied by many at once: never more than there is, never waiting for each other in a circle."""

import threading

import psycopg
import pytest

from balances.models import Charge, Credit
from balances.services import apply_credit, undo_allocation
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from payments.services import reverse_payment
from tests.balances.invariants import broken
from tests.balances.money import allocation, applied, credit_of, left, totals
from tests.direct import connect, scratch
from tests.factories import a_charge, a_patient, a_payment
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 8


def test_control_reading_before_writing_applies_too_much():
    both_have_read = threading.Barrier(CROWD)

    def naive(number: int) -> None:
        with connect() as connection:
            free = 1000 - connection.execute("select coalesce(sum(amount), 0) from scratch").fetchone()[0]
            both_have_read.wait(PATIENCE)
            if free >= 600:
                connection.execute("insert into scratch values (600)")

    with scratch("amount bigint"):
        assert not failures(rush(CROWD, naive))
        with connect() as connection:
            assert connection.execute("select sum(amount) from scratch").fetchone()[0] == CROWD * 600 > 1000


def test_crowd_on_one_payment_and_one_charge_never_applies_too_much():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charge = a_charge(home, patient, 1000)
        credit = credit_of(a_payment(home, patient.account, 900))
    results = rush(CROWD, in_scope(home, lambda n: apply_credit(credit, [(charge, 250)], by=home.rita)))
    assert len(failures(results, Refusal)) == len(failures(results)) == CROWD - 3
    with clinic_scope(home.clinic):
        assert (left(charge), applied()) == ([250], [250] * 3)
        assert Credit.objects.get().available == 150
        assert not broken()


def test_crowd_with_payments_of_their_own_never_pays_a_charge_twice():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charge = a_charge(home, patient, 1000)
        credits = [credit_of(a_payment(home, patient.account, 600)) for _ in range(CROWD)]
    results = rush(CROWD, in_scope(home, lambda n: apply_credit(credits[n], [(charge, 600)], by=home.rita)))
    assert len(failures(results, Refusal)) == len(failures(results)) == CROWD - 1
    with clinic_scope(home.clinic):
        assert left(charge) == [400]
        assert not broken()


def test_undo_of_one_allocation_by_a_crowd_happens_once():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charge = a_charge(home, patient, 1000)
        a_payment(home, patient.account, 1000, (charge, 700), (charge, 200))
        entry = allocation(charge_delta=-700)
    results = rush(CROWD, in_scope(home, lambda n: undo_allocation(entry.pk, by=home.rita, reason="wrong")))
    assert len(failures(results, Refusal)) == len(failures(results)) == CROWD - 1
    with clinic_scope(home.clinic):
        assert (left(charge), applied()) == ([800], [200])
        assert not broken()


def test_reversal_of_one_payment_by_a_crowd_happens_once():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charge = a_charge(home, patient, 1000)
        payment = a_payment(home, patient.account, 800, (charge, 700))
    results = rush(CROWD, in_scope(home, lambda n: reverse_payment(payment, by=home.rita, reason="twice")))
    assert len(failures(results, Refusal)) == len(failures(results)) == CROWD - 1
    with clinic_scope(home.clinic):
        assert totals(patient.account) == (1000, 0)
        assert not broken()


def test_reversal_while_the_money_is_being_applied_leaves_no_voided_money_behind():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        insurer = open_account(by=home.rita, name="Delta", kind=Account.Kind.INSURANCE)
        add_payer(patient, insurer, by=home.rita)
        charge = a_charge(home, patient, 1000)
        payment = a_payment(home, insurer, 800)
        credit = credit_of(payment)

    def act(number: int) -> None:
        if number == 0:
            reverse_payment(payment, by=home.rita, reason="twice")
        else:
            apply_credit(credit, [(charge, 100)], by=home.rita)

    results = rush(CROWD, in_scope(home, act))
    assert len(failures(results)) == len(failures(results, Refusal))
    with clinic_scope(home.clinic, home.rita.user):
        if failures(results[:1]):  # the money had just been applied to another account: said so, and repeated
            reverse_payment(payment, by=home.rita, reason="twice")
        assert (left(charge), applied()) == ([1000], [])
        assert not broken()


def test_control_crossing_updates_die_of_a_deadlock():
    first_is_held = threading.Barrier(2)

    def cross(number: int) -> None:
        with connect() as connection:
            connection.execute("update scratch set amount = amount + 1 where id = %s", [number])
            first_is_held.wait(PATIENCE)
            connection.execute("update scratch set amount = amount + 1 where id = %s", [1 - number])

    with scratch("id int, amount bigint"):
        with connect() as connection:
            connection.execute("insert into scratch values (0, 0), (1, 0)")
        assert len(failures(rush(2, cross), psycopg.errors.DeadlockDetected)) == 1


def test_crossing_allocations_never_deadlock():
    """B4: two payers and two patients, each thread applying in the opposite direction of its neighbour."""
    home, rounds = a_clinic(), 15
    with clinic_scope(home.clinic, home.rita.user):
        patients = [a_patient(home), a_patient(home, "Mia")]
        charges = [a_charge(home, patient, 10**6) for patient in patients]
        payers = [open_account(by=home.rita, name=name, kind=Account.Kind.INSURANCE) for name in ("Delta", "Cigna")]
        credits = []
        for payer in payers:
            for patient in patients:
                add_payer(patient, payer, by=home.rita)
            credits.append(credit_of(a_payment(home, payer, 10**6)))

    def act(number: int) -> None:
        parts = [(charges[number % 2], 10), (charges[1 - number % 2], 10)]
        apply_credit(credits[number // 2 % 2], parts, by=home.rita)

    assert not failures(rush(CROWD, in_scope(home, act, times=rounds)))
    with clinic_scope(home.clinic):
        assert sum(applied()) == CROWD * rounds * 20
        assert not broken()


def test_crossing_raw_statements_meet_the_same_order_in_the_database():
    """Single statements of raw SQL take their locks in one order too, whatever order their lines have."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charges = [a_charge(home, patient, 10**6) for _ in range(2)]
        credits = [credit_of(a_payment(home, patient.account, 10**6)) for _ in range(2)]

    def act(number: int) -> None:
        order = (0, 1) if number % 2 else (1, 0)
        parts = [(charges[n], 10) for n in order]
        apply_credit(credits[order[0]], parts, by=home.rita)

    assert not failures(rush(CROWD, in_scope(home, act, times=3)))
    with clinic_scope(home.clinic):
        assert Charge.objects.filter(outstanding__lt=10**6).count() == 2
        assert not broken()
