"""What a gateway says becomes so here, whatever the order, and nothing captured is lost (B10)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from payments.gateways.simulator import Press, Simulator, press
from payments.models import GatewayEvent, GatewayTask, Payment, Refund
from payments.services import (
    PaymentRequest,
    collect_payment,
    edit_payment,
    move_payment,
    revoke_link,
)
from payments.services.checkouts import begin_checkout
from payments.services.gateway_events import catch_up
from payments.services.links import LinkDead, offer_of
from payments.states import Method, PaymentStatus, RefundReason
from tests.payments.checkout import (
    a_link,
    books,
    checkouts,
    fresh,
    go,
    pay,
    send,
    sound,
    status,
    tell,
    token,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)

REASON = RefundReason.PATIENT_REQUEST


def test_capture_of_exactly_what_was_asked_makes_the_payment_paid_with_a_receipt(shop):
    link = a_link(shop)
    assert status(shop, link.payment) == "pending"

    pay(shop, link)

    paid = fresh(shop, link.payment)
    assert (paid.status, paid.method, bool(paid.receipt_id)) == ("paid", "card", True)
    assert sound(shop)


def test_b10_event_replayed_20_times_has_one_effect(shop):
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.PAY)
    (body,) = tell(shop, session, "checkout.session.completed")

    for _ in range(20):
        assert send(shop, body)
        work(shop)

    with clinic_scope(shop.clinic):
        assert GatewayEvent.objects.count() == 1
        assert Payment.objects.count() == 1
    assert sound(shop)


def test_b10_20_events_of_one_capture_have_one_effect(shop):
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.PAY)

    tell(shop, session, *["checkout.session.completed", "payment_intent.succeeded"] * 10)

    with clinic_scope(shop.clinic):
        assert GatewayEvent.objects.filter(outcome="done").count() == 20
        assert Payment.objects.count() == 1
    assert sound(shop)


def test_b10_refund_heard_of_before_its_payment_ends_as_the_gateway_has_it(shop):
    """Somebody paid and was refunded at the gateway before any of it reached us, the refund's event first."""
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.PAY)
    with clinic_scope(shop.clinic):
        row = books(shop, session)
        row.refunds = [{"id": "re_1", "amount": 5000, "state": "succeeded", "ours": ""}]
        row.save(update_fields=["refunds"])

    tell(shop, session, "charge.refunded", "checkout.session.completed", "payment_intent.succeeded")

    with clinic_scope(shop.clinic):
        refund = Refund.objects.get()
        assert (status(shop, link.payment), refund.amount, refund.status) == ("partially_refunded", 5000, "succeeded")
    assert sound(shop)


def test_b10_unknown_event_is_kept_and_changes_nothing(shop):
    link = a_link(shop)
    session = go(link)

    tell(shop, session, "customer.created")

    with clinic_scope(shop.clinic):
        assert GatewayEvent.objects.get().outcome == "unknown"
    assert status(shop, link.payment) == "pending"


def test_event_about_somebody_elses_checkout_is_kept_and_changes_nothing(shop):
    tell(shop, "cs_sim_of_another_shop", "checkout.session.completed")

    with clinic_scope(shop.clinic):
        assert GatewayEvent.objects.get().outcome == "unknown"
        assert not Payment.objects.exists()


def test_declined_card_leaves_an_open_checkout_and_the_payment_as_they_were(shop):
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.DECLINE)
    tell(shop, session, "payment_intent.payment_failed")

    assert (status(shop, link.payment), checkouts(shop)[0].state) == ("pending", "open")
    assert go(link) == session, "the same page is offered again"


def test_declined_and_then_closed_is_failed_and_the_link_still_takes_payment(shop):
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.DECLINE)
    with clinic_scope(shop.clinic):
        row = books(shop, session)
        row.state = "over"
        row.save(update_fields=["state"])
    tell(shop, session, "checkout.session.expired")
    assert status(shop, link.payment) == "failed"

    pay(shop, link)

    assert status(shop, link.payment) == "paid"
    assert sound(shop)


def test_closed_without_trying_leaves_the_payment_pending(shop):
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.CLOSE)
    tell(shop, session, "checkout.session.expired")

    assert (status(shop, link.payment), checkouts(shop)[0].state) == ("pending", "over")
    assert go(link) != session


@pytest.mark.parametrize(("ends", "becomes"), [(Press.ARRIVE, "paid"), (Press.BOUNCE, "failed")])
def test_slow_payment_is_processing_until_it_has_ended(shop, ends, becomes):
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.SLOWLY)
    tell(shop, session, "payment_intent.processing")
    assert status(shop, link.payment) == "processing"
    with pytest.raises(LinkDead):
        offer_of(token(link))
    with clinic_scope(shop.clinic, shop.rita.user):
        payment = fresh(shop, link.payment)
        with pytest.raises(Refusal, match="on its way, which can take days"):
            move_payment(payment, PaymentStatus.VOIDED, by=shop.rita, reason="no longer")

    press(shop.clinic, session, ends)
    tell(shop, session, ends.value, "payment_intent.processing")

    assert status(shop, link.payment) == becomes
    assert sound(shop)


def late(home, link, session) -> Payment:
    """The one late capture; the first payment keeps its state."""
    press(home.clinic, session, Press.PAY)
    tell(home, session, "checkout.session.completed", "payment_intent.succeeded")
    with clinic_scope(home.clinic):
        task = GatewayTask.objects.select_related("payment", "first").get()
        assert (task.first.pk, task.state) == (link.payment_id, "open")
        assert str(task) == f"Late capture of {link.payment.ref}"
        booked = task.payment
        assert (booked.status, booked.method, booked.account_id) == ("paid", "card", task.first.account_id)
        assert link.payment.ref in booked.memo
        assert sum(booked.credits.values_list("available", flat=True)) == booked.amount
    assert sound(home)
    return booked


@pytest.mark.parametrize("end", [PaymentStatus.CANCELLED, PaymentStatus.VOIDED])
def test_capture_for_an_ended_payment_is_a_payment_of_its_own_and_a_task(shop, end):
    """The checkout was not ours to expire any more: the gateway had captured before anybody knew."""
    link = a_link(shop)
    session = go(link)
    with clinic_scope(shop.clinic):
        payment = fresh(shop, link.payment)
        if end == PaymentStatus.VOIDED:
            move_payment(payment, PaymentStatus.PROCESSING, by=shop.itself)
        payment.checkouts.update(state="over")
        move_payment(fresh(shop, payment), end, by=shop.itself, reason="for a test")

    booked = late(shop, link, session)

    assert (status(shop, link.payment), booked.amount) == (str(end), 12000)


def test_second_checkout_of_a_paid_payment_is_a_payment_of_its_own_and_a_task(shop):
    link = a_link(shop)
    session = go(link)
    with clinic_scope(shop.clinic):
        payment = fresh(shop, link.payment)
        payment.checkouts.update(state="over")
        collect_payment(payment, by=shop.itself, method=Method.CASH)

    booked = late(shop, link, session)

    assert (status(shop, link.payment), booked.amount) == ("paid", 12000)


def test_capture_of_another_amount_is_a_payment_of_its_own_and_a_task(shop):
    link = a_link(shop)
    session = go(link)
    with clinic_scope(shop.clinic):
        payment = fresh(shop, link.payment)
        payment.checkouts.update(state="over")
        wish = PaymentRequest(payment.patient, 9900, payment.location)
        edit_payment(payment, wish, by=shop.itself)

    booked = late(shop, link, session)

    assert (status(shop, link.payment), booked.amount) == ("pending", 12000)


@pytest.mark.parametrize("act", ["cancel", "edit", "collect", "revoke"])
def test_what_changes_a_payment_first_closes_its_checkout(shop, act):
    link = a_link(shop)
    session = go(link)
    with clinic_scope(shop.clinic, shop.rita.user):
        payment = fresh(shop, link.payment)
        wish = PaymentRequest(payment.patient, 9900, payment.location)
        {
            "cancel": lambda: move_payment(payment, PaymentStatus.CANCELLED, by=shop.rita, reason="no longer"),
            "edit": lambda: edit_payment(payment, wish, by=shop.rita),
            "collect": lambda: collect_payment(payment, by=shop.rita, method=Method.CASH),
            "revoke": lambda: revoke_link(payment, by=shop.rita),
        }[act]()

    assert (books(shop, session).state, checkouts(shop)[0].state) == ("over", "over")
    assert not press(shop.clinic, session, Press.PAY), "nobody can pay there any more"
    if act == "edit":
        assert offer_of(token(link)).amount == 9900


@pytest.mark.parametrize("act", ["cancel", "edit", "collect", "revoke"])
def test_what_a_payer_has_just_paid_can_no_longer_be_changed(shop, act):
    """The event is still under way; what the gateway says decides."""
    link = a_link(shop)
    press(shop.clinic, go(link), Press.PAY)
    with clinic_scope(shop.clinic, shop.rita.user):
        payment = fresh(shop, link.payment)
        wish = PaymentRequest(payment.patient, 9900, payment.location)
        with pytest.raises(Refusal, match="is paying PAY-001 by its link"):
            {
                "cancel": lambda: move_payment(payment, PaymentStatus.CANCELLED, by=shop.rita, reason="no longer"),
                "edit": lambda: edit_payment(payment, wish, by=shop.rita),
                "collect": lambda: collect_payment(payment, by=shop.rita, method=Method.CASH),
                "revoke": lambda: revoke_link(payment, by=shop.rita),
            }[act]()
    assert status(shop, link.payment) == "pending"


def test_event_that_never_came_is_found_when_the_checkout_has_ended(shop):
    link = a_link(shop)
    session = go(link)
    press(shop.clinic, session, Press.PAY)
    with time_machine.travel(timezone.now() + timedelta(hours=24), tick=True):
        catch_up(shop.clinic.pk)

    assert status(shop, link.payment) == "paid"


def test_opening_that_was_never_answered_is_asked_for_anew_under_another_key(shop):
    link = a_link(shop)
    with clinic_scope(shop.clinic):
        old = begin_checkout(link, gateway=Simulator(shop.clinic))
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=True):
        go(link)

    stale, new = checkouts(shop)
    assert (stale.pk, stale.state, new.state) == (old.pk, "over", "open")


def test_button_pressed_when_the_link_has_just_died_opens_nothing(shop):
    """The page was open; between its question and its button somebody revoked the link."""
    link = a_link(shop)
    with clinic_scope(shop.clinic):
        revoke_link(link.payment, by=shop.itself)

        assert begin_checkout(link, gateway=Simulator(shop.clinic)) is None


def test_button_pressed_when_the_amount_has_just_changed_asks_for_the_new_one(shop):
    link = a_link(shop)
    with clinic_scope(shop.clinic):
        payment = fresh(shop, link.payment)
        edit_payment(payment, PaymentRequest(payment.patient, 9900, payment.location), by=shop.itself)

        assert begin_checkout(link, gateway=Simulator(shop.clinic)).amount == 9900
