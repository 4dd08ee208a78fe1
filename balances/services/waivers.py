"""Saying why what a void invoice had billed is billed no more (decision 0181)."""

from django.db import transaction

from balances.billable import billable, waiting, why_not_waived
from balances.ledger import open_books
from balances.models import Charge, Waiver
from balances.requests import Once
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from treatments.models import TreatmentEvent
from treatments.services import lock_event


@transaction.atomic
def waive_billing(event: TreatmentEvent, *, by: Actor, reason: str, once: Once | None = None) -> int:
    """Say why nothing of a complete treatment is billed again that waits for it; returns how much that is.

    No money moves, and it can be billed after all. Raises Refusal without a reason, and where nothing waits.
    """
    require(by, Can.BILL)
    if not (reason := reason.strip()[:500]):
        raise Refusal("Say why it is not billed again.")
    with open_books(event.patient.account, by=by, once=once) as books:  # so that nobody bills it meanwhile
        event = lock_event(event)
        again = billable(event)
        if refused := why_not_waived(event, again):
            raise Refusal(refused)
        lines = waiting(again)
        void = Charge.objects.filter(procedure__in=[one.procedure.pk for one in lines], voided=True, waivers=None)
        Waiver.objects.bulk_create([Waiver(charge=charge, reason=reason) for charge in void.order_by("pk")])
        amount = sum(one.procedure.fee for one in lines)
        books.answer = {"amount": amount}
        record("event.left_unbilled", event, by=by, after={"amount": amount}, reason=reason)
    return amount
