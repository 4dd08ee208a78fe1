"""Money that goes back by the gateway that took it: asked once, waited for, failed, charged back and won again."""

import pytest

from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from payments.gateways import Standing
from payments.gateways.simulator import Press, press
from payments.models import GatewayTask, Payment, Refund
from payments.services import (
    GoingBack,
    approve_refund,
    collect_payment,
    fail_refund,
    pay_refund,
    refund_payment,
    request_refund,
    reverse_payment,
)
from payments.services.gateway_events import catch_up
from payments.services.gateway_refunds import send_refund
from payments.services.settling import settle
from payments.states import CheckoutState, Method, RefundReason
from tests.payments.checkout import (
    a_link,
    a_request,
    books,
    checkouts,
    desk,
    fresh,
    pay,
    sound,
    status,
    tell,
)

pytestmark = pytest.mark.django_db(transaction=True)

REASON = RefundReason.PATIENT_REQUEST


def captured(home, amount=12000) -> Payment:
    """A payment that the simulator captured."""
    link = a_link(home, amount)
    pay(home, link)
    return fresh(home, link.payment)


def asked(home, payment, amount):
    """A refund that billing has approved."""
    with clinic_scope(home.clinic, home.bill.user):
        return approve_refund(request_refund(payment, GoingBack(amount, REASON), by=home.bill), by=home.bill)


def test_c3_reversal_is_offered_for_money_of_the_desk_and_never_for_what_a_gateway_captured(shop):
    taken = captured(shop)
    with clinic_scope(shop.clinic):
        by_desk = collect_payment(a_request(shop, 5000), by=shop.itself, method=Method.CARD)
    for payment, is_offered in ((taken, False), (by_desk, True)):
        page = desk(shop, "bill").get(f"/c/{shop.clinic.slug}/payments/{payment.ref}/").content.decode()
        assert ("Reverse (entry error)" in page) is is_offered
        assert ("entered in error, reverse it" in page) is is_offered


def test_refund_of_a_captured_payment_waits_until_the_gateway_says_that_it_has_gone(shop):
    payment = captured(shop)
    refund = asked(shop, payment, 5000)
    assert (fresh(shop, refund).status, status(shop, payment)) == ("approved", "paid")

    send_refund(shop.clinic.pk, refund.pk)
    send_refund(shop.clinic.pk, refund.pk)

    session = checkouts(shop)[0].external_id
    assert [one["amount"] for one in books(shop, session).refunds] == [5000], "asked twice, sent once"
    assert (fresh(shop, refund).status, status(shop, payment)) == ("approved", "paid")

    tell(shop, session, "refund.updated", "charge.refunded", "refund.updated")

    assert (fresh(shop, refund).status, status(shop, payment)) == ("succeeded", "partially_refunded")
    assert sound(shop)


def test_refund_that_fails_at_the_gateway_puts_the_money_back(shop):
    payment = captured(shop)
    refund = asked(shop, payment, 5013)
    send_refund(shop.clinic.pk, refund.pk)
    tell(shop, checkouts(shop)[0].external_id, "refund.failed")

    with clinic_scope(shop.clinic):
        assert (fresh(shop, refund).status, status(shop, payment)) == ("failed", "paid")
        assert sum(payment.credits.values_list("available", flat=True)) == 12000
    assert sound(shop)


def test_refund_that_the_gateway_refuses_fails_with_its_words(shop):
    payment = captured(shop)
    session = checkouts(shop)[0].external_id
    with clinic_scope(shop.clinic):
        row = books(shop, session)
        row.refunds = [{"id": "re_1", "amount": 12000, "state": "pending", "ours": "RF-900"}]
        row.save(update_fields=["refunds"])
    refund = asked(shop, payment, 5000)

    send_refund(shop.clinic.pk, refund.pk)

    assert (fresh(shop, refund).status, status(shop, payment)) == ("failed", "paid")


def test_person_can_not_say_what_became_of_a_gateways_refund(shop):
    payment = captured(shop)
    refund = asked(shop, payment, 5000)
    with clinic_scope(shop.clinic, shop.bill.user), pytest.raises(Refusal, match="goes back by the gateway"):
        pay_refund(refund, by=shop.bill)
    with clinic_scope(shop.clinic, shop.bill.user), pytest.raises(Refusal, match="goes back by the gateway"):
        fail_refund(refund, by=shop.bill, reason="she did not get it")
    assert fresh(shop, refund).status == "approved"


def test_refund_at_the_desk_of_a_captured_payment_is_left_to_the_gateway_unless_it_is_given_in_cash(shop):
    payment = captured(shop)
    with clinic_scope(shop.clinic, shop.bill.user):
        by_card = refund_payment(payment, GoingBack(2000, REASON), by=shop.bill)
        in_cash = refund_payment(payment, GoingBack(1000, REASON, method=Method.CASH), by=shop.bill)

    assert (by_card.status, in_cash.status) == ("approved", "succeeded")


def test_refund_that_no_task_has_sent_is_sent_by_beat(shop):
    payment = captured(shop)
    refund = asked(shop, payment, 5000)

    catch_up(shop.clinic.pk)

    assert fresh(shop, refund).status == "succeeded"


def test_chargeback_takes_the_money_back_leaves_a_task_and_is_reversed_when_it_is_won(shop):
    payment = captured(shop)
    session = checkouts(shop)[0].external_id
    press(shop.clinic, session, Press.CHARGE_BACK)
    tell(shop, session, "charge.dispute.created", "charge.dispute.updated", "charge.dispute.funds_withdrawn")

    with clinic_scope(shop.clinic):
        task, returned = GatewayTask.objects.get(), Refund.objects.get()
        assert (task.kind, returned.kind, returned.reason) == ("chargeback", "return", "chargeback")
        assert (status(shop, payment), returned.amount) == ("refunded", 12000)

    press(shop.clinic, session, Press.GIVE_BACK)
    tell(shop, session, "charge.dispute.closed", "charge.dispute.closed")

    assert (status(shop, payment), bool(fresh(shop, returned).reversed_at)) == ("paid", True)
    assert sound(shop)


def test_chargeback_of_more_than_is_left_takes_what_is_left(shop):
    """A part of it had been given back in cash."""
    payment = captured(shop)
    session = checkouts(shop)[0].external_id
    with clinic_scope(shop.clinic, shop.bill.user):
        refund_payment(payment, GoingBack(5000, REASON, method=Method.CASH), by=shop.bill)
    press(shop.clinic, session, Press.CHARGE_BACK)
    tell(shop, session, "charge.dispute.created")

    with clinic_scope(shop.clinic):
        assert Refund.objects.get(kind="return").amount == 7000
    assert status(shop, payment) == "refunded"
    assert sound(shop)


def test_older_news_do_not_end_a_paid_checkout(shop):
    captured(shop)
    [checkout] = checkouts(shop)
    with clinic_scope(shop.clinic):
        settle(checkout, Standing(checkout.external_id, "", CheckoutState.OVER), by=shop.itself)
    assert (checkout.state, fresh(shop, checkout).state) == ("paid", "paid")


def test_what_a_gateway_took_is_no_entry_error(shop):
    payment = captured(shop)
    with clinic_scope(shop.clinic, shop.bill.user), pytest.raises(Refusal, match="Refund it instead"):
        reverse_payment(payment, by=shop.bill, reason="wrong patient")
