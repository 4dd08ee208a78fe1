"""What is said when somebody means to undo what went to the bank (C-7). The database refuses it by itself."""

from typing import Any

from django.dispatch import receiver

from deposits.queries.slips import locked_by
from deposits.states import BANKED
from payments.models import Payment, Refund
from payments.signals import undo_asked
from payments.states import Method


@receiver(undo_asked, sender=Payment, dispatch_uid="deposits.payment_on_slip")
def payment_on_slip(row: Payment, **_: Any) -> str:
    """A payment on a printed slip happened: it is refunded, or its cheque bounced."""
    slip = locked_by(row) if row.method in BANKED else None
    if slip is None:
        return ""
    return (
        f"{row.ref} is on bank slip {slip.ref}, so it went to the bank. Refund it, or record a return;"
        f" or ask an owner to void {slip.ref}."
    )


@receiver(undo_asked, sender=Refund, dispatch_uid="deposits.refund_on_slip")
def refund_on_slip(row: Refund, **_: Any) -> str:
    """A refund that was taken from the cash of a printed slip is gone."""
    slip = locked_by(row.payment, refund=row) if row.method == Method.CASH else None
    if slip is None:
        return ""
    return (
        f"{row.ref} is on bank slip {slip.ref}: its cash was taken from what went to the bank."
        f" Take what came again as a new payment, or ask an owner to void {slip.ref}."
    )
