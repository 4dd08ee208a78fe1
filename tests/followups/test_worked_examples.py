"""The table "Following up" of docs/money.md, line by line."""

from datetime import timedelta

import pytest

from clinicpay.clinics import clock
from followups.models import Case
from followups.schedule import Terms
from followups.services import approve_write_off, judge_promises, make_promise, request_write_off, start_plan
from followups.states import CaseState, Frequency
from payments.services import record_return
from payments.states import Method, ReturnReason
from tests.balances.invariants import broken
from tests.balances.test_worked_examples import table
from tests.factories import a_charge, a_patient, a_payment

_, *LINES = table("Following up")


def pay(amount):
    def paid(home, charge):
        return a_payment(home, charge.account, amount, (charge, amount))

    return paid


def nothing(_home, _charge):
    """Nobody pays."""


def bounce(home, charge):
    payment = a_payment(home, charge.account, 10000, (charge, 10000), method=Method.CHEQUE)
    record_return(payment, 10000, by=home.bill, reason=ReturnReason.BOUNCED)


def write_off(home, charge):
    asked = request_write_off(charge.account, [charge.invoice], by=home.bill, reason="can't be found")
    approve_write_off(asked, by=home.olga)


def plan(home, charge):
    start_plan(charge.account, [charge], Terms(5000, Frequency.MONTHLY, clock.today(home.clinic)), by=home.bill)


ACTS = (pay(6000), nothing, pay(10000), bounce, write_off, plan)


@pytest.mark.parametrize(("line", "act"), list(zip(LINES, ACTS, strict=True)), ids=range(1, 1 + len(ACTS)))
def test_following_up_is_as_the_table_says(harbor, line, act):
    then, case_says, promise_says = line
    charge, today = a_charge(harbor, a_patient(harbor), 10000), clock.today(harbor.clinic)
    promise = make_promise(charge.account, 10000, today, by=harbor.bill)

    act(harbor, charge)
    if "judged" in then:
        judge_promises(by=harbor.itself, day=today + timedelta(days=1))

    case = Case.objects.get()
    promise.refresh_from_db()
    words = [case.get_state_display().lower()] + ([case.get_outcome_display().lower()] if case.outcome else [])
    assert ", ".join(words) in case_says
    assert ("closed" in case_says) == (case.state == CaseState.CLOSED)
    still_open = "by its date" in promise_says
    assert promise.get_status_display().lower() == ("open" if still_open else promise_says.removeprefix("stays "))
    assert not broken()
