"""The simulator's events: signed and received by the same code as real ones, once, repeatedly or out of order."""

import json
import secrets
import time
from enum import Enum

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from payments.gateways.sealing import simulator_secret
from payments.gateways.signing import sign
from payments.gateways.simulator import Press, capture_of, press
from payments.models import GatewayRefund, SimulatedCheckout
from payments.services.gateway_events import clinic_of, receive_event
from payments.states import GatewayName, MovementState


class Delivery(Enum):
    """How the simulator's events arrive; the value is what a tester reads."""

    ONCE = "once, in order"
    REPEATED = "three times each"
    BACKWARDS = "out of order"


BEFORE = {
    Press.PAY: ("payment_intent.created", "payment_intent.succeeded"),
    Press.ARRIVE: ("payment_intent.succeeded",),
    Press.SLOWLY: ("payment_intent.created",),
}
"""Events that come before the one that a button is named for."""


def session_page(slug: str, session: str) -> tuple[Clinic, SimulatedCheckout] | None:
    """The clinic and the books of a page of the simulator; None when it is no page of this clinic's."""
    clinic_id = clinic_of(GatewayName.SIMULATOR, slug)
    if not clinic_id:
        return None
    with clinic_scope(clinic_id):
        row = SimulatedCheckout.objects.select_related("clinic").filter(external_id=session).first()
    return (row.clinic, row) if row else None


def pressed(clinic: Clinic, session: str, button: Press, how: Delivery) -> bool:
    """Do what a button of its page says, and send the events; False when the page no longer offers it."""
    done = press(clinic, session, button)
    if done:
        deliver(clinic, session, kinds_of(button), how)
    return done


def deliver(clinic: Clinic, session: str, kinds: tuple[str, ...], how: Delivery = Delivery.ONCE) -> None:
    """Send events about a checkout to ourselves."""
    bodies = [event_of(kind, session) for kind in kinds]
    if how is Delivery.BACKWARDS:
        bodies.reverse()
    secret = simulator_secret(clinic.pk)
    for body in bodies * (3 if how is Delivery.REPEATED else 1):
        receive_event(GatewayName.SIMULATOR, clinic.slug, body, sign(body, secret, int(time.time())))


def tell_of_refund(clinic_id: int, refund_id: int) -> None:
    """The event that follows a refund which the simulator was asked for; real gateways send their own."""
    with clinic_scope(clinic_id):
        rows = GatewayRefund.objects.select_related("checkout", "clinic").filter(refund=refund_id)
        row = rows.filter(state=MovementState.PENDING, checkout__gateway=GatewayName.SIMULATOR).first()
    if row:
        deliver(row.clinic, row.checkout.external_id, ("refund.updated",))


def kinds_of(button: Press) -> tuple[str, ...]:
    """The events that follow a button of the simulator's page."""
    return (*BEFORE.get(button, ()), button.value)


def event_of(kind: str, session: str) -> bytes:
    """The body of one event about a checkout."""
    is_session = kind.startswith("checkout.session.")
    thing = {"id": session if is_session else capture_of(session), "payment_intent": capture_of(session)}
    event = {"id": f"evt_sim_{secrets.token_hex(12)}", "type": kind, "data": {"object": thing}}
    return json.dumps(event).encode()
