"""What of a treatment a person can bill: before it is complete what isn't charged yet, later what was voided (W-6).

Somebody may have said why the latter is not (a waiver, decision 0181); then it waits no more, and can be billed after
all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet, Subquery

from balances.models import Charge, Waiver
from balances.states import ChargeKind
from clinicpay.staff.queries import names_of
from treatments.models import Procedure, TreatmentEvent
from treatments.states import EventState, Origin


@dataclass(frozen=True)
class Billable:
    """A procedure that can be billed; `before` is the void charge that billed it last, if one did.

    `waiver` is why it is not billed again, if somebody has said so.
    """

    procedure: Procedure
    before: Charge | None
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


def billable(event: TreatmentEvent) -> list[Billable]:
    """The procedures of a treatment that can be, in their order; what is free is never charged.

    Two queries, three after a void.
    """
    void = Charge.objects.filter(event=event.pk, kind=ChargeKind.PROCEDURE, voided=True)
    said = Prefetch("waivers", to_attr="said")
    before = {one.procedure_id: one for one in void.select_related("invoice").prefetch_related(said).order_by("pk")}
    rows = [_billable(one, before.get(one.pk)) for one in uncharged(event).order_by("line")]
    return [one for one in rows if is_billable(one.procedure, event, was_billed=one.before is not None)]


def _billable(procedure: Procedure, before: Charge | None) -> Billable:
    said: list[Waiver] = getattr(before, "said", [])
    return Billable(procedure, before, said[0] if said else None)


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


def to_bill(lines: Sequence[Billable]) -> list[Billable]:
    """What billing takes: whatever nobody has said why not; all of it where that was said of all."""
    return waiting(lines) or list(lines)


def waiting(lines: Iterable[Billable]) -> list[Billable]:
    """What is still to be billed again: nobody has said why not."""
    return [one for one in lines if not one.waiver]


def left_unbilled(lines: Iterable[Billable]) -> list[Left]:
    """What was said of what can be billed again, and of how much of it."""
    return _said([(one.waiver, one.procedure.fee) for one in lines if one.waiver])


def left_of_void(charges: Iterable[Charge], after: Iterable[Charge]) -> list[Left]:
    """The same for the charges of a void invoice, given what was billed `after`; not of what waits anew since then."""
    billed = {charge.procedure_id for charge in after}
    void = {one.pk: one.amount for one in charges if one.voided and one.procedure_id not in billed}
    anew = void_and_waiting().filter(event=OuterRef("charge__event"), procedure=OuterRef("charge__procedure"))
    waivers = Waiver.objects.filter(~Exists(anew), charge__in=list(void)).order_by("pk") if void else ()
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


def events_to_bill(charges: Iterable[Charge], after: Iterable[Charge]) -> list[TreatmentEvent]:
    """The treatments of void charges of which something can be billed, given what was billed `after`."""
    billed = {charge.procedure_id for charge in after}
    void = [one.procedure_id for one in charges if one.voided and one.procedure_id and one.procedure_id not in billed]
    rows = Procedure.objects.filter(pk__in=void).select_related("event").order_by("event__number") if void else ()
    return list(dict.fromkeys(one.event for one in rows if is_billable(one, one.event, was_billed=True)))


def why_not_waived(event: TreatmentEvent, lines: Sequence[Billable]) -> str:
    """Why nothing is to be said of what a treatment does not bill again, in the user's words; "" when something is."""
    if refused := why_not_billed(event, lines):
        return refused
    if not event.is_completed:
        return f"{event.ref} is not complete: what it lists is billed when it is marked complete."
    return "" if waiting(lines) else f"Somebody has said already why {event.ref} is not billed again."


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
