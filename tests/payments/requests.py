"""Payments in any of the nine statuses, for tests of lists and sums."""

from datetime import date
from typing import Any

from clinicpay.clinics.numbers import take
from clinicpay.patients.models import Patient
from payments.models import Payment
from payments.services import GoingBack, refund_payment, reverse_payment
from payments.states import Method, RefundReason
from tests.factories import Clinicful, a_payment

WAYS = {
    "draft": ["draft"],
    "pending": ["pending"],
    "processing": ["pending", "processing"],
    "failed": ["pending", "failed"],
    "cancelled": ["draft", "cancelled"],
    "voided": ["pending", "processing", "voided"],
}
"""How a payment that was never money comes to its status."""


def a_request(home: Clinicful, patient: Patient, amount: int, status: str = "pending", **more: Any) -> Payment:
    """A payment that is asked for (minor units), moved to a status that holds no money."""
    begins, *moves = WAYS[status]
    payment = Payment.objects.create(
        number=take(Payment.KIND)[0],
        account=patient.account,
        patient=patient,
        location=home.location,
        amount=amount,
        method=Method.CARD,
        status=begins,
        **more,
    )
    for move in moves:
        Payment.objects.filter(pk=payment.pk).update(status=move)
    return payment


def one_of_each(home: Clinicful, patient: Patient, due: date | None = None) -> dict[str, Payment]:
    """Payments of 10.00, 20.00 … in all nine statuses; what is not collected is due on a day, if one is given."""
    made = {status: a_request(home, patient, 1000 * (at + 1), status, due_date=due) for at, status in enumerate(WAYS)}
    made["paid"] = a_payment(home, patient.account, 7000, patient=patient)
    for status, amount, back in (("partially_refunded", 8000, 3000), ("refunded", 9000, 9000)):
        made[status] = a_payment(home, patient.account, amount, patient=patient)
        refund_payment(made[status], GoingBack(back, RefundReason.OTHER), by=home.bill)
    return made


def entered_in_error(home: Clinicful, patient: Patient, amount: int) -> Payment:
    """A paid payment that was reversed."""
    return reverse_payment(a_payment(home, patient.account, amount), by=home.rita, reason="Entered twice")
