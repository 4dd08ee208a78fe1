"""What was said later of payments that name no treatment."""

from typing import NamedTuple

from clinicpay.staff.queries import names_of
from payments.models import Payment, PaymentContext


class SaidLater(NamedTuple):
    """The newest word on what a payment was for, and who said it."""

    context: PaymentContext
    who: str


def said_later(payment: Payment) -> SaidLater | None:
    """What counts now; None for a payment that names its treatment, and while nobody has said anything."""
    if payment.event_id:
        return None
    newest = PaymentContext.objects.filter(payment=payment).select_related("event").order_by("-pk").first()
    return SaidLater(newest, names_of([newest.made_by_id]).get(newest.made_by_id or 0, "")) if newest else None
