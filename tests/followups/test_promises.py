"""Promises are kept by what is received and applied in time (F4)."""

from datetime import timedelta

import pytest

from balances.queries import live_allocations
from balances.services import undo_allocation
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from followups.models import Case, Promise
from followups.services import cancel_promise, judge_promises, make_promise
from followups.services.cases import paid_of
from followups.services.promises import AHEAD
from payments.services import reverse_payment
from tests.factories import a_charge, a_patient, a_payment


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def charge(harbor, ethan):
    return a_charge(harbor, ethan, 10000)


@pytest.fixture
def promise(harbor, ethan, charge, today):
    return make_promise(ethan.account, 5000, today, by=harbor.bill)


def end_of(promise: Promise) -> tuple[str, int]:
    promise.refresh_from_db()
    return promise.status, promise.paid


def test_promise_opens_a_case_that_follows_it(promise):
    assert Case.objects.get().state == "promised"
    assert promise.case_id == Case.objects.get().pk


@pytest.mark.parametrize(
    ("paid", "status"), [(5000, "kept"), (5001, "kept"), (4999, "partly_kept"), (1, "partly_kept"), (0, "broken")]
)
def test_promise_is_judged_by_what_was_paid(harbor, ethan, charge, promise, today, paid, status):
    if paid:
        a_payment(harbor, ethan.account, paid, (charge, paid))
    assert judge_promises(by=harbor.itself, day=today) == []
    assert judge_promises(by=harbor.itself, day=today + timedelta(days=1)) == [promise]
    assert end_of(promise) == (status, paid)
    assert Case.objects.get().state == ("promise_broken" if status == "broken" else "contact_due")
    assert judge_promises(by=harbor.itself, day=today + timedelta(days=1)) == []


def test_grace_is_waited_for(harbor, ethan, charge, today):
    promise = make_promise(ethan.account, 5000, today, by=harbor.bill, grace=2)
    assert judge_promises(by=harbor.itself, day=today + timedelta(days=2)) == []
    assert judge_promises(by=harbor.itself, day=today + timedelta(days=3)) == [promise]


def test_money_that_was_not_applied_keeps_no_promise(harbor, ethan, charge, promise, today):
    a_payment(harbor, ethan.account, 5000)
    judge_promises(by=harbor.itself, day=today + timedelta(days=1))
    assert end_of(promise) == ("broken", 0)


def test_money_that_was_applied_before_keeps_no_promise(harbor, ethan, charge, today):
    a_payment(harbor, ethan.account, 5000, (charge, 5000))
    promise = make_promise(ethan.account, 5000, today, by=harbor.bill)
    undo_allocation(live_allocations().get().pk, by=harbor.bill, reason="too much", keep=4000)
    judge_promises(by=harbor.itself, day=today + timedelta(days=1))
    assert end_of(promise) == ("broken", 0)


def test_money_that_went_away_again_keeps_no_promise(harbor, ethan, charge, promise, today):
    reverse_payment(a_payment(harbor, ethan.account, 5000, (charge, 5000)), by=harbor.bill, reason="bounced")
    a_payment(harbor, ethan.account, 100, (charge, 100))
    judge_promises(by=harbor.itself, day=today + timedelta(days=1))
    assert end_of(promise) == ("partly_kept", 100)


def test_money_after_the_last_day_keeps_no_promise(harbor, ethan, charge, promise, today):
    late = Promise(case=promise.case, amount=5000, due_date=today - timedelta(days=1), made_at=promise.made_at)
    a_payment(harbor, ethan.account, 5000, (charge, 5000))
    assert paid_of(promise, by=harbor.itself) == 5000
    assert paid_of(late, by=harbor.itself) == 0


def test_new_promise_replaces_the_open_one(harbor, ethan, promise, today):
    second = make_promise(ethan.account, 100, today + timedelta(days=7), by=harbor.bill)
    assert end_of(promise) == ("cancelled", 0)
    assert (second.case_id, end_of(second)) == (promise.case_id, ("open", 0))


def test_cancelled_promise_makes_contact_due(harbor, promise):
    with pytest.raises(Refusal, match="Say why"):
        cancel_promise(promise, by=harbor.bill, reason="")
    cancel_promise(promise, by=harbor.bill, reason="misheard")
    assert end_of(promise) == ("cancelled", 0)
    assert Case.objects.get().state == "contact_due"
    with pytest.raises(Refusal, match="meanwhile"):
        cancel_promise(promise, by=harbor.bill, reason="again")


@pytest.mark.parametrize(
    ("amount", "days", "words"),
    [(0, 0, "greater than zero"), (10001, 0, "100.00"), (1, -1, "today"), (1, AHEAD.days + 1, "within a year")],
)
def test_impossible_promise_is_refused_in_words(harbor, ethan, charge, today, amount, days, words):
    with pytest.raises(Refusal, match=words):
        make_promise(ethan.account, amount, today + timedelta(days=days), by=harbor.bill)
    assert not Case.objects.exists()


def test_all_that_is_owed_may_be_promised_for_a_year_from_now(harbor, ethan, charge, today):
    promise = make_promise(ethan.account, 10000, today + AHEAD, by=harbor.bill)
    assert (promise.amount, promise.due_date) == (10000, today + AHEAD)


def test_promises_are_for_those_who_follow_up(harbor, ethan, promise, today):
    for act in (
        lambda: make_promise(ethan.account, 1, today, by=harbor.rita),
        lambda: cancel_promise(promise, by=harbor.rita, reason="no"),
        lambda: judge_promises(by=harbor.petra, day=today),
    ):
        with pytest.raises(Refused):
            act()


def test_promise_is_cancelled_from_the_account(harbor, ethan, promise, bill):
    """A promise that was misheard; its link stands beside it while it is open."""
    here = f"/c/harbor/followups/{ethan.account.ref}/"
    form = f"{here}promises/{promise.pk}/cancel/"
    assert f'href="{form}"' in bill.get(here).content.decode()
    assert bill.post(form, {"reason": " "}).status_code == 422
    assert end_of(promise) == ("open", 0)

    assert bill.post(form, {"reason": "misheard"})["Location"] == here

    assert (end_of(promise), Case.objects.get().state) == (("cancelled", 0), "contact_due")
    assert AuditEvent.objects.get(action="promise.ended").reason == "misheard"
    assert f'href="{form}"' not in bill.get(here).content.decode()
    assert bill.get(form).status_code == 409
    assert bill.post(form, {"reason": "again"}).status_code == 422
