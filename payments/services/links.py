"""Payment links: made, shown again, revoked by the clinic (S1.68–S1.71); followed by strangers who pay."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, ClinicPayItself
from clinicpay.staff.roles import Can
from clinicpay.ui.words import day_words
from payments.gateways import Gateway, Standing, gateway_of, hash_of, token_of
from payments.models import Checkout, Message, Payment, PaymentLink
from payments.services.checkouts import asked_of, begin_checkout, close_checkouts, note_opened, takes_payment
from payments.services.lifecycle import move_payment
from payments.services.mail import TOKEN, Fault, settle_message
from payments.services.requests import lock_payment
from payments.services.settling import settle
from payments.states import EDITABLE, CheckoutState, PaymentStatus

DAYS = 14
"""How long a link is good unless somebody chooses otherwise."""

LONGEST = 90


class LinkDead(Exception):
    """The address takes no payment: unknown, expired, revoked, or its payment is settled. Nobody is told which."""


@dataclass(frozen=True)
class Offer:
    """What a stranger may know: who asks, and how much (minor units)."""

    clinic: Clinic
    amount: int
    link: PaymentLink
    gateway: Gateway


@transaction.atomic
def make_link(payment: Payment, *, by: Actor, days: int = DAYS) -> PaymentLink:
    """An address at which the payment can be paid; a Draft is submitted by it, a failed one is asked for again.

    Raises Refusal when there is one already, nothing is to be collected, or nobody takes cards for the clinic.
    """
    require(by, Can.TAKE_PAYMENT)
    if not 1 <= days <= LONGEST:
        raise Refusal(f"A link is good for 1 to {LONGEST} days.")
    gateway = gateway_of(by.clinic)
    if gateway is None:
        raise Refusal("Nobody takes cards for this clinic yet. An admin can choose who, under Settings.")
    payment = lock_payment(payment)
    if payment.status not in EDITABLE:
        raise Refusal(f"{payment.ref} is {payment.get_status_display()}: there is nothing to pay by a link.")
    if words := gateway.objection(payment.amount, by.clinic.currency):
        raise Refusal(words)
    _make_room(payment)
    if payment.status != PaymentStatus.PENDING:
        payment = move_payment(payment, PaymentStatus.PENDING, by=by)
    nonce = secrets.token_hex(16)
    link = PaymentLink.objects.create(
        payment=payment,
        nonce=nonce,
        token_hash=hash_of(token_of(nonce)),
        expires_at=timezone.now() + timedelta(days=days),
        made_by_id=by.user_id,
    )
    record("payment.link_made", payment, by=by, after={"link_until": _day(link)})
    return link


def _make_room(payment: Payment) -> None:
    """One live link a payment: what has run out is put away, what has not is in the way."""
    current = link_of(payment)
    if current and current.expires_at > timezone.now():
        raise Refusal(f"{payment.ref} has a link already. Copy it, or revoke it first.")
    if current:
        current.revoked_at = current.expires_at
        current.save(update_fields=["revoked_at"])


@transaction.atomic
def revoke_link(payment: Payment, *, by: Actor) -> None:
    """End the payment's link; what a payer has open is closed. Raises Refusal when money is already on its way."""
    require(by, Can.TAKE_PAYMENT)
    close_checkouts(payment)
    payment = lock_payment(payment)
    link = link_of(payment)
    if link is None:
        raise Refusal(f"{payment.ref} has no link.")
    link.revoked_at = timezone.now()
    link.save(update_fields=["revoked_at"])
    for message_id in Message.objects.filter(payment=payment, state=Message.State.QUEUED).values_list("pk", flat=True):
        settle_message(message_id, Fault("The link was revoked before.", is_final=True))
    record("payment.link_revoked", payment, by=by, before={"link_until": _day(link)})


def _day(link: PaymentLink) -> str:
    """The last day of a link, on the clinic's calendar."""
    return day_words(timezone.localtime(link.expires_at, clock.zone(link.clinic)).date())


def link_of(payment: Payment) -> PaymentLink | None:
    """The payment's newest link that nobody has revoked; it may have expired."""
    return PaymentLink.objects.filter(payment=payment, revoked_at=None).first()


def link_words(payment: Payment, link: PaymentLink, *, site: str, clinic: Clinic) -> tuple[str, str]:
    """Subject and text of the email that brings a link: the clinic and the amount, and nothing else about anybody."""
    text = (
        f"{clinic.name} asks you to pay {money.show(payment.amount, clinic.currency)}.\n\n"
        f"You can pay by card here until {_day(link)}:\n{site}/pay/{TOKEN}/\n\n"
        f"Anybody who has this link can pay with it. {clinic.name} never asks for your card by email.\n\n"
        "This message was sent by ClinicPay for the clinic. If it is not for you, please tell them and delete it.\n"
    )
    return f"Payment to {clinic.name}", text


def path_of(link: PaymentLink) -> str:
    """The address without the host. The token in it is derived each time, and kept nowhere."""
    return f"/pay/{token_of(link.nonce)}/"


def offer_of(token: str) -> Offer:
    """What is asked at an address. Raises LinkDead."""
    with connection.cursor() as cursor:
        cursor.execute("select clinic_of_payment_link(%s)", [hash_of(token)])
        clinic_id = cursor.fetchone()[0]
    if not clinic_id:
        raise LinkDead
    with clinic_scope(clinic_id):
        links = PaymentLink.objects.select_related("payment", "clinic").filter(revoked_at=None)
        link = links.filter(token_hash=hash_of(token), expires_at__gt=timezone.now()).first()
        gateway = gateway_of(link.clinic) if link else None
    if link is None or gateway is None or not takes_payment(link, link.payment):
        raise LinkDead
    return Offer(link.clinic, link.payment.amount, link, gateway)


def open_checkout(token: str, site: str) -> str:
    """Where the payer types the card: a page of the gateway, opened now or before. `site` is our own address.

    Raises LinkDead when nothing is to be paid (any more), GatewayDown when nothing can be paid at this moment.
    """
    offer = offer_of(token)
    checkout = _begun(offer)
    if checkout.external_id and not _is_good(checkout, offer):
        offer = offer_of(token)  # what we have just learned may have settled the payment
        checkout = _begun(offer)
    if checkout.external_id:
        return checkout.url
    opened = offer.gateway.create_checkout(asked_of(checkout, offer.clinic, site))
    with clinic_scope(offer.clinic):
        note_opened(checkout, opened)
    return opened.url


def _begun(offer: Offer) -> Checkout:
    with clinic_scope(offer.clinic):
        checkout = begin_checkout(offer.link, gateway=offer.gateway)
    if checkout is None:
        raise LinkDead
    return checkout


def _is_good(checkout: Checkout, offer: Offer) -> bool:
    """Whether an earlier checkout is still open for what is asked now; if not it is closed, and we know why."""
    standing = _standing(checkout, offer)
    if standing and standing.state == CheckoutState.OPEN and checkout.amount == offer.amount:
        return True
    with clinic_scope(offer.clinic):
        if standing:
            settle(checkout, standing, by=ClinicPayItself(offer.clinic, checkout.get_gateway_display()))
        if not standing or standing.state == CheckoutState.OPEN:
            close_checkouts(offer.link.payment)
    return False


def _standing(checkout: Checkout, offer: Offer) -> Standing | None:
    """What the gateway says of it; None when the clinic has changed to another one."""
    if checkout.gateway != offer.gateway.name:
        return None
    return offer.gateway.fetch(session=checkout.external_id)
