"""One-time keys: who may use one again, and what they get."""

import uuid

import pytest

from balances.models import RequestKey
from balances.requests import KeyReused, Once, Repeated
from balances.services import apply_credit, bill_event, complete_event, undo_allocation
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment
from payments.services import Order, Tender, record_payment, reverse_payment
from payments.states import Method
from tests.balances.money import allocation, applied, credit_of, totals
from tests.factories import a_charge, a_patient, a_payment, an_event


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def a_form(**order) -> Once:
    return Once.of(uuid.uuid4(), **order)


def cash(home, amount: int) -> Order:
    return Order(location=home.location, tenders=[Tender(Method.CASH, amount)])


def test_same_key_again_answers_the_first_receipt_and_does_nothing(harbor, ethan):
    form = a_form(amount=1000)
    receipt = record_payment(ethan.account, cash(harbor, 1000), by=harbor.rita, once=form)
    with pytest.raises(Repeated) as again:
        record_payment(ethan.account, cash(harbor, 1000), by=harbor.rita, once=form)
    assert again.value.answer == {"receipt": receipt.number}
    assert totals(ethan.account) == (0, 1000)


def test_case_r11_same_key_twice_pays_once(harbor, ethan):
    charge, form = a_charge(harbor, ethan, 24995), a_form(amount=1000)
    order = Order(location=harbor.location, tenders=[Tender(Method.CASH, 1000)], parts=[(charge.pk, 1000)])

    receipt = record_payment(ethan.account, order, by=harbor.rita, once=form)
    with pytest.raises(Repeated) as again:
        record_payment(ethan.account, order, by=harbor.rita, once=form)

    assert again.value.answer == {"receipt": receipt.number}
    assert totals(ethan.account) == (23995, 0)


def test_same_key_with_another_body_is_refused(harbor, ethan):
    form = a_form(amount=1000)
    record_payment(ethan.account, cash(harbor, 1000), by=harbor.rita, once=form)
    with pytest.raises(KeyReused):
        record_payment(ethan.account, cash(harbor, 2000), by=harbor.rita, once=Once.of(form.key, amount=2000))
    assert totals(ethan.account) == (0, 1000)


def test_same_key_by_another_person_is_refused_and_shows_nothing(harbor, ethan):
    form = a_form(amount=1000)
    record_payment(ethan.account, cash(harbor, 1000), by=harbor.rita, once=form)
    with pytest.raises(KeyReused) as caught:
        record_payment(ethan.account, cash(harbor, 1000), by=harbor.bill, once=form)
    assert not hasattr(caught.value, "answer")
    assert totals(ethan.account) == (0, 1000)


def test_same_key_in_another_clinic_is_another_key(harbor, ethan, lakeside):
    form = a_form(amount=1000)
    record_payment(ethan.account, cash(harbor, 1000), by=harbor.rita, once=form)
    with clinic_scope(lakeside.clinic, lakeside.rita.user):
        stranger = a_patient(lakeside)
        record_payment(stranger.account, cash(lakeside, 1000), by=lakeside.rita, once=form)
        assert totals(stranger.account) == (0, 1000)


def test_refused_act_leaves_its_key_free(harbor, ethan):
    form = a_form(amount=1000)
    with pytest.raises(Refusal):
        record_payment(ethan.account, cash(harbor, 0), by=harbor.rita, once=form)
    charge = a_charge(harbor, ethan, 500)
    payment = a_payment(harbor, ethan.account, 1000)
    with pytest.raises(Refusal, match="still owed"):
        apply_credit(credit_of(payment), [(charge, 501)], by=harbor.rita, once=form)
    assert not RequestKey.objects.exists()
    apply_credit(credit_of(payment), [(charge, 500)], by=harbor.rita, once=form)
    assert applied() == [500]


def test_completing_twice_answers_the_same_invoice(harbor, ethan):
    event = an_event(harbor, ethan, 5000)
    form = a_form(event=event.pk)
    invoice = complete_event(event, by=harbor.rita, once=form)
    with pytest.raises(Repeated) as again:
        complete_event(event, by=harbor.rita, once=form)
    assert again.value.answer == {"invoice": invoice.number}
    assert totals(ethan.account) == (5000, 0)


def test_billing_nothing_twice_answers_nothing_twice(harbor, ethan):
    event = an_event(harbor, ethan, 0)
    form = a_form(event=event.pk)
    assert bill_event(event, by=harbor.rita, once=form) is None
    with pytest.raises(Repeated):
        bill_event(event, by=harbor.rita, once=form)


def test_undoing_and_reversing_twice_are_done_once(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    payment = a_payment(harbor, ethan.account, 5000, (charge, 3000))
    entry, undo, reverse = allocation().pk, a_form(act="undo"), a_form(act="reverse")
    undo_allocation(entry, by=harbor.rita, reason="wrong", once=undo)
    with pytest.raises(Repeated):
        undo_allocation(entry, by=harbor.rita, reason="wrong", once=undo)
    reverse_payment(payment, by=harbor.rita, reason="wrong", once=reverse)
    with pytest.raises(Repeated) as again:
        reverse_payment(payment, by=harbor.rita, reason="wrong", once=reverse)
    assert again.value.answer == {"payment": payment.number}
    assert Payment.objects.get().status == "voided"
    assert totals(ethan.account) == (5000, 0)


def test_body_differs_by_value_not_by_order():
    key = uuid.uuid4()
    assert Once.of(key, a=1, b=[2, 3]) == Once.of(key, b=[2, 3], a=1)
    assert Once.of(key, a=1, b=[2, 3]) != Once.of(key, a=1, b=[3, 2])
    assert Once.of(key, a=1) != Once.of(key, a="1")
