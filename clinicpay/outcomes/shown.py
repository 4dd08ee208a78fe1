"""What a treatment's page shows of money, for those who see any."""

from typing import Any

from balances.billable import billable, is_billable, left_unbilled, waiting
from balances.origins import origins_of
from clinicpay.attention.gaps import is_history
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.close.standing import evidence_of, standings
from clinicpay.outcomes.followed import followed
from clinicpay.outcomes.queries import receipt_of, touched
from treatments.models import TreatmentEvent
from treatments.states import EventState


def money_of(event: TreatmentEvent, procedures: list[Any], clinic: Clinic) -> dict[str, Any]:
    """The financial half of the page; each procedure gets its charge, or how it can be billed `again`, or `now`."""
    found = touched(event, clock.today(clinic))
    charges = {line.charge.procedure_id: line.charge for line in found.lines if not line.charge.voided}
    has_void = event.is_completed and any(line.charge.voided for line in found.lines)
    again = billable(event) if has_void else []
    by_procedure = {one.procedure.pk: one for one in again}
    for procedure in procedures:
        procedure.charge = charges.get(procedure.pk)
        procedure.again = by_procedure.get(procedure.pk)
        can = procedure.charge is None and not event.is_completed
        procedure.now = can and is_billable(procedure, event, was_billed=False)
    standing = standings([event])[event.pk]
    has_steps = event.state != EventState.CANCELLED and not is_history(event, clinic)
    return {
        "balance": found.balance,
        "origins": origins_of([event.pk], clinic.currency).get(event.pk, ()),
        "to_charge": sum(one.fee for one in procedures if one.charge is None and not one.again),
        "to_bill_again": sum(one.procedure.fee for one in waiting(again)),
        "can_bill_again": bool(again),
        "left_unbilled": left_unbilled(again),
        "to_bill_now": sum(one.fee for one in procedures if one.now),
        "touched": found,
        "allocations": found.allocations,
        "has_overdue": any(payment.overdue for payment in found.payments),
        "followed": followed(found, clinic),
        "standing": standing,
        "flags_in_steps": has_steps and 0 < standing.step < 4 and not standing.is_done,
        "receipt": receipt_of(found),
        "has_steps": has_steps,
        "evidence": evidence_of([event.pk]).get(event.pk, []),
    }
