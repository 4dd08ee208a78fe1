"""Cases close with the debt and open again with it (F1–F3, I7)."""

import re

import pytest
from django.db import IntegrityError, connection, transaction

from balances.queries import live_allocations
from balances.services import apply_credit, credit_charge, undo_allocation
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from followups.models import Case, Promise
from followups.schedule import Terms
from followups.services import (
    approve_write_off,
    bill_instalment,
    cancel_plan,
    close_case,
    make_promise,
    move_case,
    open_case,
    reject_write_off,
    request_write_off,
    reverse_write_off,
    start_plan,
)
from followups.services.flags import Next, flag_debt
from followups.states import CaseOutcome, CaseState, Frequency
from payments.services import GoingBack, refund_payment, reverse_payment
from payments.states import RefundReason
from tests.balances.money import credit_of
from tests.factories import a_charge, a_patient, a_payment


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def charge(harbor, ethan):
    return a_charge(harbor, ethan, 10000)


@pytest.fixture
def case(harbor, ethan, charge):
    return open_case(ethan.account, by=harbor.rita)


def commits() -> None:
    """What COMMIT would check."""
    connection.check_constraints()


def told(case: Case) -> list[str]:
    rows = AuditEvent.objects.filter(subject_type="followups.case", subject_id=case.pk)
    return list(rows.order_by("pk").values_list("action", flat=True))


def state_of(case: Case) -> tuple[str, str]:
    case.refresh_from_db()
    return case.state, case.outcome


def test_payment_of_all_that_is_owed_closes_the_case(harbor, ethan, charge, case):
    a_payment(harbor, ethan.account, 9999, (charge, 9999))
    assert state_of(case) == ("contact_due", "")
    a_payment(harbor, ethan.account, 1, (charge, 1))
    assert state_of(case) == ("closed", CaseOutcome.RECOVERED)
    assert case.closed_at
    assert told(case) == ["case.opened", "case.closed"]
    commits()


@pytest.mark.parametrize("back", ["reversal", "refund", "undone"])
def test_debt_that_comes_back_opens_the_same_case_again(harbor, ethan, charge, case, back):
    payment = a_payment(harbor, ethan.account, 10000, (charge, 10000))
    if back == "reversal":
        reverse_payment(payment, by=harbor.bill, reason="entered twice")
    elif back == "refund":
        refund_payment(payment, GoingBack(1, RefundReason.OTHER), by=harbor.bill)
    else:
        undo_allocation(live_allocations().get().pk, by=harbor.bill, reason="wrong", keep=9999)
    assert state_of(case) == ("contact_due", "")
    assert case.closed_at is None
    assert Case.objects.count() == 1
    assert told(case) == ["case.opened", "case.closed", "case.reopened"]
    commits()


def test_new_debt_opens_no_old_case(harbor, ethan, charge, case):
    a_payment(harbor, ethan.account, 10000, (charge, 10000))
    a_charge(harbor, ethan, 500)
    assert state_of(case) == ("closed", CaseOutcome.RECOVERED)
    assert open_case(ethan.account, by=harbor.rita).pk != case.pk


def test_case_opened_in_error_stays_closed(harbor, ethan, charge, case):
    close_case(case, by=harbor.bill, reason="wrong account")
    payment = a_payment(harbor, ethan.account, 10000, (charge, 10000))
    reverse_payment(payment, by=harbor.bill, reason="entered twice")
    assert state_of(case) == ("closed", CaseOutcome.IN_ERROR)
    assert case.reason == "wrong account"


def test_older_case_opens_again_past_one_that_was_opened_in_error(harbor, ethan, charge, case):
    payment = a_payment(harbor, ethan.account, 10000, (charge, 10000))
    a_charge(harbor, ethan, 500)
    error = close_case(open_case(ethan.account, by=harbor.rita), by=harbor.bill, reason="wrong account")
    reverse_payment(payment, by=harbor.bill, reason="entered twice")
    assert state_of(case) == ("contact_due", "")
    assert state_of(error)[0] == "closed"


def test_write_off_closes_the_case_as_written_off_and_its_reversal_opens_it(harbor, ethan, charge, case):
    write_off = request_write_off(ethan.account, [charge.invoice], by=harbor.bill, reason="gone away")
    assert state_of(case)[0] == "write_off_requested"
    approve_write_off(write_off, by=harbor.olga)
    assert state_of(case) == ("closed", CaseOutcome.WRITTEN_OFF)
    reverse_write_off(write_off, by=harbor.olga, reason="found again")
    assert state_of(case) == ("contact_due", "")
    commits()


def test_rejected_write_off_makes_contact_due_again(harbor, ethan, charge, case):
    write_off = request_write_off(ethan.account, [charge.invoice], by=harbor.bill, reason="gone away")
    reject_write_off(write_off, by=harbor.olga, reason="try again")
    assert state_of(case) == ("contact_due", "")


def a_plan(harbor, ethan, charge):
    terms = Terms(5000, Frequency.WEEKLY, clock.today(harbor.clinic))
    return start_plan(ethan.account, [charge], terms, by=harbor.bill)


def test_plan_opens_a_case_that_stays_open_without_billed_debt(harbor, ethan, charge):
    a_plan(harbor, ethan, charge)
    ethan.account.refresh_from_db()
    assert (ethan.account.owes, Case.objects.get().state) == (0, "on_plan")
    commits()


def test_case_closes_when_its_plan_is_completed(harbor, ethan, charge, case):
    plan = a_plan(harbor, ethan, charge)
    for instalment in plan.instalments.all():
        invoice = bill_instalment(instalment, by=harbor.bill)
        assert state_of(case) == ("on_plan", "")
        payment = a_payment(harbor, ethan.account, 5000, (invoice.charges.get(), 5000))
    assert state_of(case) == ("closed", CaseOutcome.PLAN_COMPLETED)
    reverse_payment(payment, by=harbor.bill, reason="bounced")
    assert state_of(case) == ("on_plan", "")
    commits()


def test_cancelled_plan_makes_contact_due_again(harbor, ethan, charge, case):
    cancel_plan(a_plan(harbor, ethan, charge), by=harbor.bill, reason="never paid")
    assert state_of(case) == ("contact_due", "")
    commits()


def test_plan_that_was_billed_wholly_ends_without_moving_money(harbor, ethan, charge, case):
    plan = a_plan(harbor, ethan, charge)
    for instalment in plan.instalments.all():
        bill_instalment(instalment, by=harbor.bill)
    cancel_plan(plan, by=harbor.bill, reason="never paid")
    assert state_of(case) == ("contact_due", "")


def test_credit_note_of_everything_closes_the_case(harbor, ethan, charge, case):
    credit_charge(charge, 10000, by=harbor.bill, reason="wrong patient")
    assert state_of(case) == ("closed", CaseOutcome.RECOVERED)


def test_debt_that_is_followed_up_is_not_flagged_again(harbor, ethan, charge):
    today = clock.today(harbor.clinic)
    promise = flag_debt(ethan.account, Next(promised=4000, promised_for=today), by=harbor.rita)
    with pytest.raises(Refusal, match="One follow-up is enough"):
        flag_debt(ethan.account, Next(promised=5000, promised_for=today), by=harbor.rita)
    promise.refresh_from_db()
    assert (promise.status, Promise.objects.count()) == ("open", 1)


@pytest.mark.parametrize("promised", [4000, 10000])
def test_applying_money_in_hand_closes_the_case_and_keeps_its_promise(harbor, ethan, charge, case, promised):
    credit = credit_of(a_payment(harbor, ethan.account, 10000))
    promise = make_promise(ethan.account, promised, clock.today(harbor.clinic), by=harbor.bill)
    apply_credit(credit, [(charge, 10000)], by=harbor.rita)
    promise.refresh_from_db()
    assert (promise.status, promise.paid) == ("kept", 10000)
    assert state_of(case)[0] == "closed"
    commits()


def test_promise_of_a_debt_that_was_credited_is_cancelled(harbor, ethan, charge, case):
    promise = make_promise(ethan.account, 4000, clock.today(harbor.clinic), by=harbor.bill)
    credit_charge(charge, 10000, by=harbor.bill, reason="wrong patient")
    promise.refresh_from_db()
    assert (promise.status, promise.paid) == ("cancelled", 0)


def test_case_without_debt_or_a_second_one_is_refused_in_words(harbor, ethan, case):
    with pytest.raises(Refusal, match="followed up already"):
        open_case(ethan.account, by=harbor.rita)
    with pytest.raises(Refusal, match="owes nothing"):
        open_case(a_patient(harbor, "Mia").account, by=harbor.rita)


@pytest.mark.parametrize("to", ["callback_set", "disputed", "refused"])
def test_open_case_moves_by_hand(harbor, case, to):
    moved = move_case(case, CaseState(to), by=harbor.bill, reason="on the phone")
    assert state_of(moved) == (to, "")
    with pytest.raises(Refusal, match="already"):
        move_case(case, CaseState(to), by=harbor.bill)


@pytest.mark.parametrize("to", ["promised", "write_off_requested", "on_plan", "closed"])
def test_state_that_says_that_something_was_done_is_refused_by_hand(harbor, case, to):
    with pytest.raises(Refusal):
        move_case(case, CaseState(to), by=harbor.bill)
    assert state_of(case) == ("contact_due", "")


def test_closed_case_is_neither_moved_nor_closed_again(harbor, case):
    with pytest.raises(Refusal, match="Say why"):
        close_case(case, by=harbor.bill, reason=" ")
    close_case(case, by=harbor.bill, reason="wrong account")
    with pytest.raises(Refusal, match="closed already"):
        close_case(case, by=harbor.bill, reason="again")
    with pytest.raises(Refusal, match="is closed"):
        move_case(case, CaseState.DISPUTED, by=harbor.bill)


def test_reception_flags_only_and_practitioners_not_even_that(harbor, ethan, charge):
    with pytest.raises(Refused):
        open_case(ethan.account, by=harbor.petra)
    case = open_case(ethan.account, by=harbor.rita)
    for act in (
        lambda: move_case(case, CaseState.DISPUTED, by=harbor.rita),
        lambda: close_case(case, by=harbor.rita, reason="no"),
    ):
        with pytest.raises(Refused):
            act()


def test_case_is_not_committed_without_debt(harbor, ethan, charge, case):
    """The service is passed by: the database looks at commit."""
    other = a_patient(harbor, "Mia")

    def commit() -> None:
        with transaction.atomic():
            Case.objects.create(account=other.account)
            commits()

    with pytest.raises(IntegrityError, match="neither debt nor plan"):
        commit()


def _close_page(patient) -> tuple[str, str]:
    here = f"/c/harbor/followups/{patient.account.ref}/"
    return here, f"{here}close/"


def test_case_that_was_opened_in_error_is_closed_from_the_account(harbor, ethan, case, bill):
    """It still owes, so it stays in the queue; new debt or money does not take the case up again."""
    here, form = _close_page(ethan)
    assert f'href="{form}"' in bill.get(here).content.decode()
    assert bill.post(form, {"reason": " ", "seen": "contact_due"}).status_code == 422
    assert state_of(case) == ("contact_due", "")

    assert bill.post(form, {"reason": "wrong account", "seen": "contact_due"})["Location"] == here

    assert state_of(case) == ("closed", "in_error")
    assert Case.objects.get().reason == "wrong account"
    assert f'href="{form}"' not in bill.get(here).content.decode()
    assert ethan.name in bill.get("/c/harbor/followups/").content.decode()
    assert (bill.get(form).status_code, bill.post(form, {"reason": "again"}).status_code) == (409, 409)


def test_case_that_somebody_worked_on_meanwhile_is_not_closed_unseen(harbor, ethan, case, bill, today):
    """The first press says what it is now and closes nothing; the second is meant."""
    _, form = _close_page(ethan)
    promise = make_promise(ethan.account, 5000, today, by=harbor.olga)
    answer = bill.post(form, {"reason": "wrong account", "seen": "contact_due"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This follow-up is promised now. Nothing was closed; look again." in page
    assert re.search(r'name="seen" value="promised"', page)
    assert state_of(case) == ("promised", "")
    assert bill.post(form, {"reason": "wrong account", "seen": "promised"}).status_code == 302
    promise.refresh_from_db()
    assert (state_of(case), promise.status) == (("closed", "in_error"), "cancelled")


@pytest.mark.parametrize(("to", "words"), [("on_plan", "Cancel the plan"), ("write_off_requested", "Have it decided")])
def test_case_that_waits_for_a_plan_or_a_write_off_was_not_opened_in_error(harbor, ethan, case, bill, to, words):
    Case.objects.update(state=to)
    here, form = _close_page(ethan)
    assert f'href="{form}"' not in bill.get(here).content.decode()
    answer = bill.get(form)
    assert (answer.status_code, words in answer.content.decode()) == (409, True)
    with pytest.raises(Refusal, match=words):
        close_case(case, by=harbor.bill, reason="wrong account")
    assert state_of(case) == (to, "")
