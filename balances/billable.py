"""What of a treatment can be billed again: procedures whose invoice was voided and that stand on no other (W-6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from balances.models import Charge
from balances.states import ChargeKind
from treatments.models import Procedure, TreatmentEvent
from treatments.states import EventState


@dataclass(frozen=True)
class Again:
    """A procedure that can be billed again; `before` is the void charge that billed it last."""

    procedure: Procedure
    before: Charge


def billable_again(event_id: int) -> list[Again]:
    """The procedures of a treatment that can be, in their order; what is free is never charged. One query."""
    live = Charge.objects.filter(procedure=OuterRef("procedure"), voided=False)
    void = Charge.objects.filter(~Exists(live), event=event_id, kind=ChargeKind.PROCEDURE, voided=True)
    rows = void.filter(procedure__fee__gt=0).select_related("procedure", "invoice")
    newest = {charge.procedure: charge for charge in rows.order_by("procedure__line", "pk") if charge.procedure}
    return [Again(procedure, charge) for procedure, charge in newest.items()]


def billed_after(charges: Iterable[Charge]) -> list[Charge]:
    """The charges that bill again what these void ones had billed."""
    void = [charge.procedure_id for charge in charges if charge.voided and charge.procedure_id]
    rows = Charge.objects.filter(procedure__in=void, voided=False) if void else Charge.objects.none()
    return list(rows.select_related("invoice").order_by("invoice__number", "line"))


def events_to_bill(charges: Sequence[Charge], after: Iterable[Charge]) -> list[TreatmentEvent]:
    """The complete treatments of void charges of which something is on no invoice, given what was billed `after`."""
    billed = {charge.procedure_id for charge in after}
    waiting = [one for one in charges if one.voided and one.procedure_id and one.procedure_id not in billed]
    return list({one.event_id: one.event for one in waiting if one.event and one.event.is_completed}.values())


def why_not_billed_again(event: TreatmentEvent, again: Sequence[Again]) -> str:
    """Why a treatment can't be billed again, in the user's words; "" when it can."""
    if event.state == EventState.CANCELLED:
        return f"{event.ref} is cancelled: nothing is billed for it."
    if not event.is_completed:
        state = event.get_state_display().lower()
        return f"{event.ref} is {state}: it is billed when it is marked complete."
    if again:
        return ""
    billed = Charge.objects.filter(event=event, kind=ChargeKind.PROCEDURE, voided=False).select_related("invoice")
    refs = ", ".join(dict.fromkeys(str(charge.invoice) for charge in billed.order_by("invoice__number")))
    why = f"it is billed on {refs}" if refs else "no invoice of it was voided"
    return f"Nothing is left to bill for {event.ref}: {why}."
