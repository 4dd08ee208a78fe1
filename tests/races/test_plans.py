"""The night and people at the same instalment: one invoice (S2.54, P2, D9); two who end a plan: one end."""

import threading
from uuid import uuid4

import pytest

from balances.models import Invoice
from balances.requests import Once, Repeated
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.night import run_night
from clinicpay.patients.models import Account
from followups.models import Plan
from followups.schedule import Terms
from followups.services import bill_next, cancel_plan, start_plan
from followups.shown import Shown
from followups.states import Frequency
from tests.balances.invariants import broken
from tests.direct import connect, scratch
from tests.factories import a_charge, a_patient, a_payment
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 6


def _plan(home, amount: int = 9000):
    patient = a_patient(home)
    terms = Terms(3000, Frequency.WEEKLY, clock.today(home.clinic))
    return start_plan(patient.account, [a_charge(home, patient, amount)], terms, by=home.bill)


def test_control_instalment_that_is_read_before_it_is_locked_is_billed_twice():
    both_have_read = threading.Barrier(2)

    def naive(_number: int) -> None:
        with connect() as connection:
            billed = connection.execute("select count(*) from scratch").fetchone()[0]
            both_have_read.wait(PATIENCE)
            if not billed:
                connection.execute("insert into scratch values (1)")

    with scratch("instalment int"):
        assert not failures(rush(2, naive))
        with connect() as connection:
            assert connection.execute("select count(*) from scratch").fetchone()[0] == 2


def test_d9_night_and_people_bill_an_instalment_once():
    """D9, S2.54: half of them are nights, the others press "Invoice now", each on a page of their own."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        plan, day = _plan(home), clock.today(home.clinic)

    def act(number: int) -> None:
        if number % 2:
            run_night(home.clinic.pk, day)
            return
        with clinic_scope(home.clinic, home.bill.user):
            bill_next(plan, 1, by=home.bill, first=1, once=Once.of(uuid4(), act="bill"))

    results = rush(CROWD, act)
    assert len(failures(results)) == len(failures(results, Refusal))
    run_night(home.clinic.pk, day)
    with clinic_scope(home.clinic):
        assert list(plan.instalments.values_list("status", flat=True)) == ["invoiced", "scheduled", "scheduled"]
        assert Invoice.objects.count() == 2
        assert not broken()


def test_one_press_sent_many_times_bills_once():
    """S2.54"""
    home, key = a_clinic(), uuid4()
    with clinic_scope(home.clinic, home.rita.user):
        plan = _plan(home)
    press = in_scope(home, lambda _: bill_next(plan, 2, by=home.bill, first=1, once=Once.of(key, act="bill")))
    results = rush(CROWD, press)
    assert len(failures(results)) == len(failures(results, Repeated)) == CROWD - 1
    with clinic_scope(home.clinic):
        assert Invoice.objects.count() == 3


def test_two_who_end_a_plan_end_it_once():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        plan = _plan(home)
    results = rush(2, in_scope(home, lambda _: cancel_plan(plan, by=home.bill, reason="Moved away")))
    [refused] = failures(results)
    assert str(refused) == "PL-001 is cancelled already."
    with clinic_scope(home.clinic):
        account = Account.objects.get(pk=plan.account_id)
        assert (account.owes, account.planned) == (9000, 0)
        assert not broken()


def test_paying_while_a_plan_is_made_leaves_one_of_both_whole():
    """S2.38: the plan is of what was shown, or there is none."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charge, terms = a_charge(home, patient, 9000), Terms(3000, Frequency.WEEKLY, clock.today(home.clinic))
        shown = Shown({charge.invoice.number: 9000})

    def act(number: int) -> None:
        if number:
            a_payment(home, patient.account, 1000, (charge, 1000))
        else:
            start_plan(patient.account, [charge], terms, by=home.bill, shown=shown)

    results = rush(2, in_scope(home, act))
    assert len(failures(results, Refusal)) == 1
    assert len(failures(results)) == 1
    with clinic_scope(home.clinic):
        account = Account.objects.get(pk=patient.account_id)
        assert (account.owes, account.planned) in {(0, 9000), (8000, 0)}
        assert Plan.objects.count() == (account.planned > 0)
        assert not broken()
