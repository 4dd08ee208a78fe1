"""Visits of payers to the gateway's page: opened by a link, closed before what they ask for changes.

The gateway is asked between two transactions, or before the first lock of one: never while rows are held.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from payments.gateways import Asked, Gateway, GatewayDown, GatewayRefused, Opened, gateway_of
from payments.models import Checkout, Payment, PaymentLink
from payments.states import CHECKOUT_LIVE, EDITABLE, CheckoutState, PaymentStatus

SHORTEST, LONGEST = timedelta(minutes=33), timedelta(hours=23)
"""How long a gateway keeps a page open: Stripe from half an hour, counted when it is asked (again), to a day."""

OPENING = timedelta(minutes=2)
"""A checkout whose opening was never answered is given up after this."""

BEING_PAID = "Somebody is paying {ref} by its link at this moment. Look again in a minute."
UNDER_WAY = (
    "{ref} was paid by its link, and the money is on its way, which can take days. It becomes Paid or Failed by itself."
)
SILENT = "The card gateway doesn’t answer, so the open checkout of {ref} can’t be closed. Try again in a minute."


def close_checkouts(payment: Payment) -> None:
    """Expire what payers have open for a payment, before it is edited, cancelled or collected otherwise.

    Raises Refusal when money is already on its way, or the gateway does not answer: then nothing is changed.
    """
    for checkout in Checkout.objects.filter(payment=payment, state__in=CHECKOUT_LIVE).select_related("link", "clinic"):
        gateway = gateway_of(checkout.clinic)
        if gateway and checkout.external_id and gateway.name == checkout.gateway:
            _expire(gateway, checkout, payment.ref)
        elif gateway and not checkout.external_id and checkout.made_at > timezone.now() - OPENING:
            raise Refusal(BEING_PAID.format(ref=payment.ref))
        Checkout.objects.filter(pk=checkout.pk, state__in=CHECKOUT_LIVE).update(state=CheckoutState.OVER)


def _expire(gateway: Gateway, checkout: Checkout, ref: str) -> None:
    try:
        gateway.expire(checkout.external_id)
    except GatewayDown:
        raise Refusal(SILENT.format(ref=ref)) from None
    except GatewayRefused:
        state = _state_of(gateway, checkout, ref)
        if state != CheckoutState.OVER:
            words = UNDER_WAY if state == CheckoutState.PROCESSING else BEING_PAID
            raise Refusal(words.format(ref=ref)) from None


def _state_of(gateway: Gateway, checkout: Checkout, ref: str) -> CheckoutState:
    try:
        found = gateway.fetch(session=checkout.external_id)
    except GatewayDown:
        raise Refusal(SILENT.format(ref=ref)) from None
    return found.state if found else CheckoutState.OVER


def takes_payment(link: PaymentLink, payment: Payment) -> bool:
    """Whether somebody who opens the link is asked to pay (S1.71)."""
    in_time = link.revoked_at is None and link.expires_at > timezone.now()
    return in_time and payment.status in EDITABLE - {PaymentStatus.DRAFT}


@transaction.atomic
def begin_checkout(link: PaymentLink, *, gateway: Gateway) -> Checkout | None:
    """The payment's live checkout, or a new one that is still to be opened; None if the link has just died."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=link.payment_id)
    link = PaymentLink.objects.get(pk=link.pk)
    if not takes_payment(link, payment):
        return None
    live = Checkout.objects.filter(payment=link.payment_id, state__in=CHECKOUT_LIVE).select_related("link", "payment")
    # What was never answered is not asked again under its old key, for which a gateway keeps its old answer.
    live.filter(state=CheckoutState.ASKED, made_at__lt=timezone.now() - OPENING).update(state=CheckoutState.OVER)
    return live.first() or Checkout.objects.create(
        payment=payment,
        link=link,
        gateway=gateway.name,
        amount=payment.amount,
        expires_at=_until(link.expires_at),
    )


def asked_of(checkout: Checkout, clinic: Clinic, site: str) -> Asked:
    """What the gateway is asked for: the clinic's name and an amount, and no word about whom it is for."""
    return Asked(
        reference=checkout.reference,
        amount=checkout.amount,
        currency=clinic.currency,
        description=f"Payment to {clinic.name}",
        success_url=f"{site}/pay/thanks/",
        cancel_url=f"{site}/pay/later/",
        expires_at=checkout.expires_at,
    )


@transaction.atomic
def note_opened(checkout: Checkout, opened: Opened) -> None:
    """Keep where the payer goes; of two who opened the same one the second changes nothing."""
    Checkout.objects.filter(pk=checkout.pk, state=CheckoutState.ASKED).update(
        state=CheckoutState.OPEN, external_id=opened.external_id, url=opened.url
    )


def _until(link_ends: datetime) -> datetime:
    now = timezone.now()
    return min(max(link_ends, now + SHORTEST), now + LONGEST)
