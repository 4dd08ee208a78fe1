"""What of a treatment a person can bill: before it is complete what isn't charged yet, later what was voided (W-6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet

from balances.models import Charge
from balances.states import ChargeKind
from treatments.models import Procedure, TreatmentEvent
from treatments.states import EventState, Origin


@dataclass(frozen=True)
class Billable:
    """A procedure that can be billed; `before` is the void charge that billed it last, if one did."""

    procedure: Procedure
    before: Charge | None


def billable(event: TreatmentEvent) -> list[Billable]:
    """The procedures of a treatment that can be, in their order; what is free is never charged. Two queries."""
    void = Charge.objects.filter(event=event.pk, kind=ChargeKind.PROCEDURE, voided=True).select_related("invoice")
    before = {charge.procedure_id: charge for charge in void.order_by("pk")}
    rows = [Billable(one, before.get(one.pk)) for one in uncharged(event).order_by("line")]
    return [one for one in rows if is_billable(one.procedure, event, was_billed=one.before is not None)]


def uncharged(event: TreatmentEvent) -> QuerySet[Procedure]:
    """Its procedures that cost something and stand on no invoice."""
    billed = Charge.objects.filter(procedure=OuterRef("pk"), voided=False)
    return event.procedures.filter(~Exists(billed), fee__gt=0)


def is_billable(procedure: Procedure, event: TreatmentEvent, *, was_billed: bool) -> bool:
    """Whether a procedure that isn't charged can be billed by hand, now that its treatment is as it is.

    Complete treatments bill only what was billed before: an import brings some that were charged elsewhere.
    """
    if not procedure.fee:
        return False
    if event.is_completed:
        return was_billed
    return event.state == EventState.IN_PROGRESS and not waits(procedure, event)


def waits(procedure: Procedure, event: TreatmentEvent) -> bool:
    """Whether it is billed only when its treatment closes: a package's part may be split anew until then.

    A stage has a price of its own (C12).
    """
    return procedure.part and event.origin == Origin.PACKAGE


def billed_after(charges: Iterable[Charge]) -> list[Charge]:
    """The charges that bill again what these void ones had billed."""
    void = [charge.procedure_id for charge in charges if charge.voided and charge.procedure_id]
    rows = Charge.objects.filter(procedure__in=void, voided=False) if void else Charge.objects.none()
    return list(rows.select_related("invoice").order_by("invoice__number", "line"))


def events_to_bill(charges: Iterable[Charge], after: Iterable[Charge]) -> list[TreatmentEvent]:
    """The treatments of void charges of which something can be billed, given what was billed `after`."""
    billed = {charge.procedure_id for charge in after}
    void = [one.procedure_id for one in charges if one.voided and one.procedure_id and one.procedure_id not in billed]
    rows = Procedure.objects.filter(pk__in=void).select_related("event").order_by("event__number") if void else ()
    return list(dict.fromkeys(one.event for one in rows if is_billable(one, one.event, was_billed=True)))


def to_credit(event: TreatmentEvent) -> list[Charge]:
    """What was charged for a treatment and is to be credited before it can be cancelled."""
    rows = Charge.objects.filter(event=event.pk, credited__lt=F("amount"))
    return list(rows.select_related("invoice").order_by("invoice__number", "line"))


def why_not_billed(event: TreatmentEvent, lines: Sequence[Billable]) -> str:
    """Why nothing of a treatment can be billed, in the user's words; "" when something can."""
    if event.state == EventState.CANCELLED:
        return f"{event.ref} is cancelled: nothing is billed for it."
    if event.state == EventState.SCHEDULED:
        return f"{event.ref} is scheduled: it can be billed once it has begun, or else when it is marked complete."
    if lines:
        return ""
    return f"Nothing is left to bill for {event.ref}: {_why_nothing(event)}."


def _why_nothing(event: TreatmentEvent) -> str:
    billed = Charge.objects.filter(event=event, kind=ChargeKind.PROCEDURE, voided=False).select_related("invoice")
    refs = ", ".join(dict.fromkeys(str(charge.invoice) for charge in billed.order_by("invoice__number")))
    why = [f"it is billed on {refs}"] if refs else []
    if event.is_completed:
        return (why or ["no invoice of it was voided"])[0]
    if any(waits(one, event) for one in uncharged(event)):
        why.append("its part of the package is billed when it is marked complete")
    if not why:
        why = ["its procedures are free of charge" if event.procedures.exists() else "it lists no procedures"]
    return " and ".join(why)
