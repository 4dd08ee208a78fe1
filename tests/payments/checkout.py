"""A clinic that takes cards by the simulator, and what payers and gateways do there."""

import re
import time
from typing import Any

from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from payments.gateways.sealing import simulator_secret
from payments.gateways.signing import sign
from payments.gateways.simulator import Press, press
from payments.models import Checkout, GatewayEvent, Payment, PaymentLink, SimulatedCheckout
from payments.services import PaymentRequest, create_payment, make_link, set_gateway
from payments.services.gateway_events import process_event, receive_event
from payments.services.links import open_checkout, path_of
from payments.services.simulation import event_of
from payments.states import GatewayName
from tests.balances.invariants import broken
from tests.factories import Clinicful, a_patient
from tests.worlds import session_of

SITE = "https://pay.test"


def take_cards(home: Clinicful) -> None:
    """From now on the simulator takes the clinic's cards."""
    with clinic_scope(home.clinic):
        set_gateway(GatewayName.SIMULATOR, by=home.itself)


def a_request(home: Clinicful, amount: int = 12000, **more: Any) -> Payment:
    """A Draft over an amount."""
    patient = more.pop("patient", None) or a_patient(home)
    return create_payment(PaymentRequest(patient, amount, home.location, **more), by=home.itself)


def a_link(home: Clinicful, amount: int = 12000, **more: Any) -> PaymentLink:
    """A link of a new payment, as reception makes it."""
    with clinic_scope(home.clinic, home.rita.user):
        return make_link(a_request(home, amount, **more), by=home.rita)


def token(link: PaymentLink) -> str:
    """The secret part of its address."""
    return path_of(link).removeprefix("/pay/").rstrip("/")


def go(link: PaymentLink) -> str:
    """Open the gateway's page as a payer does; the id of its session."""
    return re.search(r"cs_sim_\w+", open_checkout(token(link), SITE))[0]


def kept(home: Clinicful) -> list[int]:
    """Ids of all events that were kept, as they came."""
    with clinic_scope(home.clinic):
        return list(GatewayEvent.objects.order_by("pk").values_list("pk", flat=True))


def tell(home: Clinicful, session: str, *kinds: str) -> list[bytes]:
    """Send the simulator's events about a session and process what waits; their bodies."""
    bodies = [event_of(kind, session) for kind in kinds]
    for body in bodies:
        assert send(home, body)
    work(home)
    return bodies


def send(home: Clinicful, body: bytes) -> bool:
    """One event, signed now."""
    header = sign(body, simulator_secret(home.clinic.pk), int(time.time()))
    return receive_event("simulator", home.clinic.slug, body, header)


def work(home: Clinicful) -> None:
    """What a worker does with every event that was kept."""
    for event in kept(home):
        process_event(home.clinic.pk, event)


def pay(home: Clinicful, link: PaymentLink) -> str:
    """A payer pays, and the events arrive; the id of the session."""
    session = go(link)
    assert press(home.clinic, session, Press.PAY)
    tell(home, session, "checkout.session.completed")
    return session


def fresh(home: Clinicful, row: Any) -> Any:
    """A row as it is now."""
    with clinic_scope(home.clinic):
        return type(row).objects.get(pk=row.pk)


def stranger(**options: Any) -> Client:
    """A browser that nobody has signed in with."""
    return Client(raise_request_exception=False, **options)


def checkouts(home: Clinicful) -> list[Checkout]:
    """All of the clinic's."""
    with clinic_scope(home.clinic):
        return list(Checkout.objects.order_by("pk"))


def books(home: Clinicful, session: str) -> SimulatedCheckout:
    """What the simulator knows."""
    with clinic_scope(home.clinic):
        return SimulatedCheckout.objects.get(external_id=session)


def desk(home: Clinicful, who: str = "rita") -> Client:
    """Somebody's signed-in browser."""
    browser = stranger()
    browser.cookies["sessionid"] = session_of(home.members[who].user)
    return browser


def page_of(home: Clinicful, payment: Payment) -> str:
    """Where the clinic sees it."""
    return f"/c/{home.clinic.slug}/payments/{payment.ref}/"


def status(home: Clinicful, payment: Payment) -> str:
    """What it is now."""
    return fresh(home, payment).status


def sound(home: Clinicful) -> bool:
    """Whether all of the clinic's invariants hold."""
    with clinic_scope(home.clinic):
        return not broken()
