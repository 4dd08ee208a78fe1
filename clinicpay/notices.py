"""The notices of a page: about the person's clinics, about ClinicPay, and for its managers about the clinic."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Exists, OuterRef, Subquery
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinicpay import away
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic, Location
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Invitation, Practitioner
from clinicpay.staff.problems import came_from
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after
from clinicpay.ui.notices import DISMISSED, Notice
from treatments.models import PriceItem

NEEDED = (
    ("a location", "settings_locations"),
    ("a practitioner", "settings_practitioners"),
    ("a price", "settings_prices"),
)
"""What a clinic can't begin without, and where it is added."""

KEYS = {"two-clinics", "invitations"}
"""Notices that may be put away."""


def notices(request: ClinicRequest) -> list[Notice]:
    """What stands above this page, but for what the person has put away in this clinic."""
    gone = request.session.get(DISMISSED, [])
    said = [*_of_clinics(request), *_of_servers(), *_of_settings(request)]
    return [one for one in said if f"{request.member.clinic.slug} {one.key}" not in gone]


@require_POST
@allowed(Can.ENTER)
def dismiss(request: ClinicRequest, key: str) -> HttpResponse:
    """Put a notice away until the next sign-in."""
    gone = request.session.get(DISMISSED, [])
    name = f"{request.member.clinic.slug} {key}"
    if key in KEYS and name not in gone:
        request.session[DISMISSED] = [*gone, name]
    return redirect_after(request, came_from(request) or address(request.member.clinic, "today"))


def _of_clinics(request: ClinicRequest) -> Iterator[Notice]:
    others = [one.clinic.name for one in request.memberships if one.clinic.pk != request.member.clinic.pk]
    if others:
        here = request.member
        text = f"You work in {len(others) + 1} clinics. This is {here.clinic.name}, where you are {here.role_label}."
        yield Notice(text, key="two-clinics")


def _of_servers() -> Iterator[Notice]:
    if away.since():
        text = "One of ClinicPay’s servers does not answer. You can go on working; nobody can sign in meanwhile."
        yield Notice(text, level="warning")


def _of_settings(request: ClinicRequest) -> Iterator[Notice]:
    """For those who can do something about it, on the page where they begin the day."""
    if not request.member.can(Can.MANAGE_SETTINGS) or getattr(request.resolver_match, "url_name", "") != "today":
        return
    clinic = request.member.clinic
    *there, waiting = _standing(clinic)
    for (what, page), has in zip(NEEDED, there, strict=True):
        if not has:
            text = f"{clinic.name} still needs {what} before a treatment can be added."
            yield Notice(text, level="warning", label=f"Add {what}", url=address(clinic, page))
    if waiting:
        text = f"{waiting} invitation{'s wait' if waiting > 1 else ' waits'} to be accepted."
        yield Notice(text, label="Team", url=address(clinic, "settings_team"), key="invitations")


def _standing(clinic: Clinic) -> tuple[Any, ...]:
    """Whether there are locations, practitioners and prices, and how many invitations wait; one query."""
    open_ones = Invitation.objects.filter(clinic=OuterRef("pk"), accepted_at=None, expires_at__gt=timezone.now())
    counted = open_ones.order_by().values("clinic").annotate(count=Count("pk")).values("count")
    active = [Exists(rows.filter(active=True)) for rows in (Location.objects, Practitioner.objects, PriceItem.objects)]
    return Clinic.objects.values_list(*active, Subquery(counted)).get(pk=clinic.pk)
