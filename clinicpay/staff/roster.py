"""Changing and retiring what a clinic is set up with: practitioners and locations.

Nothing is deleted: what was treated or paid there keeps its name, and a retired one is offered no more.
"""

from typing import Any

from django.db import connection, transaction

from clinicpay.audit.services import record
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Practitioner
from clinicpay.staff.roles import Can


@transaction.atomic
def add_practitioner(*, name: str, discipline: str, by: Actor) -> Practitioner:
    """Put somebody who treats patients on the clinic's roster."""
    require(by, Can.MANAGE_SETTINGS)
    practitioner = Practitioner.objects.create(name=name, discipline=discipline)
    record("practitioner.added", practitioner, by=by, after={"name": name, "discipline": discipline})
    return practitioner


@transaction.atomic
def change_practitioner(practitioner: Practitioner, *, by: Actor, name: str, discipline: str) -> Practitioner:
    """Correct a name or a discipline; treatments show the new name at once."""
    require(by, Can.MANAGE_SETTINGS)
    practitioner = Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    _change(practitioner, {"name": name, "discipline": discipline}, by)
    return practitioner


@transaction.atomic
def add_location(*, name: str, address: str, by: Actor) -> Location:
    """Add a site of the clinic. Raises Refusal when an active one is called the same."""
    require(by, Can.MANAGE_SETTINGS)
    _one_of_a_name(name)
    location = Location.objects.create(name=name, address=address)
    record("location.added", location, by=by, after={"name": name, "address": address})
    return location


@transaction.atomic
def change_location(location: Location, *, by: Actor, name: str, address: str) -> Location:
    """Correct a site's name or address. Raises Refusal when another active one is called the same."""
    require(by, Can.MANAGE_SETTINGS)
    location = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    if location.active:
        _one_of_a_name(name, but=location)
    _change(location, {"name": name, "address": address}, by)
    return location


@transaction.atomic
def retire(row: Practitioner | Location, *, by: Actor) -> None:
    """Offer it no more for what is new; what names it keeps it. The last active location stays."""
    require(by, Can.MANAGE_SETTINGS)
    row = _locked(row)
    if isinstance(row, Location):
        _alone()
        if row.active and not Location.objects.filter(active=True).exclude(pk=row.pk).exists():
            raise Refusal(f"{row.name} is the only active location; a clinic needs one. Add another one first.")
    _change(row, {"active": False}, by)


@transaction.atomic
def reactivate(row: Practitioner | Location, *, by: Actor) -> None:
    """Offer it again. Raises Refusal for a location whose name another active one has taken."""
    require(by, Can.MANAGE_SETTINGS)
    row = _locked(row)
    if isinstance(row, Location):
        _one_of_a_name(row.name, but=row)
    _change(row, {"active": True}, by)


def _locked(row: Practitioner | Location) -> Practitioner | Location:
    found: Practitioner | Location = type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
    return found


def _change(row: Practitioner | Location, values: dict[str, Any], by: Actor) -> None:
    """Write what differs, with its line in the trail; nothing at all when nothing does."""
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    if not before:
        return
    for name in before:
        setattr(row, name, values[name])
    row.save(update_fields=list(before))
    after = {name: values[name] for name in before}
    if isinstance(row, Location):
        record("location.changed", row, by=by, before=before, after=after)
    else:
        record("practitioner.changed", row, by=by, before=before, after=after)


def _one_of_a_name(name: str, but: Location | None = None) -> None:
    """No two active locations of one name, also of two that are added at once: people choose them by name."""
    _alone()
    others = [other for other in Location.objects.filter(active=True) if not but or other.pk != but.pk]
    if any(other.name.casefold() == name.casefold() for other in others):
        raise Refusal(f"An active location is called “{name}” already. Choose another name, or retire that one.")


def _alone() -> None:
    """One change of the clinic's locations at a time."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('locations'), %s)", [current_clinic_id()])
