"""Moving a payment through its page (S1.61, S1.80), becoming Paid, and what is locked (S1.59)."""

import itertools
import uuid

import pytest

from balances.models import Posting
from payments.models import Payment
from payments.services import PaymentRequest, create_payment, move_payment
from payments.states import BY_HAND, LOCKED, PaymentStatus, PaymentType
from tests.access.samples import HTMX, Words
from tests.balances.invariants import broken
from tests.balances.money import credit_of, totals
from tests.factories import a_patient, a_payment, an_event, an_invoice
from tests.payments.roads import reach

_S = PaymentStatus


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def rita(harbor, client):
    client.force_login(harbor.rita.user)
    return client


def asked(home, patient, amount=10_000, **more) -> Payment:
    """A Draft for a patient."""
    return create_payment(PaymentRequest(patient, amount, home.location, **more), by=home.rita)


def place(payment: Payment) -> str:
    """Where the payment is moved."""
    return f"/c/harbor/payments/{payment.ref}/status/"


def sent(home, to: str, **more: str) -> dict[str, str]:
    """A complete form, whatever the move asks for."""
    money = {"method": "cash", "location": str(home.location.pk), "request_key": str(uuid.uuid4())}
    return {"to": to, "reason": "For a test", **money, **more}


def status_of(payment: Payment) -> str:
    return Payment.objects.get(pk=payment.pk).status


@pytest.mark.parametrize(("status", "to"), [*itertools.product(_S, _S)])
def test_s1_80_page_moves_along_the_table_alone(harbor, ethan, rita, status, to):
    """S1.80, S1.59: every legal move is done, every other refused and nothing changed."""
    payment = reach(harbor, asked(harbor, ethan), status)
    answer = rita.post(place(payment), sent(harbor, to))
    is_legal = to in BY_HAND[status]
    assert status_of(payment) == (to if is_legal else status)
    assert answer.status_code == (302 if is_legal or to == status else 409)
    assert not broken()


@pytest.mark.parametrize("to", ["", "gone", "PAID", "paid\0"])
def test_forged_status_is_refused_in_words(harbor, ethan, rita, to):
    payment = asked(harbor, ethan)
    answer = rita.post(place(payment), sent(harbor, to))
    assert answer.status_code == 409
    assert "PAY-001 is Draft" in answer.content.decode()
    assert status_of(payment) == _S.DRAFT


@pytest.mark.parametrize(("status", "to"), [(_S.PENDING, _S.CANCELLED), (_S.PROCESSING, _S.VOIDED)])
def test_final_status_asks_for_a_reason(harbor, ethan, rita, status, to):
    payment = reach(harbor, asked(harbor, ethan), status)
    answer = rita.post(place(payment), sent(harbor, to, reason=" "))
    assert answer.status_code == 422
    assert "Say why." in answer.content.decode()
    assert status_of(payment) == status


def test_part_for_the_card_asks_what_the_move_needs(harbor, ethan, rita):
    payment = move_payment(asked(harbor, ethan), _S.PENDING, by=harbor.rita)
    part = rita.get(place(payment), {"to": "cancelled"}, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "Reason" in part
    assert "This is final" in part
    assert rita.get(place(payment), {"to": ""}, headers=HTMX).content.decode().strip() == ""


def test_status_can_be_chosen_without_a_script(harbor, ethan, rita):
    payment = asked(harbor, ethan)
    page = rita.get(place(payment)).content.decode()
    assert '<option value="pending">' in page
    assert "can’t become Paid" in rita.get(place(payment), {"to": "paid"}).content.decode()


def test_paid_shows_what_the_money_will_pay_before_it_is_confirmed(harbor, ethan, rita):
    """S1.61: the linked treatment's charges first, the rest unapplied; other debt is left alone."""
    older = an_invoice(harbor, ethan, 9_000)
    invoice = an_invoice(harbor, ethan, 6_000)
    payment = move_payment(asked(harbor, ethan, event=invoice.event), _S.PENDING, by=harbor.rita)
    shown = Words(rita.get(place(payment), {"to": "paid"}).content.decode()).text
    assert f"Pays D1001 Procedure 1 {invoice.ref} $60.00" in shown
    assert "Stays unapplied on the account of Ethan Park $40.00" in shown
    assert older.ref not in shown
    assert Posting.objects.filter(kind="receive").count() == 0

    answer = rita.post(place(payment), sent(harbor, "paid"), follow=True)

    assert "$100.00 received. PAY-001 is Paid." in answer.content.decode()
    assert totals(ethan.account) == (9_000, 4_000)
    assert not broken()


def test_nobody_confirms_what_they_were_not_shown(harbor, ethan, rita):
    """What the money would pay was paid otherwise meanwhile: the form says so and shows it anew."""
    invoice = an_invoice(harbor, ethan, 6_000)
    payment = move_payment(asked(harbor, ethan, event=invoice.event), _S.PENDING, by=harbor.rita)
    seen = rita.get(place(payment), {"to": "paid"}).context["form"]["seen"].value()
    a_payment(harbor, ethan.account, 6_000, (invoice.charges.get(), 6_000))

    answer = rita.post(place(payment), sent(harbor, "paid", seen=seen))

    assert answer.status_code == 422
    assert "has changed meanwhile" in answer.content.decode()
    assert status_of(payment) == _S.PENDING
    again = sent(harbor, "paid", seen=answer.context["form"]["seen"].value())
    assert rita.post(place(payment), again).status_code == 302
    assert credit_of(payment).available == 10_000


def test_treatment_pre_payment_is_held(harbor, ethan, rita):
    event = an_event(harbor, ethan, 25_000)
    payment = asked(harbor, ethan, event=event, kind=PaymentType.PRE_PAYMENT)
    move_payment(payment, _S.PENDING, by=harbor.rita)
    shown = Words(rita.get(place(payment), {"to": "paid"}).content.decode()).text
    assert f"Is held as a pre-payment for {event.ref} $100.00" in shown
    page = rita.post(place(payment), sent(harbor, "paid"), follow=True).content.decode()
    assert "Held as pre-payment $100.00" in Words(page).text
    assert 'data-alloc="held"' in page
    assert totals(ethan.account) == (0, 0)


def test_more_than_the_treatment_owes_stays_unapplied(harbor, ethan, rita):
    invoice = an_invoice(harbor, ethan, 6_000)
    payment = asked(harbor, ethan, 999_999_999_999, event=invoice.event)
    move_payment(payment, _S.PENDING, by=harbor.rita)
    rita.post(place(payment), sent(harbor, "paid"))
    assert status_of(payment) == _S.PAID
    assert credit_of(payment).available == 999_999_999_999 - 6_000
    assert not broken()


@pytest.mark.parametrize("wrong", [{"method": "gold"}, {"method": ""}, {"location": "0"}, {"request_key": "x"}])
def test_paid_with_wrong_input_is_said_and_moves_nothing(harbor, ethan, rita, wrong):
    payment = move_payment(asked(harbor, ethan), _S.PENDING, by=harbor.rita)
    answer = rita.post(place(payment), sent(harbor, "paid", **wrong))
    assert answer.status_code == 422
    assert status_of(payment) == _S.PENDING


def test_double_click_is_one_move_and_one_payment(harbor, ethan, rita):
    payment = move_payment(asked(harbor, ethan), _S.PENDING, by=harbor.rita)
    form = sent(harbor, "paid")
    answers = [rita.post(place(payment), form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Posting.objects.filter(kind="receive").count() == 1


def test_second_tab_is_told_what_happened_meanwhile(harbor, ethan, rita):
    payment = move_payment(asked(harbor, ethan), _S.PENDING, by=harbor.rita)
    rita.post(place(payment), sent(harbor, "cancelled"))
    answer = rita.post(place(payment), sent(harbor, "paid"))
    assert answer.status_code == 409
    assert "PAY-001 is Cancelled" in answer.content.decode()
    assert totals(ethan.account) == (0, 0)


FORGED = {"amount": "1.00", "memo": "forged", "due_date": "2001-01-01", "patient": "PT-001", "account": "1", "kind": ""}


@pytest.mark.parametrize("status", sorted(LOCKED))
def test_s1_59_nothing_that_is_posted_changes_a_locked_payment(harbor, ethan, rita, status):
    """S1.59: page, form and crafted request; the database is tried in test_requests and the attacks."""
    payment = reach(harbor, asked(harbor, ethan, memo="As it was"), _S(status))
    row = Payment.objects.filter(pk=payment.pk).values().get()
    page = rita.get(f"/c/harbor/payments/{payment.ref}/").content.decode()
    assert f"payments/{payment.ref}/edit/" not in page
    assert 'name="to"' not in page
    for where in ("", "status/", "edit/"):
        for to in ("", *_S):
            rita.post(f"/c/harbor/payments/{payment.ref}/{where}", sent(harbor, to) | FORGED)
    assert Payment.objects.filter(pk=payment.pk).values().get() == row


def test_practitioner_moves_nothing(harbor, ethan, client):
    payment = asked(harbor, ethan)
    client.force_login(harbor.petra.user)
    answer = client.post(place(payment), sent(harbor, "pending"))
    assert answer.status_code == 403
    assert status_of(payment) == _S.DRAFT
