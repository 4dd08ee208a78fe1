"""Money for a promise, what the night says of a broken one, and cases that follow the money, through the pages."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.night.steps import run_night
from followups.models import Attempt, Callback, Case, Promise, PromisePayment
from followups.services import Said, cancel_promise, log_attempt, make_promise, plan_callback
from payments.models import Payment
from tests.factories import a_charge, a_patient, a_payment
from tests.followups.pages import browser, text_of
from tests.payments.refund_forms import Page, refunded

pytestmark = pytest.mark.django_db


@pytest.fixture
def ethan(harbor, today):
    """Owes 100.00 for forty days."""
    patient = a_patient(harbor)
    a_charge(harbor, patient, 10000, on=today - timedelta(days=40))
    return patient


@pytest.fixture
def promise(harbor, ethan, today):
    """Of 40.00, made by phone."""
    said = Said("email", "promised_payment", "", 4000, today + timedelta(days=3))
    return log_attempt(ethan.account, said, by=harbor.bill).promise


def _at(patient, page: str = "") -> str:
    return f"/c/harbor/followups/{patient.account.ref}/{page}"


def _pay(promise) -> str:
    return f"/c/harbor/followups/{promise.case.account.ref}/promises/{promise.pk}/pay/"


def _filled(response) -> dict[str, str]:
    """What the form would send as it was shown."""
    return {name: value for name, value in Page(response).fields.items() if "__prefix__" not in name}


def _break(harbor, promise) -> None:
    """The night after its last day."""
    run_night(harbor.clinic.pk, promise.last_day + timedelta(days=1))
    promise.refresh_from_db()


def test_payment_is_recorded_from_a_promise(harbor, bill, ethan, promise):
    """S2.7, S2.40: filled in with amount and payer, kept at once, shown on both sides."""
    assert f'href="{_pay(promise)}"' in bill.get(_at(ethan)).content.decode()
    sent = _filled(bill.get(_pay(promise)))
    assert (sent["amount"], sent["seen"]) == ("40.00", "open")
    response = bill.post(_pay(promise), sent)
    assert response.status_code == 302
    promise.refresh_from_db()
    payment = Payment.objects.get()
    assert (promise.status, promise.paid, payment.amount, payment.patient) == ("kept", 4000, 4000, ethan)
    assert PromisePayment.objects.get().receipt_id == payment.receipt_id
    assert Case.objects.get().state == "contact_due", "60.00 are still owed"

    panel = bill.get(_at(ethan)).content.decode()
    assert f'href="/c/harbor/receipts/{payment.receipt.ref}/"' in panel
    assert f'href="{_pay(promise)}"' not in panel, "it is kept: nothing is to be recorded for it"
    for place in (f"/c/harbor/payments/{payment.ref}/", f"/c/harbor/receipts/{payment.receipt.ref}/"):
        assert "Recorded for a promise of $40.00" in text_of(bill.get(place)), place
    assert "1 kept, 0 partly, 0 broken" in text_of(bill.get(_at(ethan)))  # S2.56


def test_payment_of_a_promise_sent_twice_is_one(bill, promise):
    sent = _filled(bill.get(_pay(promise)))
    first, second = (bill.post(_pay(promise), sent) for _ in range(2))
    assert (first.status_code, second.status_code, first["Location"]) == (302, 302, second["Location"])
    assert Payment.objects.count() == PromisePayment.objects.count() == 1


def test_part_of_a_promise_leaves_it_open(bill, ethan, promise):
    sent = _filled(bill.get(_pay(promise)))
    apply = next(name for name in sent if name.startswith("apply-"))
    assert bill.post(_pay(promise), sent | {"amount": "15.00", apply: "15.00"}).status_code == 302
    promise.refresh_from_db()
    assert (promise.status, Case.objects.get().state) == ("open", "promised")
    assert f'href="{_pay(promise)}"' in bill.get(_at(ethan)).content.decode(), "the rest can come"


def test_paying_everything_from_a_promise_closes_the_case(bill, ethan, promise):
    """S2.41, F1"""
    sent = _filled(bill.get(_pay(promise)))
    apply = next(name for name in sent if name.startswith("apply-"))
    assert bill.post(_pay(promise), sent | {"amount": "100.00", apply: "100.00"}).status_code == 302
    promise.refresh_from_db()
    assert (promise.status, promise.paid, Case.objects.get().state) == ("kept", 10000, "closed")


def test_payment_of_a_promise_that_was_judged_meanwhile_is_asked_again(harbor, bill, ethan, promise):
    """The first press changes nothing and says what the promise has become; the second is meant."""
    sent = _filled(bill.get(_pay(promise)))
    _break(harbor, promise)
    response = bill.post(_pay(promise), sent)
    assert response.status_code == 422
    assert "This promise is broken now. Nothing was recorded; look again." in text_of(response)
    assert not Payment.objects.exists()
    again = _filled(response)
    assert again["seen"] == "broken"
    assert bill.post(_pay(promise), again).status_code == 302
    promise.refresh_from_db()
    assert (promise.status, promise.paid, Payment.objects.count()) == ("broken", 0, 1)
    assert Case.objects.get().state == "contact_due", "late money answers a broken promise"


def test_payment_of_a_promise_that_was_cancelled_is_refused(harbor, bill, promise):
    sent = _filled(bill.get(_pay(promise)))
    cancel_promise(promise, by=harbor.bill, reason="misheard")
    assert bill.post(_pay(promise), sent).status_code == 422
    page = bill.get(_pay(promise))
    assert (page.status_code, Payment.objects.exists()) == (409, False)
    assert "This promise is cancelled" in text_of(page)


def test_promise_of_another_account_is_not_found(harbor, bill, promise):
    other = a_patient(harbor, "Mia")
    assert bill.get(_pay(promise).replace(promise.case.account.ref, other.account.ref)).status_code == 404


def test_night_suggests_no_payment_despite_promise(harbor, bill, ethan, promise):
    """S2.55, F4: row, panel and Today show it before anything else; one click logs it by the promise's channel."""
    plan_callback(ethan.account, clock.local_now(harbor.clinic) + timedelta(days=9), by=harbor.bill, member=harbor.bill)
    _break(harbor, promise)
    assert (promise.status, Case.objects.get().state) == ("broken", "promise_broken")
    row = text_of(bill.get("/c/harbor/followups/"))
    assert "Promise broken $40.00 by" in row
    assert "Ethan Park" in text_of(bill.get("/c/harbor/followups/?next=promise_broken"))
    assert "nothing was paid" in text_of(bill.get(_at(ethan)))
    assert "No payment despite promise" in text_of(bill.get("/c/harbor/today/"))

    assert bill.post(_at(ethan, "no-payment/")).status_code == 302
    attempt = Attempt.objects.latest("pk")
    assert (attempt.outcome, attempt.channel, attempt.promise) == ("no_payment", "email", promise)
    assert Case.objects.get().state == "contact_due"
    assert "nothing was paid" not in text_of(bill.get(_at(ethan)))
    assert "No payment despite promise, $40.00" in text_of(bill.get(_at(ethan)))
    assert bill.post(_at(ethan, "no-payment/")).status_code == 409, "it was answered"
    assert Attempt.objects.count() == 2


def test_any_attempt_answers_a_broken_promise(harbor, bill, ethan, promise):
    _break(harbor, promise)
    log_attempt(ethan.account, Said("phone", "no_answer"), by=harbor.bill)
    assert Case.objects.get().state == "contact_due"


def test_broken_promise_comes_first_on_today(harbor, bill, ethan, promise, today):
    """F4, F5: before a callback that is overdue."""
    other = a_patient(harbor, "Mia")
    a_charge(harbor, other, 500, on=today - timedelta(days=300))
    log_attempt(other.account, Said("phone", "no_answer"), by=harbor.bill)
    past = clock.local_now(harbor.clinic) - timedelta(days=4)
    Callback.objects.create(case=Case.objects.get(account=other.account), member=harbor.bill, due_at=past)
    _break(harbor, promise)
    text = text_of(bill.get("/c/harbor/today/"))
    assert text.index("Ethan Park") < text.index("Mia Park")


def test_broken_promise_stands_above_the_queue(harbor, bill, ethan, promise, today):
    """F4, S2.12: it comes up first, over a list that stays in the order of age."""
    a_charge(harbor, a_patient(harbor, "Mia"), 500, on=today - timedelta(days=300))
    assert "Broken promises first" not in text_of(bill.get("/c/harbor/followups/"))
    _break(harbor, promise)
    page = text_of(bill.get("/c/harbor/followups/"))
    _, first, rest = page.partition("Broken promises first: Ethan Park ($40.00 promised)")
    assert first
    assert rest.index("Mia Park") < rest.index("Ethan Park")


def test_grace_is_the_clinics_choice(harbor, bill, ethan, today):
    """F4: default 0; promises keep what they were made with."""
    first = make_promise(ethan.account, 100, today, by=harbor.bill)
    adam = browser(harbor.adam)
    assert 'value="0"' in adam.get("/c/harbor/settings/promises/").content.decode()
    assert adam.post("/c/harbor/settings/promises/", {"days": "2"}).status_code == 302
    assert Clinic.objects.get(pk=harbor.clinic.pk).grace_days == 2
    second = make_promise(ethan.account, 100, today, by=harbor.bill)
    assert (first.grace, second.grace, second.last_day) == (0, 2, today + timedelta(days=2))
    run_night(harbor.clinic.pk, today + timedelta(days=2))
    second.refresh_from_db()
    assert second.status == "open"
    run_night(harbor.clinic.pk, today + timedelta(days=3))
    second.refresh_from_db()
    assert second.status == "broken"
    assert "+ 2 days" in text_of(bill.get(_at(ethan)))
    assert bill.post("/c/harbor/settings/promises/", {"days": "0"}).status_code == 403


@pytest.mark.parametrize("days", ["-1", "31", "x", "", "1.5"])
def test_wrong_grace_is_told_and_changes_nothing(harbor, days):
    response = browser(harbor.adam).post("/c/harbor/settings/promises/", {"days": days})
    assert response.status_code == 422
    assert Clinic.objects.get(pk=harbor.clinic.pk).grace_days == 0


def test_payment_as_usual_closes_and_its_reversal_opens_again(harbor, bill, ethan, promise):
    """S2.40, S2.41, F1, F2: with its callback and promise, in the act of the payment itself."""
    plan_callback(ethan.account, clock.local_now(harbor.clinic) + timedelta(days=9), by=harbor.bill, member=harbor.bill)
    place = f"/c/harbor/patients/{ethan.ref}/pay/"
    sent = _filled(bill.get(place))
    assert bill.post(place, sent).status_code == 302
    promise.refresh_from_db()
    case = Case.objects.get()
    assert (case.state, case.outcome, promise.status, Callback.objects.get().state) == (
        "closed",
        "recovered",
        "kept",
        "cancelled",
    )
    assert "Ethan Park" not in text_of(bill.get("/c/harbor/today/"))
    assert "Ethan Park" not in text_of(bill.get("/c/harbor/followups/"))

    payment = Payment.objects.get()
    page = _filled(bill.get(f"/c/harbor/payments/{payment.ref}/reverse/"))
    sent = page | {"reason": "Entered twice"}
    assert bill.post(f"/c/harbor/payments/{payment.ref}/reverse/", sent).status_code == 302
    assert (Case.objects.get().pk, Case.objects.get().state) == (case.pk, "contact_due")
    assert "Ethan Park" in text_of(bill.get("/c/harbor/followups/"))


def test_refund_opens_the_same_case_again(harbor, bill, ethan, promise):
    """S2.41, F2"""
    place = f"/c/harbor/patients/{ethan.ref}/pay/"
    bill.post(place, _filled(bill.get(place)))
    case = Case.objects.get()
    assert case.state == "closed"
    assert refunded(harbor, "bill", "25.00", Payment.objects.get().ref).status_code == 302
    assert (Case.objects.get().pk, Case.objects.get().state) == (case.pk, "contact_due")


def test_case_g12_money_that_was_not_applied_closes_nothing(harbor, bill, ethan, promise):
    """G-12: having credit is not being paid."""
    a_payment(harbor, ethan.account, 10000)
    assert Case.objects.get().state == "promised"
    assert "Ethan Park" in text_of(bill.get("/c/harbor/followups/"))


def test_promises_are_paid_by_who_takes_payments(harbor, promise):
    assert browser(harbor.petra).get(_pay(promise)).status_code == 403
    assert browser(harbor.rita).post(_at(promise.case.account.patients.first(), "no-payment/")).status_code == 403


def test_wrong_payment_of_a_promise_is_told_and_changes_nothing(bill, promise):
    sent = _filled(bill.get(_pay(promise)))
    for wrong in ({"amount": "0"}, {"amount": "x"}, {"seen": "lost"}, {"request_key": ""}, {"amount": "1", "seen": ""}):
        response = bill.post(_pay(promise), sent | {"request_key": str(uuid4())} | wrong)
        assert response.status_code == 422, wrong
    assert not Promise.objects.exclude(status="open").exists()
