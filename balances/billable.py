"""What of a treatment can be billed again: procedures whose invoice was voided and that stand on no other (W-6).

Somebody may have said why one is not (a waiver, decision 0181); then it waits no more, and can be billed after all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from balances.models import Charge, Waiver
from balances.states import ChargeKind
from clinicpay.staff.queries import names_of
from treatments.models import Procedure, TreatmentEvent
from treatments.states import EventState


@dataclass(frozen=True)
class Again:
    """A procedure that can be billed again; `before` is the void charge that billed it last.

    `waiver` is why it is not, if somebody has said so.
    """

    procedure: Procedure
    before: Charge
    waiver: Waiver | None = None


class Left(NamedTuple):
    """What is not billed again of a treatment (minor units), why, and who said so."""

    waiver: Waiver
    who: str
    amount: int


def _void() -> QuerySet[Charge]:
    """Void charges of procedures that stand on no other invoice; what is free is never charged.

    Each is looked up by itself: as a join, the planner would read every charge that the clinic ever made.
    """
    live = Charge.objects.filter(kind=ChargeKind.PROCEDURE, procedure=OuterRef("procedure"), voided=False)
    void = Charge.objects.filter(kind=ChargeKind.PROCEDURE, voided=True, procedure__fee__gt=0)
    return void.alias(live=Subquery(live.values("pk")[:1])).filter(live=None)


def void_and_waiting() -> QuerySet[Charge]:
    """Void charges that were not billed again, and of which nobody has said why."""
    return _void().alias(said=Subquery(Waiver.objects.filter(charge=OuterRef("pk")).values("pk")[:1])).filter(said=None)


def billable_again(event_id: int) -> list[Again]:
    """The procedures of a treatment that can be, in their order. One query; one more if there are any."""
    rows = _void().filter(event=event_id).select_related("procedure", "invoice").prefetch_related("waivers")
    newest = {charge.procedure: charge for charge in rows.order_by("procedure__line", "pk") if charge.procedure}
    return [Again(procedure, charge, next(iter(charge.waivers.all()), None)) for procedure, charge in newest.items()]


def to_bill(again: Sequence[Again]) -> list[Again]:
    """What billing it again takes: whatever nobody has said why not; all of it where that was said of all."""
    return waiting(again) or list(again)


def waiting(again: Iterable[Again]) -> list[Again]:
    """What is still to be billed again: nobody has said why not."""
    return [one for one in again if not one.waiver]


def left_unbilled(again: Iterable[Again]) -> list[Left]:
    """What was said of what can be billed again, and of how much of it."""
    return _said([(one.waiver, one.procedure.fee) for one in again if one.waiver])


def left_of_void(charges: Iterable[Charge], after: Iterable[Charge]) -> list[Left]:
    """The same for the charges of a void invoice, given what was billed `after`."""
    billed = {charge.procedure_id for charge in after}
    void = {one.pk: one.amount for one in charges if one.voided and one.procedure_id not in billed}
    waivers = Waiver.objects.filter(charge__in=list(void)).order_by("pk") if void else ()
    return _said([(waiver, void[waiver.charge_id]) for waiver in waivers])


def _said(waived: Sequence[tuple[Waiver, int]]) -> list[Left]:
    """Once for everything of which one person said the same. One query if there is anything."""
    said: dict[tuple[int | None, str], Left] = {}
    names = names_of(waiver.made_by_id for waiver, _ in waived) if waived else {}
    for waiver, amount in waived:
        key = (waiver.made_by_id, waiver.reason)
        before = said[key].amount if key in said else 0
        said[key] = Left(waiver, names.get(waiver.made_by_id or 0, ""), before + amount)
    return list(said.values())


def billed_after(charges: Iterable[Charge]) -> list[Charge]:
    """The charges that bill again what these void ones had billed."""
    void = [charge.procedure_id for charge in charges if charge.voided and charge.procedure_id]
    rows = Charge.objects.filter(procedure__in=void, voided=False) if void else Charge.objects.none()
    return list(rows.select_related("invoice").order_by("invoice__number", "line"))


def events_to_bill(charges: Sequence[Charge], after: Iterable[Charge]) -> list[TreatmentEvent]:
    """The complete treatments of void charges of which something is on no invoice, given what was billed `after`."""
    billed = {charge.procedure_id for charge in after}
    void = [one for one in charges if one.voided and one.procedure_id and one.procedure_id not in billed]
    return list({one.event_id: one.event for one in void if one.event and one.event.is_completed}.values())


def why_not_waived(event: TreatmentEvent, again: Sequence[Again]) -> str:
    """Why nothing is to be said of what a treatment does not bill again, in the user's words; "" when something is."""
    if refused := why_not_billed_again(event, again):
        return refused
    return "" if waiting(again) else f"Somebody has said already why {event.ref} is not billed again."


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
