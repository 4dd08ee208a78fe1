"""The demo's refunds: one in each state, for the pages that ask, approve, pay out and undo."""

from clinicpay.staff.models import ClinicPayItself
from payments.models import Payment
from payments.services import (
    GoingBack,
    approve_refund,
    fail_refund,
    refund_payment,
    refundable,
    reject_refund,
    request_refund,
    reverse_refund,
)
from payments.states import PaymentStatus, RefundReason


def make_refunds(by: ClinicPayItself) -> None:
    """Set aside, rejected, failed and reversed; `Corrections` makes the others. A small clinic has fewer."""
    rows = Payment.objects.filter(status=PaymentStatus.PAID, refunds=None, amount__gte=6000).order_by("-number")
    paid = [one for one in rows[:20] if refundable(one) == one.amount][:4]
    for payment, act in zip(paid, (_set_aside, _rejected, _failed, _reversed), strict=False):
        act(payment, by)


def _set_aside(payment: Payment, by: ClinicPayItself) -> None:
    wish = GoingBack(payment.amount // 2, RefundReason.PATIENT_REQUEST, "Moves away; send a cheque")
    approve_refund(request_refund(payment, wish, by=by), by=by)


def _rejected(payment: Payment, by: ClinicPayItself) -> None:
    asked = request_refund(payment, GoingBack(payment.amount, RefundReason.DUPLICATE, "Says it was paid twice"), by=by)
    reject_refund(asked, by=by, reason="The other payment is for his sister")


def _failed(payment: Payment, by: ClinicPayItself) -> None:
    wish = GoingBack(payment.amount // 3, RefundReason.INSURANCE, "Plan paid more", reduce_charge=True)
    fail_refund(approve_refund(request_refund(payment, wish, by=by), by=by), by=by, reason="The card was closed")


def _reversed(payment: Payment, by: ClinicPayItself) -> None:
    gone = refund_payment(payment, GoingBack(payment.amount // 4, RefundReason.OTHER, "Courtesy"), by=by)
    reverse_refund(gone, by=by, reason="The transfer came back")
