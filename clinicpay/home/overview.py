"""The start page of those who run the clinic: what waits for them first, then how the clinic stands (S0.4, S0.26)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists
from django.http import HttpResponse

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.queries import location_names
from clinicpay.close.queries.days import open_days
from clinicpay.close.queries.gaps import gaps_of
from clinicpay.home.figures import aged, aged_at, collected
from clinicpay.home.waiting import refunds_waiting, work_waiting, write_offs_waiting
from clinicpay.patients.models import Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.links import with_query

DAYS = 8
"""Open days that are listed, the oldest first."""

MONEY_FIRST = ("approvals", "collected", "ages", "work", "days")
DAYS_FIRST = ("days", "ages", "work", "approvals", "collected")


@dataclass(frozen=True)
class Place:
    """All locations, or one of them, as the page is narrowed down."""

    label: str
    url: str
    current: bool


def overview(request: ClinicRequest) -> dict[str, Any]:
    """Everything on the page, of all locations or of one, in nine questions; nothing while there is no patient."""
    member, clinic = request.member, request.member.clinic
    rows = Location.objects.filter(active=True).values_list("pk", "name", Exists(Patient.objects.all()))
    names = {pk: name for pk, name, begun in rows if begun}
    if not names:
        return {}
    place = _chosen(request, names)
    write_offs, refunds = write_offs_waiting(member), refunds_waiting(place)
    return {
        "day": clock.today(clinic),
        "places": _places(request, names, place),
        "place": names.get(place or 0, ""),
        "blocks": [f"home/block_{name}.html" for name in _order(member)],
        "write_offs": write_offs,
        "refunds": refunds,
        "seen": [*write_offs, *refunds],
        "collected": collected(clinic, place),
        "ages": aged(clinic) if place is None else None,
        "ages_url": place and f"{address(clinic, 'overview_ages')}?location={place}",
        **_days(member, place),
        "work": list(work_waiting(clinic)),
    }


@allowed(Can.CLOSE_DAY)
def overview_ages(request: ClinicRequest) -> HttpResponse:
    """What is owed at one location, by age: it reads every open invoice, so it comes beside the page."""
    clinic = request.member.clinic
    names = dict(location_names())
    place = _chosen(request, names)
    ages = aged(clinic) if place is None else aged_at(clinic, place)
    return render_page(request, "home/ages.html", {"ages": ages, "place": names.get(place or 0, "")}, fragment="ages")


def _order(member: Membership) -> tuple[str, ...]:
    """An owner begins with what only they may decide, an admin with the days to close."""
    return MONEY_FIRST if member.can(Can.APPROVE_WRITE_OFF) else DAYS_FIRST


def _days(member: Membership, place: int | None) -> dict[str, Any]:
    """The days that are open, and what each still lacks."""
    clinic = member.clinic
    today, days = clock.today(clinic), open_days(clinic, location=place)
    shown = days[:DAYS]
    late = sum(one.day < today for one in days)
    gaps = gaps_of(clinic, [(one.location_id, one.day) for one in shown])
    return {"days": list(zip(shown, gaps, strict=True)), "late": late, "more": len(days) - len(shown)}


def _chosen(request: ClinicRequest, names: dict[int, str]) -> int | None:
    asked = request.GET.get("location", "")
    place = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    return place if place in names else None


def _places(request: ClinicRequest, names: dict[int, str], place: int | None) -> list[Place]:
    """A choice, where there is one."""
    if len(names) < 2:
        return []
    every = Place("All locations", with_query(request.GET, location=None), place is None)
    return [every, *(Place(name, with_query(request.GET, location=pk), pk == place) for pk, name in names.items())]
