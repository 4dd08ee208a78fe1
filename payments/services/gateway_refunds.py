"""Money that goes back by the gateway that took it, asked for by us or not, and what banks take back.

An approved refund waits here until the gateway has spoken; asking happens after the commit, with the refund's
number as key, so that asking twice gives back once.
"""

import structlog
from django.db import transaction

from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import Actor, ClinicPayItself
from payments.gateways import GatewayDown, GatewayRefused, Movement, Standing, gateway_of
from payments.models import Checkout, GatewayRefund, GatewayTask, Payment
from payments.services.foreseen import refundable
from payments.services.refunds import (
    GoingBack,
    approve_refund,
    fail_refund,
    pay_refund,
    record_return,
    request_refund,
    reverse_refund,
)
from payments.states import GatewayTaskKind, MovementState, RefundReason, RefundStatus, ReturnReason

log = structlog.get_logger(__name__)

REFUSED = "{gateway} refused: {words}"
FAILED = "{gateway} could not send it"


def send_refund(clinic_id: int, refund_id: int) -> None:
    """Ask the gateway for one approved refund; if it is away beat asks again."""
    with clinic_scope(clinic_id):
        rows = GatewayRefund.objects.select_related("refund", "checkout", "clinic")
        row = rows.filter(refund=refund_id, state=MovementState.ASKED, refund__status=RefundStatus.APPROVED).first()
        gateway = gateway_of(row.clinic) if row else None
    if row is None or gateway is None or gateway.name != row.checkout.gateway:
        return
    by = ClinicPayItself(row.clinic, row.checkout.get_gateway_display())
    try:
        told = gateway.refund(row.checkout.capture, row.refund.amount, ref=row.refund.ref)
    except GatewayRefused as refused:
        words = REFUSED.format(gateway=by.label, words=refused)
        told = Movement("", row.refund.amount, MovementState.FAILED)
    except GatewayDown as down:
        log.warning("gateway refund waits", clinic=clinic_id, exc_info=down)
        return
    else:
        words = ""
    with clinic_scope(clinic_id):
        _settle(row, told, by=by, words=words)


def settle_movements(checkout: Checkout, standing: Standing, *, by: Actor) -> None:
    """Refunds and disputes of a captured checkout, as the gateway has them."""
    known = {row.external_id: row for row in GatewayRefund.objects.filter(checkout=checkout).exclude(external_id="")}
    asked = {row.refund.ref: row for row in GatewayRefund.objects.filter(checkout=checkout).select_related("refund")}
    for told in standing.refunds:
        row = known.get(told.external_id) or asked.get(told.ours)
        if row is None and told.state in {MovementState.PENDING, MovementState.SUCCEEDED}:
            row = _refunded_elsewhere(checkout, told, by)
        if row:
            _settle(row, told, by=by)
    for told in standing.disputes:
        row = known.get(told.external_id)
        if row is None and told.state != MovementState.WON:
            _charged_back(checkout, told, by)
        elif row and told.state == MovementState.WON:
            _won(row, by)


@transaction.atomic
def _settle(row: GatewayRefund, told: Movement, *, by: Actor, words: str = "") -> None:
    """What the gateway says of one refund; the same again changes nothing."""
    row = GatewayRefund.objects.select_for_update(no_key=True).get(pk=row.pk)
    is_older = told.state == MovementState.PENDING and row.state == MovementState.SUCCEEDED
    if is_older or row.state in {told.state, MovementState.FAILED}:
        return
    row.external_id, row.state = told.external_id or row.external_id, told.state
    row.save(update_fields=["external_id", "state"])
    refund, words = row.refund, words or FAILED.format(gateway=by.label)
    if told.state == MovementState.SUCCEEDED and refund.status == RefundStatus.APPROVED:
        pay_refund(refund, by=by)
    elif told.state == MovementState.FAILED and refund.status == RefundStatus.APPROVED:
        fail_refund(refund, by=by, reason=words)
    elif told.state == MovementState.FAILED and refund.status == RefundStatus.SUCCEEDED and not refund.reversed_at:
        reverse_refund(refund, by=by, reason=words)


def _refunded_elsewhere(checkout: Checkout, told: Movement, by: Actor) -> GatewayRefund | None:
    """Somebody refunded at the gateway itself: the money has gone, so it goes here too."""
    payment = Payment.objects.get(pk=checkout.booked_id or 0)
    amount = min(told.amount, refundable(payment))
    if not amount:
        return None
    wish = GoingBack(amount, RefundReason.OTHER, notes=f"Refunded at {by.label} itself")
    refund = request_refund(payment, wish, by=by)
    row = GatewayRefund.objects.create(
        refund=refund, checkout=checkout, external_id=told.external_id, state=MovementState.PENDING
    )
    approve_refund(refund, by=by)
    return row


def _charged_back(checkout: Checkout, told: Movement, by: Actor) -> None:
    """The payer's bank took the money: it is gone until we win, and somebody has to know."""
    payment = Payment.objects.get(pk=checkout.booked_id or 0)
    amount = min(told.amount, refundable(payment))
    if not amount:
        return
    refund = record_return(payment, amount, by=by, reason=ReturnReason.CHARGEBACK, notes=f"Disputed at {by.label}")
    GatewayRefund.objects.create(refund=refund, checkout=checkout, external_id=told.external_id, state=told.state)
    GatewayTask.objects.create(kind=GatewayTaskKind.CHARGEBACK, payment=payment, refund=refund)


def _won(row: GatewayRefund, by: Actor) -> None:
    """The bank has given it back."""
    row = GatewayRefund.objects.select_for_update(no_key=True).get(pk=row.pk)
    if row.state == MovementState.WON:
        return
    row.state = MovementState.WON
    row.save(update_fields=["state"])
    if not row.refund.reversed_at:
        reverse_refund(row.refund, by=by, reason=f"The dispute was won at {by.label}")
