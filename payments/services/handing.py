"""Which money goes back by the gateway that took it, and handing an approved refund to it."""

from clinicpay.clinics.scope import current_clinic_id
from payments.models import GatewayRefund, GatewayTask, Payment, Refund
from payments.queries import captures_of
from payments.services.waking import wake
from payments.states import GatewayTaskKind, Method


def waits_for_gateway(payment: Payment) -> bool:
    """Whether a gateway took this payment's money: a refund by card then waits until it says that it has gone."""
    return captures_of(payment).exists()


def charged_abroad(payment: Payment) -> str:
    """What a card was charged for it in another currency, such as "55.00 EUR"; nothing for all others."""
    task = GatewayTask.objects.filter(kind=GatewayTaskKind.FOREIGN, checkout__booked=payment).first()
    return task.foreign if task else ""


def goes_by_gateway(refund: Refund) -> bool:
    """Whether this refund goes back the way the card's money came; in cash it can still be given at the desk."""
    return refund.method == Method.CARD and waits_for_gateway(refund.payment)


def hand_over(refund: Refund) -> None:
    """Have the gateway asked once the approval is committed; what began at the gateway is known there already."""
    checkout = captures_of(refund.payment).first() if refund.method == Method.CARD else None
    if checkout and not GatewayRefund.objects.filter(refund=refund).exists():
        GatewayRefund.objects.create(refund=refund, checkout=checkout)
        wake("send_gateway_refund", current_clinic_id(), refund.pk)
