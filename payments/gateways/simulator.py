"""A gateway that moves no money, for demo and tests: its own books, its own page, events signed like Stripe's.

It offers itself only where GATEWAY_SIMULATOR is set. It is spoken to as if it were far away: each question is a
transaction of its own.
"""

import secrets
from enum import Enum
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils import timezone

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from payments.gateways.base import Asked, GatewayRefused, Movement, Opened, Standing, Told
from payments.gateways.events import told
from payments.gateways.sealing import simulator_secret
from payments.gateways.signing import is_signed
from payments.models import SimulatedCheckout
from payments.states import CheckoutState, GatewayName, MovementState

FAILS = 13
"""A refund whose cents are these fails, as test amounts do at real gateways."""


ABROAD = "EUR"
"""What a payer's bank charges who pays in another currency; clinics that count it are charged dollars."""


class Press(Enum):
    """The buttons of its page, by who presses them; the value is the kind of event that follows."""

    PAY = "checkout.session.completed"
    DECLINE = "payment_intent.payment_failed"
    CLOSE = "checkout.session.expired"
    SLOWLY = "payment_intent.processing"
    ABROAD = "charge.succeeded"
    ARRIVE = "checkout.session.async_payment_succeeded"
    BOUNCE = "checkout.session.async_payment_failed"
    CHARGE_BACK = "charge.dispute.created"
    GIVE_BACK = "charge.dispute.closed"


OFFERS = {
    "open": (Press.PAY, Press.DECLINE, Press.CLOSE, Press.SLOWLY, Press.ABROAD),
    "processing": (Press.ARRIVE, Press.BOUNCE),
    "paid": (Press.CHARGE_BACK, Press.GIVE_BACK),
}
AFTER = {
    Press.PAY: "paid",
    Press.CLOSE: "over",
    Press.SLOWLY: "processing",
    Press.ABROAD: "paid",
    Press.ARRIVE: "paid",
    Press.BOUNCE: "over",
}


class Simulator:
    """The simulated account of one clinic."""

    name = GatewayName.SIMULATOR

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic

    def objection(self, amount: int, currency: str) -> str:
        """It takes anything."""
        return ""

    def create_checkout(self, asked: Asked) -> Opened:
        """A page of ours, under the host that the payer came from."""
        fields = {
            **{name: getattr(asked, name) for name in ("amount", "currency", "success_url", "cancel_url")},
            "description": asked.description[:200],
            "expires_at": asked.expires_at,
            "external_id": f"cs_sim_{secrets.token_hex(16)}",
        }
        with clinic_scope(self.clinic):
            row, _ = SimulatedCheckout.objects.get_or_create(reference=asked.reference, defaults=fields)
        origin = urlsplit(asked.success_url)
        page = reverse("simulator", kwargs={"slug": self.clinic.slug, "session": row.external_id})
        return Opened(row.external_id, f"{origin.scheme}://{origin.netloc}{page}")

    def fetch(self, *, session: str = "", capture: str = "") -> Standing | None:
        """What its books say. A refund on its way has arrived by the time that somebody asks."""
        try:
            with clinic_scope(self.clinic):
                row = locked(session or session_of(capture))
                _settle_refunds(row)
        except GatewayRefused:
            return None
        return _standing(row)

    def expire(self, session: str) -> None:
        """Close a page that is open."""
        with clinic_scope(self.clinic):
            row = locked(session)
            if row.state in {"paid", "processing"}:
                raise GatewayRefused("This checkout is complete.")
            row.state = "over"
            row.save(update_fields=["state"])

    def refund(self, capture: str, amount: int, *, ref: str) -> Movement:
        """Take a refund on; it is on its way until somebody asks."""
        with clinic_scope(self.clinic):
            row = locked(session_of(capture))
            known = next((one for one in row.refunds if one["ours"] == ref), None)
            if known is None:
                if amount > row.amount - sum(one["amount"] for one in row.refunds if one["state"] != "failed"):
                    raise GatewayRefused("More than was captured.")
                known = {"id": f"re_sim_{secrets.token_hex(8)}", "amount": amount, "state": "pending", "ours": ref}
                row.refunds.append(known)
                row.save(update_fields=["refunds"])
        return _movement(known)

    def parse_event(self, body: bytes, header: str, *, now: float) -> Told | None:
        """An event of its own."""
        return told(body) if is_signed(body, header, simulator_secret(self.clinic.pk), now) else None


def press(clinic: Clinic, session: str, button: Press) -> bool:
    """What the payer (or a tester) does on its page; False when the page no longer offers it."""
    with clinic_scope(clinic):
        row = locked(session)
        if button not in offers(row):
            return False
        row.state = AFTER.get(button, row.state)
        row.declined = button in {Press.DECLINE, Press.BOUNCE}
        if button in {Press.CHARGE_BACK, Press.GIVE_BACK}:
            row.dispute = "open" if button is Press.CHARGE_BACK else "won"
        if button is Press.ABROAD:
            row.currency = ABROAD if row.currency != ABROAD else "USD"
        row.save(update_fields=["state", "declined", "dispute", "currency"])
    return True


def offers(row: SimulatedCheckout) -> tuple[Press, ...]:
    """The buttons that its page has now."""
    if row.state == "paid":
        return {"": (Press.CHARGE_BACK,), "open": (Press.GIVE_BACK,)}.get(row.dispute, ())
    return OFFERS.get(row.state, ()) if row.state != "open" or row.expires_at > timezone.now() else ()


def _settle_refunds(row: SimulatedCheckout) -> None:
    pending = [one for one in row.refunds if one["state"] == "pending"]
    for one in pending:
        one["state"] = "failed" if one["amount"] % 100 == FAILS else "succeeded"
    if pending:
        row.save(update_fields=["refunds"])


def capture_of(session: str) -> str:
    """What it calls the money of a checkout."""
    return session.replace("cs_", "pi_", 1)


def session_of(capture: str) -> str:
    """The other way round."""
    return capture.replace("pi_", "cs_", 1)


def locked(session: str) -> SimulatedCheckout:
    """A page's row until the transaction ends; GatewayRefused when there is none."""
    row = SimulatedCheckout.objects.select_for_update(no_key=True).filter(external_id=session).first()
    if row is None:
        raise GatewayRefused("There is no such checkout.")
    return row


def _standing(row: SimulatedCheckout) -> Standing:
    is_over = row.state == "open" and row.expires_at <= timezone.now()
    is_paid = row.state == "paid"
    state = {"open": MovementState.PENDING, "won": MovementState.WON}.get(row.dispute)
    return Standing(
        external_id=row.external_id,
        reference=row.reference,
        state=CheckoutState.OVER if is_over else CheckoutState(row.state),
        captured=row.amount if is_paid else 0,
        currency=row.currency,
        capture=capture_of(row.external_id),
        declined=row.declined,
        refunds=tuple(_movement(one) for one in row.refunds),
        disputes=(Movement(f"dp_{row.external_id}", row.amount, state),) if state else (),
    )


def _movement(one: dict[str, object]) -> Movement:
    return Movement(str(one["id"]), int(str(one["amount"])), MovementState(str(one["state"])), str(one["ours"]))
