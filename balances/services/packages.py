"""Packages and staged treatments: one price over several treatments, each billed its part when it closes.

A package is split into equal parts; when a visit is added or cancelled, what isn't billed yet is split anew. A stage
has a price of its own, with which the whole grows or shrinks (decision 0151). The database keeps the sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from balances.models import Charge
from balances.requests import Once, answer, claim
from clinicpay.audit.services import record
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Patient
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Practitioner
from clinicpay.staff.roles import Can
from treatments.models import Package, Procedure, TreatmentEvent
from treatments.services import Work, move_event, schedule_event
from treatments.split import MOST, equal_parts
from treatments.states import AHEAD, EventState, Origin


@dataclass(frozen=True)
class Visit:
    """One treatment of a package: when, with whom, where, what; a stage brings its `price` in minor units."""

    at: datetime
    practitioner: Practitioner
    location: Location
    title: str = ""
    code: str = ""
    price: int = 0


@dataclass(frozen=True)
class Agreed:
    """What was agreed with a patient: a name, its kind, its visits in order, and of a package the price in all."""

    name: str
    kind: Origin
    visits: Sequence[Visit]
    price: int = 0


@transaction.atomic
def add_package(patient: Patient, agreed: Agreed, *, by: Actor, once: Once | None = None) -> Package:
    """Put one price over several treatments, which are scheduled with it (S0.14, S0.15).

    Raises Refusal, and Repeated with the package's number when the same form has made it before.
    """
    require(by, Can.PACKAGE)
    if once:
        claim(once, user_id=by.user_id)
    visits = priced(agreed)
    package = Package.objects.create(
        number=take(Package.KIND)[0],
        patient=patient,
        kind=agreed.kind,
        name=agreed.name,
        price=sum(visit.price for visit in visits),
    )
    events = [_schedule(package, visit, by=by) for visit in visits]
    after = {"price": package.price, "parts": _listed(events, visits), "name": package.name, "patient": patient.ref}
    record("package.added", package, by=by, after=after)
    if once:
        answer(once, {"package": package.number})
    return package


def priced(agreed: Agreed) -> list[Visit]:
    """The visits with the part of each: what the preview shows and the act does. Raises Refusal."""
    if agreed.kind == Origin.PACKAGE:
        parts = equal_parts(agreed.price, len(agreed.visits))
        return [replace(visit, price=part) for visit, part in zip(agreed.visits, parts, strict=True)]
    if not 1 <= len(agreed.visits) <= MOST:
        raise Refusal(f"Enter from 1 to {MOST} stages.")
    if any(visit.price <= 0 for visit in agreed.visits):
        raise Refusal("Each stage needs a price greater than zero.")
    return list(agreed.visits)


@transaction.atomic
def add_visit(package: Package, visit: Visit, *, by: Actor, once: Once | None = None) -> TreatmentEvent:
    """One more treatment: a package's unbilled rest is split anew over it too, a staged price grows by the stage's."""
    require(by, Can.PACKAGE)
    if once:
        claim(once, user_id=by.user_id)
    package, live = _locked(package)
    if len(live) >= MOST:
        raise Refusal(f"{package.ref} has {MOST} treatments, which is the most.")
    before = {"price": package.to_bill, "parts": _shown(live)}
    if package.kind == Origin.PACKAGE:
        if not _rest(package, live):
            raise Refusal(f"All of {package.ref} is billed or cancelled: nothing is left to split over another visit.")
        event = _schedule(package, replace(visit, price=0), by=by)
        _split_again(package, by=by)
    else:
        if visit.price <= 0:
            raise Refusal("A stage needs a price greater than zero.")
        package.price += visit.price
        package.save(update_fields=["price"])
        event = _schedule(package, visit, by=by)
    record("package.visit_added", package, by=by, before=before, after=_standing(package))
    if once:
        answer(once, {"treatment": event.number})
    return event


def leave_package(event: TreatmentEvent, cancel: Any, *, by: Actor) -> TreatmentEvent:
    """Cancel one treatment of a package by `cancel(event)`; its part goes to the others, or a stage's price is dropped.

    Raises Refusal when it is the last of a package that isn't billed: then nothing could bear what is left.
    """
    assert event.package
    package, live = _locked(event.package)
    before = {"price": package.to_bill, "parts": _shown(live)}
    cancelled: TreatmentEvent = cancel(event)
    if package.kind == Origin.STAGED:
        package.cancelled += event.procedures.get(part=True).fee
        package.save(update_fields=["cancelled"])
    else:
        _split_again(package, by=by)
    record("package.visit_cancelled", package, by=by, before=before, after=_standing(package))
    return cancelled


@transaction.atomic
def cancel_rest(package: Package, *, by: Actor, reason: str) -> Package:
    """Cancel every treatment that is neither complete nor billed, and with them what of the price isn't billed."""
    require(by, Can.PACKAGE)
    if not reason.strip():
        raise Refusal("Say why the rest is cancelled.")
    package, live = _locked(package)
    before = {"price": package.to_bill, "parts": _shown(live)}
    ahead = [part for part in live if _is_open(part)]
    if not ahead:
        raise Refusal(f"Nothing of {package.ref} is left to cancel: each treatment is complete, billed or cancelled.")
    for part in ahead:
        move_event(part.event, EventState.CANCELLED, by=by, reason=reason.strip()[:500])
    package.cancelled += sum(part.fee for part in ahead)
    package.save(update_fields=["cancelled"])
    after = _standing(package)
    record("package.rest_cancelled", package, by=by, before=before, after=after, reason=reason.strip()[:500])
    return package


def _locked(package: Package) -> tuple[Package, list[Any]]:
    """The package and its events as they are now, locked; and its live parts, in the order of service."""
    package = Package.objects.select_for_update(no_key=True).get(pk=package.pk)
    list(TreatmentEvent.objects.select_for_update(no_key=True).filter(package=package).order_by("pk").values("pk"))
    return package, _live(package)


def _live(package: Package) -> list[Any]:
    billed = Charge.objects.filter(procedure=OuterRef("pk"), voided=False)
    parts = Procedure.objects.filter(event__package=package, part=True).exclude(event__state=EventState.CANCELLED)
    rows = parts.select_related("event").annotate(is_billed=Exists(billed))
    return list(rows.order_by("event__service_at", "event__number"))


def _is_open(part: Any) -> bool:
    """Whether a part can still be split anew, or be cancelled: its event is neither complete nor billed."""
    return part.event.state in AHEAD and not part.is_billed


def _rest(package: Package, live: Sequence[Any]) -> int:
    """What of the price neither a billed nor a completed event has (minor units)."""
    rest: int = package.to_bill - sum(part.fee for part in live if not _is_open(part))
    return rest


def _split_again(package: Package, *, by: Actor) -> None:
    live = _live(package)
    rest, ahead = _rest(package, live), [part for part in live if _is_open(part)]
    if not rest and not ahead:
        return
    if not ahead:
        raise Refusal(
            f"This is the last visit of {package.ref} that isn’t billed: no other can bear what is left of the price. "
            "Add a visit first, or let whoever agrees on packages cancel the rest of it."
        )
    for part, fee in zip(ahead, equal_parts(rest, len(ahead)), strict=True):
        part.fee = fee
    Procedure.objects.bulk_update(ahead, ["fee"])


def _schedule(package: Package, visit: Visit, *, by: Actor) -> TreatmentEvent:
    code = visit.code or package.ref
    return schedule_event(
        by=by,
        work=[Work(code, "" if visit.code else visit.title or package.name, visit.price, part=True)],
        patient=package.patient,
        practitioner=visit.practitioner,
        location=visit.location,
        service_at=visit.at,
        discipline=visit.practitioner.discipline,
        title=visit.title or package.name,
        origin=package.kind,
        package=package,
    )


def _standing(package: Package) -> dict[str, Any]:
    """What the trail keeps of a package: what is billed in all, and each part."""
    return {"price": package.to_bill, "parts": _shown(_live(package))}


def _shown(live: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"treatment": part.event.ref, "amount": part.fee} for part in live]


def _listed(events: Sequence[TreatmentEvent], visits: Sequence[Visit]) -> list[dict[str, Any]]:
    return [{"treatment": event.ref, "amount": visit.price} for event, visit in zip(events, visits, strict=True)]
