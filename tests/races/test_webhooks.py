"""B10: two workers on one event, and many on the events of one capture, book it once."""

import pytest

from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import ClinicPayItself
from payments.gateways.simulator import Press, Simulator, press
from payments.models import Checkout, GatewayEvent, Payment, Receipt
from payments.services import collect_payment, record_payment
from payments.services.desk import Order, Tender
from payments.services.gateway_events import process_event
from payments.services.links import open_checkout
from payments.services.simulation import event_of
from payments.states import Method
from tests.balances.invariants import broken
from tests.payments.checkout import SITE, a_link, checkouts, fresh, go, kept, send, take_cards, token
from tests.races.crowd import a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(settings):
    settings.GATEWAY_SIMULATOR = True
    home = a_clinic()
    take_cards(home)
    return home


def paid_at_the_gateway(home, events: int):
    """A link whose payer has paid, and so many events that nobody has processed yet."""
    link = a_link(home)
    session = go(link)
    press(home.clinic, session, Press.PAY)
    for _ in range(events):
        assert send(home, event_of("checkout.session.completed", session))
    return link


def counted(home) -> tuple[int, int]:
    with clinic_scope(home.clinic):
        assert not broken()
        return Payment.objects.filter(status="paid").count(), Receipt.objects.count()


def test_b10_control_booking_what_was_read_before_books_it_twice(shop):
    """The broken way: each worker looks whether the money is there, and then takes it in."""
    link = paid_at_the_gateway(shop, 1)
    (checkout,) = checkouts(shop)

    def act(_number: int) -> None:
        standing = Simulator(shop.clinic).fetch(session=checkout.external_id)
        with clinic_scope(shop.clinic):
            payment = Payment.objects.select_related("account", "location").get(pk=link.payment_id)
            order = Order(payment.location, [Tender(Method.CARD, standing.captured)])
            if not Checkout.objects.get(pk=checkout.pk).booked_id:
                record_payment(payment.account, order, by=ClinicPayItself(shop.clinic, "Test"))
                Checkout.objects.filter(pk=checkout.pk).update(state="paid")

    assert not failures(rush(2, act))

    assert counted(shop)[0] == 2


@pytest.mark.parametrize("crowd", [2, 8])
def test_b10_workers_on_one_event_have_one_effect(shop, crowd):
    link = paid_at_the_gateway(shop, 1)
    (event,) = kept(shop)

    results = rush(crowd, lambda _: process_event(shop.clinic.pk, event))

    assert not failures(results)
    assert counted(shop) == (1, 1)
    assert fresh(shop, link.payment).status == "paid"
    with clinic_scope(shop.clinic):
        assert GatewayEvent.objects.get().outcome == "done"


def test_b10_workers_on_8_events_of_one_capture_have_one_effect(shop):
    paid_at_the_gateway(shop, 8)
    events = kept(shop)

    results = rush(8, lambda number: process_event(shop.clinic.pk, events[number]))

    assert not failures(results)
    assert counted(shop) == (1, 1)
    with clinic_scope(shop.clinic):
        assert set(GatewayEvent.objects.values_list("outcome", flat=True)) == {"done"}


def test_event_delivered_by_a_crowd_is_kept_once(shop):
    link = a_link(shop)
    body = event_of("checkout.session.completed", go(link))

    results = rush(8, lambda _: send(shop, body))

    assert results == [True] * 8
    assert len(kept(shop)) == 1


def test_button_pressed_by_a_crowd_opens_one_checkout(shop):
    link = a_link(shop)

    results = rush(8, lambda _: open_checkout(token(link), SITE))

    assert not failures(results)
    assert len(set(results)) == 1
    assert len(checkouts(shop)) == 1


def test_desk_and_payer_who_pay_at_once_lose_nothing(shop):
    """Whoever is first has paid the request; the other's money is a payment of its own, or the desk was refused."""
    for _ in range(3):
        link = paid_at_the_gateway(shop, 1)
        event = kept(shop)[-1]
        with clinic_scope(shop.clinic):
            Checkout.objects.filter(payment=link.payment).update(state="over")

        def act(number: int, link=link, event=event) -> None:
            if number:
                process_event(shop.clinic.pk, event)
            else:
                with clinic_scope(shop.clinic, shop.rita.user):
                    collect_payment(link.payment, by=shop.rita, method=Method.CASH)

        answers = rush(2, act)
        assert not [one for one in failures(answers) if not isinstance(one, Refusal)]
        process_event(shop.clinic.pk, event)
        with clinic_scope(shop.clinic):
            assert not broken()
            checkout = Checkout.objects.get(payment=link.payment)
            assert checkout.captured == 12000
            assert checkout.booked.status == "paid"
        assert fresh(shop, link.payment).status == "paid"
