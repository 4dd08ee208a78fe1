"""Write-offs as people meet them: asked for, decided, reversed, recovered (S2.42–S2.45, S2.49, S2.57, S2.58)."""

from datetime import timedelta

import pytest

from balances.models import Charge, Entry
from balances.services import hold_credit
from followups.models import Case, Plan, WriteOff
from followups.schedule import Terms
from followups.services import make_promise, start_plan
from followups.states import Frequency
from tests.balances.invariants import broken
from tests.factories import a_charge, a_patient, a_payment
from tests.followups.giving_up import asked, at, filled, journal, key, owes, page, text
from tests.followups.pages import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(harbor):
    return a_patient(harbor)


@pytest.fixture
def charge(harbor, patient, today):
    return a_charge(harbor, patient, 10000, on=today - timedelta(days=95))


@pytest.fixture
def olga(harbor):
    return browser(harbor.olga)


def test_owner_writes_off_at_once_and_the_balance_becomes_zero(harbor, patient, charge, olga):
    """S2.42, S2.43, S2.44, S2.45, W1"""
    assert "Write off" in text(olga.get(f"/c/harbor/followups/{patient.account.ref}/"))
    form = text(olga.get(at(patient)))
    assert charge.invoice.ref in form
    assert "Request write-off" not in form

    answer = olga.post(at(patient), filled(patient, charge))

    assert (answer.status_code, answer["Location"]) == (302, page(1))
    assert owes(patient) == 0
    assert journal() == [("credit", "accounts receivable", 10000), ("debit", "write-off expense", 10000)]
    made = WriteOff.objects.get()
    assert (made.status, made.at_once, made.decided_by_id) == ("approved", True, harbor.olga.user_id)
    assert "Can’t be found" in text(olga.get(page(1)))
    assert not broken()


def test_billing_is_told_who_may_and_can_ask_for_it(harbor, patient, charge, bill):
    """S2.57, S2.58, C10"""
    form = text(bill.get(at(patient)))
    assert "Only an owner can write off. Ask Olga (Owner) for delegated permission." in form
    assert "Request write-off" in form

    answer = bill.post(at(patient), filled(patient, charge))
    assert answer.status_code == 422
    assert text(answer).count("Only an owner can write off. Ask Olga (Owner) for delegated permission.") == 1
    assert "Request write-off" in text(answer)
    assert not WriteOff.objects.exists()
    assert owes(patient) == 10000

    assert bill.post(at(patient), filled(patient, charge, step="ask")).status_code == 302
    made = WriteOff.objects.get()
    assert (made.status, made.requested_by_id, owes(patient)) == ("requested", harbor.bill.user_id, 10000)
    assert "Only an owner can write off" in text(bill.get(page(1)))
    answer = bill.post(page(1, "approve/"), key())
    assert answer.status_code == 422
    assert text(answer).count("Only an owner can write off") == 1, "said once: above the page"
    assert owes(patient) == 10000


def test_reception_opens_none_of_it(harbor, patient, charge):
    """S2.57"""
    asked(harbor, charge)
    rita = browser(harbor.rita)
    for place in (at(patient), page(1), "/c/harbor/write-offs/", "/c/harbor/reports/write-offs/"):
        assert rita.get(place).status_code == 403
    assert "Billing, Admin or Owner" in text(rita.post(at(patient), filled(patient, charge)))


def test_owner_approves_one_and_declines_another(harbor, patient, charge, today, olga, bill):
    """S2.44, S2.45, S2.49; the case closes with the debt and goes on with what is declined."""
    other = a_patient(harbor, "Maya", "Okafor")
    second = a_charge(harbor, other, 5000, on=today - timedelta(days=40))
    make_promise(patient.account, 100, today, by=harbor.bill)
    asked(harbor, charge)
    asked(harbor, second)

    waiting = text(olga.get("/c/harbor/write-offs/"))
    assert "WO-001" in waiting
    assert "WO-002" in waiting
    assert "2 write-offs wait for your decision: $150.00." in text(olga.get("/c/harbor/today/"))
    assert "wait for your decision" not in text(bill.get("/c/harbor/today/"))
    decision = text(olga.get(page(1)))
    for words in ("90+ days", "Contact history", "0 kept, 0 partly, 0 broken", "Open invoices", "In hand", "Approve"):
        assert words in decision, words

    assert olga.post(page(1, "approve/"), key()).status_code == 302
    assert olga.post(page(2, "decline/"), {"reason": " ", **key()}).status_code == 422
    assert olga.post(page(2, "decline/"), {"reason": "She will pay", **key()}).status_code == 302

    assert (owes(patient), owes(other)) == (0, 5000)
    assert Case.objects.get(account=patient.account).outcome == "written_off"
    assert "She will pay" in text(bill.get(page(2)))
    assert "No write-off waits" in text(olga.get("/c/harbor/write-offs/"))
    assert "WO-002" in text(olga.get("/c/harbor/write-offs/?status=rejected"))


def test_approving_twice_is_told_and_posts_once(harbor, patient, charge, olga):
    asked(harbor, charge)
    sent = key()
    assert [olga.post(page(1, "approve/"), sent).status_code for _ in range(2)] == [302, 302]
    answer = olga.post(page(1, "approve/"), key())
    assert answer.status_code == 422
    assert "WO-001 is approved" in text(answer)
    assert Entry.objects.filter(kind="write_off").count() == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reason": " "}, "Say why, in your words."),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"cause": ""}, "Choose a reason."),
        ({"cause": "revenge"}, "Select a valid choice"),
        ({"invoices": []}, "Choose at least one invoice."),
        ({"invoices": ["INV-999"]}, "isn’t this account’s"),
        ({"request_key": "x"}, "out of date"),
    ],
)
def test_wrong_form_is_told_and_changes_nothing(harbor, patient, charge, olga, wrong, words):
    """S2.43"""
    answer = olga.post(at(patient), filled(patient, charge, **wrong))
    assert answer.status_code == 422
    assert words in text(answer)
    assert not WriteOff.objects.exists()
    assert owes(patient) == 10000


def test_invoice_of_somebody_else_is_refused(harbor, patient, charge, olga):
    stranger = a_charge(harbor, a_patient(harbor, "Maya", "Okafor"), 700)
    answer = olga.post(at(patient), filled(patient, stranger))
    assert answer.status_code == 422
    assert "isn’t this account’s" in text(answer)
    assert not WriteOff.objects.exists()


def test_invoice_paid_just_now_is_refused_with_the_new_figures(harbor, patient, charge, today, olga):
    other = a_charge(harbor, patient, 3000, on=today - timedelta(days=9))
    sent = filled(patient, charge, other)
    a_payment(harbor, patient.account, 3000, (other, 3000))
    answer = olga.post(at(patient), sent)
    assert answer.status_code == 422
    assert "owes nothing any more" in text(answer)
    part = filled(patient, charge)
    a_payment(harbor, patient.account, 2500, (charge, 2500))
    answer = olga.post(at(patient), part)
    assert answer.status_code == 422
    assert "What is owed has changed" in text(answer)
    assert "$75.00" in text(answer)
    assert not WriteOff.objects.exists()


def test_money_in_hand_is_named_with_its_place_and_comes_first(harbor, patient, charge, olga):
    """W3"""
    sent = filled(patient, charge)
    request = asked(harbor, charge)
    payment = a_payment(harbor, patient.account, 1200)
    form = text(olga.get(at(patient)))
    assert f"WO-{request.number:03d}" in form
    decision = text(olga.get(page(1)))
    assert "has money in hand that could pay this" in decision
    assert f"$12.00 of {payment.ref}" in decision
    answer = olga.post(page(1, "approve/"), key())
    assert answer.status_code == 422
    assert f"has $12.00 in hand: $12.00 of {payment.ref}. Apply that first" in text(answer)
    olga.post(page(1, "decline/"), {"reason": "Pays after all", **key()})
    answer = olga.post(at(patient), sent)
    assert answer.status_code == 422
    assert "has money in hand" in text(answer)
    assert owes(patient) == 10000


def test_money_held_for_one_invoice_stands_against_that_one_alone(harbor, patient, charge, today, olga):
    """W3: a pre-payment pays what it is held for; anything else can be given up."""
    other = a_charge(harbor, patient, 700, on=today - timedelta(days=5))
    event = charge.event
    payment = a_payment(harbor, patient.account, 1500)
    hold_credit(payment.credits.get(), 1500, by=harbor.bill, event=event)
    form = text(olga.get(at(patient)))
    assert f"$15.00 held for this on {payment.ref}" in form
    answer = olga.post(at(patient), filled(patient, charge, other))
    assert answer.status_code == 422
    assert f"has $15.00 in hand: $15.00 held for this on {payment.ref}" in text(answer)
    assert olga.post(at(patient), filled(patient, other)).status_code == 302
    assert owes(patient) == 10000


def test_request_of_figures_that_changed_is_declined_and_asked_anew(harbor, patient, charge, olga):
    asked(harbor, charge)
    a_payment(harbor, patient.account, 4000, (charge, 4000))
    decision = text(olga.get(page(1)))
    assert "it was $100.00, and is $60.00" in decision
    answer = olga.post(page(1, "approve/"), key())
    assert answer.status_code == 422
    assert "Decline it and ask anew" in text(answer)
    assert (owes(patient), WriteOff.objects.get().status) == (6000, "requested")


def test_request_of_what_was_paid_meanwhile_can_only_be_declined(harbor, patient, charge, olga):
    asked(harbor, charge)
    a_payment(harbor, patient.account, 10000, (charge, 10000))
    decision = text(olga.get(page(1)))
    assert "it was $100.00, and is $0.00. Nothing of it is left to give up: decline it." in decision
    assert page(1, "decline/") in olga.get(page(1)).content.decode()
    assert page(1, "approve/") not in olga.get(page(1)).content.decode()


def test_unbilled_principal_is_given_up_with_its_plan(harbor, patient, charge, today, olga):
    """P4, C9: the plan is cancelled first, and everything is owed nothing."""
    later = a_charge(harbor, patient, 5000, on=today - timedelta(days=20))
    plan = start_plan(patient.account, [charge], Terms(2500, Frequency.WEEKLY, today), by=harbor.bill)
    form = text(olga.get(at(patient)))
    assert "Not billed yet" in form
    assert plan.ref in form

    assert olga.post(at(patient), filled(patient, later, with_plans="on")).status_code == 302

    patient.account.refresh_from_db()
    assert (patient.account.owes, patient.account.planned) == (0, 0)
    assert Plan.objects.get().status == "cancelled"
    assert WriteOff.objects.get().amount == 15000
    assert Charge.objects.get(pk=charge.pk).written_off == 10000
    assert not broken()


def test_billed_debt_alone_leaves_the_plan_as_it_is(harbor, patient, charge, today, olga):
    later = a_charge(harbor, patient, 5000, on=today - timedelta(days=20))
    start_plan(patient.account, [charge], Terms(2500, Frequency.WEEKLY, today), by=harbor.bill)
    assert olga.post(at(patient), filled(patient, later)).status_code == 302
    patient.account.refresh_from_db()
    assert (patient.account.owes, patient.account.planned) == (0, 10000)
    assert Plan.objects.get().status == "active"


def test_declined_request_leaves_the_plan(harbor, patient, charge, today, olga, bill):
    plan = start_plan(patient.account, [charge], Terms(2500, Frequency.WEEKLY, today), by=harbor.bill)
    assert bill.post(at(patient), filled(patient, step="ask", with_plans="on")).status_code == 302
    assert olga.post(page(1, "decline/"), {"reason": "Pays well", **key()}).status_code == 302
    plan.refresh_from_db()
    assert plan.status == "active"
    assert Case.objects.get().state == "on_plan"


def test_approved_write_off_is_reversed_with_a_reason(harbor, patient, charge, olga, bill):
    """S2.49"""
    asked(harbor, charge)
    olga.post(page(1, "approve/"), key())
    assert "Only an owner" in text(bill.get(page(1, "reverse/")))
    assert bill.post(page(1, "reverse/"), {"reason": "Found", **key()}).status_code == 422
    assert owes(patient) == 0
    assert olga.post(page(1, "reverse/"), {"reason": "Found in Ohio", **key()}).status_code == 302
    assert owes(patient) == 10000
    made = WriteOff.objects.get()
    assert (made.status, made.reversed_by_id, made.decided_by_id) == (
        "reversed",
        harbor.olga.user_id,
        harbor.olga.user_id,
    )
    assert made.reversed_at > made.decided_at
    assert "Found in Ohio" in text(olga.get(page(1)))
    assert not broken()


def test_later_money_is_recovered_by_a_press_alone(harbor, patient, charge, olga):
    """W4"""
    asked(harbor, charge)
    olga.post(page(1, "approve/"), key())
    a_payment(harbor, patient.account, 6000)
    assert owes(patient) == 0
    place = f"/c/harbor/invoices/{charge.invoice.ref}/"
    assert "Recover" in text(olga.get(place))
    assert 'value="60.00"' in olga.get(f"{place}recover/").content.decode()
    answer = olga.post(f"{place}recover/", {"amount": "60.01", **key()})
    assert answer.status_code == 422
    assert "At most $60.00 can be recovered now" in text(answer)
    sent = {"amount": "60.00", **key()}
    assert [olga.post(f"{place}recover/", sent).status_code for _ in range(2)] == [302, 302]
    now = Charge.objects.get(pk=charge.pk)
    assert (now.outstanding, now.written_off, now.applied) == (0, 4000, 6000)
    assert "Still given up $40.00" in text(olga.get(page(1)))
    report = text(olga.get("/c/harbor/reports/write-offs/"))
    assert "Recovered $60.00" in report
    assert "Expense of the period $40.00" in report
    assert not broken()
