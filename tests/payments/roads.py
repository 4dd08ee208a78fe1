"""How a request comes to stand in a status, by the acts that people do."""

from payments.models import Payment
from payments.services import GoingBack, collect_payment, move_payment, refund_payment
from payments.states import Method, PaymentStatus, RefundReason
from tests.factories import Clinicful

_S = PaymentStatus

STEPS = {
    _S.DRAFT: [],
    _S.PENDING: [_S.PENDING],
    _S.PROCESSING: [_S.PENDING, _S.PROCESSING],
    _S.FAILED: [_S.PENDING, _S.FAILED],
    _S.CANCELLED: [_S.CANCELLED],
    _S.VOIDED: [_S.PENDING, _S.PROCESSING, _S.VOIDED],
}


def reach(home: Clinicful, payment: Payment, status: PaymentStatus) -> Payment:
    """A Draft, brought to any of the nine statuses; half of it is refunded where a part is."""
    for step in STEPS.get(status, []):
        payment = move_payment(payment, step, by=home.rita, reason="for a test")
    if status not in STEPS:
        payment = collect_payment(payment, by=home.rita, method=Method.CASH)
    if status in {_S.PARTIALLY_REFUNDED, _S.REFUNDED}:
        amount = payment.amount if status == _S.REFUNDED else payment.amount // 2
        refund_payment(payment, GoingBack(amount, RefundReason.PATIENT_REQUEST), by=home.bill)
    payment.refresh_from_db()
    return payment
