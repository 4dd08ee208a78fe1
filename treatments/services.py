"""What happens to treatment events: scheduled, started, marked complete, reviewed, closed with their day, cancelled."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from clinicpay.audit.services import record, record_many
from clinicpay.clinics.numbers import take
from clinicpay.clinics.queries import own_field_names
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can
from treatments.models import PriceItem, Procedure, TreatmentEvent
from treatments.queries import own_fields
from treatments.states import MOVES, REVIEWED, EventState


class Work(NamedTuple):
    """One procedure to list on an event. Without a fee (minor units) the price list's is taken.

    `part` says that its fee is the event's part of a package's price.
    """

    code: str
    description: str = ""
    fee: int | None = None
    part: bool = False


@transaction.atomic
def schedule_event(*, by: Actor, work: Sequence[Work], **fields: Any) -> TreatmentEvent:
    """Add a treatment event with its procedures; `fields` are fields of TreatmentEvent.

    Raises Refusal for a procedure that is neither priced by the clinic nor given a fee.
    """
    require(by, Can.SCHEDULE)
    event = TreatmentEvent.objects.create(number=take(TreatmentEvent.KIND)[0], **fields)
    procedures = Procedure.objects.bulk_create(_priced(event, work, first_line=1))
    own = _own_fields(event, own_field_names(by.clinic)) if event.custom_1 or event.custom_2 else {}
    listed = {"patient": event.patient.ref, "procedures": _listed(procedures)}
    record("event.scheduled", event, by=by, after=listed | own)
    return event


@transaction.atomic
def add_procedures(event: TreatmentEvent, *, by: Membership, work: Sequence[Work]) -> list[Procedure]:
    """List more procedures on an event that is not yet complete."""
    require(by, Can.SCHEDULE)
    event = lock_event(event)
    if event.is_completed or event.state == EventState.CANCELLED:
        raise Refusal(f"{event.ref} is {event.get_state_display().lower()}; its procedures can't be changed.")
    last = event.procedures.order_by("-line").values_list("line", flat=True).first() or 0
    added = Procedure.objects.bulk_create(_priced(event, work, first_line=last + 1))
    record("event.procedures_added", event, by=by, after={"procedures": _listed(added)})
    return added


@transaction.atomic
def set_own_fields(event: TreatmentEvent, *, by: Actor, custom_1: str, custom_2: str) -> TreatmentEvent:
    """Fill in the fields that the clinic has named itself; what is held for them follows (S3.33).

    A field that isn't named stays as it is. Raises Refusal for a treatment that is over and done with.
    """
    require(by, Can.SCHEDULE)
    event = lock_event(event)
    if event.state in {EventState.CANCELLED, EventState.DAY_CLOSED}:
        raise Refusal(f"{event.ref} is {event.get_state_display().lower()}; it can't be changed.")
    names = own_field_names(by.clinic)
    before = _own_fields(event, names)
    event.custom_1 = custom_1 if names[0] else event.custom_1
    event.custom_2 = custom_2 if names[1] else event.custom_2
    if (after := _own_fields(event, names)) != before:
        event.save(update_fields=["custom_1", "custom_2"])
        record("event.own_fields_set", event, by=by, before=before, after=after)
    return event


def _own_fields(event: TreatmentEvent, names: tuple[str, str]) -> dict[str, str]:
    """What the trail keeps of them: the names are those of today."""
    filled = own_fields(event, names)
    return {"own_fields": ", ".join(f"{name}: {value or '–'}" for name, value in filled)}


@transaction.atomic
def move_event(event: TreatmentEvent, to: EventState, *, by: Actor, reason: str = "") -> TreatmentEvent:
    """Move an event along its states under lock. Raises Refusal for a move that is not allowed.

    Back from its review or its confirmation it goes for a reason alone: who presses "Mark complete" gives none.
    """
    event = lock_event(event)
    if to == event.state:
        raise Refusal(f"{event.ref} is {event.get_state_display().lower()} already.")
    if to == EventState.CLOSED and event.state in REVIEWED and not reason:
        raise Refusal(f"{event.ref} is complete already.")
    if to not in MOVES[event.state]:
        raise Refusal(f"{event.ref} is {event.get_state_display().lower()}: it can't become {to.label.lower()}.")
    before = event.state
    event.state = to
    if to == EventState.CLOSED:
        event.closed_at = event.closed_at or timezone.now()
    event.save(update_fields=["state", "closed_at"])
    record("event.moved", event, by=by, before={"state": before}, after={"state": str(to)}, reason=reason)
    return event


@transaction.atomic
def reopen_record(event: TreatmentEvent, *, by: Actor, reason: str) -> TreatmentEvent:
    """Write in the clinical record again after its review, which is then to be made anew.

    Raises Refusal without a reason, before a review, and once the day is closed.
    """
    require(by, Can.WRITE_CLINICAL)
    if not reason.strip():
        raise Refusal("Say why the record is re-opened.")
    event = lock_event(event)
    if refused := why_record_stands(event):
        raise Refusal(refused)
    if event.state not in REVIEWED:
        raise Refusal(f"{event.ref} is {event.get_state_display().lower()}: its record was not reviewed.")
    return move_event(event, EventState.CLOSED, by=by, reason=reason.strip()[:500])


def move_events(events: Sequence[TreatmentEvent], to: EventState, *, by: Actor, reason: str = "") -> None:
    """Move locked events of one state together, as a day's close and its re-opening do."""
    assert all(to in MOVES[event.state] for event in events)
    TreatmentEvent.objects.filter(pk__in=[event.pk for event in events]).update(state=to)
    after = {"state": str(to)}
    record_many("event.moved", [(event, {"state": event.state}, after) for event in events], by=by, reason=reason)


def lock_event(event: TreatmentEvent) -> TreatmentEvent:
    """The event as it is now, locked until the transaction ends."""
    return TreatmentEvent.objects.select_for_update(no_key=True).get(pk=event.pk)


def lock_events(ids: Any) -> None:
    """Lock events by their ids until the transaction ends, in order, so that two acts never wait crosswise."""
    list(TreatmentEvent.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values("pk"))


def _priced(event: TreatmentEvent, work: Sequence[Work], *, first_line: int) -> list[Procedure]:
    prices = {item.code: item for item in PriceItem.objects.filter(code__in=[one.code for one in work], active=True)}
    return [_procedure(event, line, one, prices.get(one.code)) for line, one in enumerate(work, first_line)]


def _procedure(event: TreatmentEvent, line: int, one: Work, price: PriceItem | None) -> Procedure:
    fee = one.fee if one.fee is not None else price.fee if price else None
    if fee is None:
        raise Refusal(f"{one.code} is not on the price list. Add it there, or give a fee.")
    description = one.description or (price.description if price else one.code)
    return Procedure(event=event, line=line, code=one.code, description=description[:255], fee=fee, part=one.part)


def _listed(procedures: Sequence[Procedure]) -> list[dict[str, Any]]:
    return [{"code": procedure.code, "fee": procedure.fee} for procedure in procedures]


@transaction.atomic
def set_price(*, by: Actor, code: str, description: str, discipline: str, fee: int) -> PriceItem:
    """Put a procedure on the price list, or change it there; treatments that list it already keep their fees."""
    require(by, Can.MANAGE_SETTINGS)
    values = {"description": description, "discipline": discipline, "fee": fee}
    price, added = PriceItem.objects.get_or_create(code=code, defaults=values)
    if added:
        record("price.set", price, by=by, after=_priced_as(price))
        return price
    return change_price(price, by=by, **values, active=True)


@transaction.atomic
def change_price(price: PriceItem, *, by: Actor, **values: Any) -> PriceItem:
    """Change what a procedure is called or costs, or whether it is offered; what was charged by it stays as it is."""
    require(by, Can.MANAGE_SETTINGS)
    price = PriceItem.objects.select_for_update(no_key=True).get(pk=price.pk)
    before = {name: getattr(price, name) for name, value in values.items() if getattr(price, name) != value}
    for name in before:
        setattr(price, name, values[name])
    if before:
        price.save(update_fields=list(before))
        record("price.set", price, by=by, before=before, after={name: values[name] for name in before})
    return price


def _priced_as(price: PriceItem) -> dict[str, Any]:
    return {"description": price.description, "discipline": price.discipline, "fee": price.fee}


def start_event(event: TreatmentEvent, *, by: Actor) -> TreatmentEvent:
    """The patient is in the chair."""
    require(by, Can.MARK_COMPLETE)
    return move_event(event, EventState.IN_PROGRESS, by=by)


@transaction.atomic
def write_record(event: TreatmentEvent, *, by: Actor, notes: str, reason: str = "") -> TreatmentEvent:
    """Keep the clinical notes. The trail says that they changed, not what they say: others may read the trail.

    Once the treatment was reviewed, its record is re-opened for a `reason`, and its review is to be made anew.
    """
    require(by, Can.WRITE_CLINICAL)
    event = lock_event(event)
    if refused := why_record_stands(event):
        raise Refusal(refused)
    if event.state in REVIEWED:
        if not reason.strip():
            raise Refusal(f"{event.ref} has been reviewed. Re-open its record first, with a reason.")
        event = reopen_record(event, by=by, reason=reason)
    before, event.clinical_notes = len(event.clinical_notes), notes
    event.save(update_fields=["clinical_notes"])
    record("event.record_written", event, by=by, before={"characters": before}, after={"characters": len(notes)})
    return event


def why_record_stands(event: TreatmentEvent) -> str:
    """Why nobody can write in a treatment's record any more, in the user's words; "" when somebody can."""
    if event.state == EventState.DAY_CLOSED:
        return f"The day of {event.ref} is closed. The owner can re-open it."
    return f"{event.ref} is cancelled; its record can't be changed." if event.state == EventState.CANCELLED else ""
