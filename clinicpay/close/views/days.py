"""The days of each location: what stands against closing one, and its close."""

from datetime import date
from typing import Any, cast

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close import services
from clinicpay.close.changes import changes, noted
from clinicpay.close.filters import DayFilter
from clinicpay.close.forms import CloseForm
from clinicpay.close.gaps import LISTED, TITLES, listed
from clinicpay.close.models import DailyClose
from clinicpay.close.queries import earlier_open_day
from clinicpay.close.queries.days import Versions, versions_of
from clinicpay.close.queries.findings import in_order, ledger_findings
from clinicpay.close.queries.listing import days
from clinicpay.close.queries.sheet import Facts, facts_for, facts_of
from clinicpay.close.states import CloseState
from clinicpay.close.tables import DayTable, GapTable
from clinicpay.close.views.checklist import checklist
from clinicpay.close.views.versions import closed_page
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.words import day_words

INVALID = 422


@allowed(Can.REVIEW_DAY)
def close_days(request: ClinicRequest) -> HttpResponse:
    """Each day of each location: what waits to be closed in its order, and what was closed."""
    narrow = DayFilter.of(request, DailyClose.objects.none())
    table = DayTable.of(request, narrow.narrowed(days(request.member.clinic)))
    return render_page(request, "close/days.html", {"filter": narrow, "table": table}, fragment="results")


@allowed(Can.REVIEW_DAY, shows="points")
def close_day(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """The checklist of a day with whatever stands open, or its sheet once it is closed."""
    place, versions = _place(request, location, day)
    current = versions.current
    if (current and current.state == CloseState.CLOSED) or request.GET.get("version"):
        return closed_page(request, place, day, versions.closed)
    facts = facts_for(request.member.clinic, place, day, current)
    return _open_page(request, place, day, facts=facts, versions=versions)


def _place(request: ClinicRequest, location: int, day: date) -> tuple[Location, Versions]:
    """The location, and the versions of its day. Raises Http404 for a day to come."""
    place = get_object_or_404(Location, pk=location)
    if day > clock.today(request.member.clinic):
        raise Http404("This day is still to come.")
    return place, versions_of(place, day)


def _open_page(
    request: ClinicRequest,
    place: Location,
    day: date,
    *,
    facts: Facts,
    versions: Versions,
    form: CloseForm | None = None,
) -> HttpResponse:
    form = form or _fresh(request, facts)
    context = {
        "location": place,
        "day": day,
        "close": versions.current,
        "versions": versions.closed,
        "form": form,
        **_checked(request, place, day, facts),
    }
    return render_page(request, "close/day.html", context, status=INVALID if form.errors else 200)


def _checked(request: ClinicRequest, place: Location, day: date, facts: Facts) -> dict[str, Any]:
    """What the day still lacks; the ledger is proved only where somebody asks, as that takes longer."""
    clinic, asked = request.member.clinic, request.GET.get("ledger") == "1"
    facts = facts._replace(found=in_order([*facts.found, *(ledger_findings() if asked else [])]))
    checks = checklist(clinic, place, day, facts, is_proved=asked)
    return {
        "facts": facts,
        "checks": checks,
        "points": [point for one in checks for point in one.points],
        "blocking": [one.words for one in facts.found if one.blocks],
        "earlier": earlier_open_day(clinic, place, day),
    }


def _fresh(request: ClinicRequest, facts: Facts) -> CloseForm:
    return CloseForm(found=facts.found, initial=_marks(request, facts))


def _marks(request: ClinicRequest, facts: Facts) -> dict[str, str]:
    """What the page sends back of the day as it shows it: that it is the same, and else what it was."""
    return {"seen": facts.seal, "shown": noted(facts, request.member.clinic.currency)}


@require_POST
@allowed(Can.REVIEW_DAY)
def close_review(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """Begin to go over a day."""
    place, _ = _place(request, location, day)
    try:
        services.start_review(place, day, by=request.member)
        notify(request, f"The review of {day_words(day)} at {place} has begun.")
    except Refusal as refusal:
        notify(request, str(refusal))
    return redirect_after(request, _url(request, place, day))


@require_POST
@allowed(Can.CLOSE_DAY)
def close_act(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """Close a day as it was shown. Who comes second is told who was first."""
    place, versions = _place(request, location, day)
    if answer := _closed_already(request, place, day, versions):
        return answer
    form = CloseForm(request.POST, found=facts_for(request.member.clinic, place, day, versions.current).found)
    if form.is_valid() and (closed := _closed(request, place, day, form)):
        notify(request, f"{closed.ref} closes {day_words(day)} at {place}.")
        return redirect_after(request, _url(request, place, day))
    return _not_closed(request, place, day, form)


def _closed(request: ClinicRequest, place: Location, day: date, form: CloseForm) -> DailyClose | None:
    """The closed version; None with the refusal on the form."""
    try:
        return services.close_day(place, day, by=request.member, reason=form.reason, explained=form.explained())
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return None


def _closed_already(request: ClinicRequest, place: Location, day: date, versions: Versions) -> HttpResponse | None:
    """Who comes second is told who was first."""
    current = versions.current
    if current is None or current.state != CloseState.CLOSED:
        return None
    notify(request, f"{current.ref} has closed this day already. Nothing was changed.")
    return redirect_after(request, _url(request, place, day))


def _not_closed(request: ClinicRequest, place: Location, day: date, form: CloseForm) -> HttpResponse:
    """The page with what was typed, why it didn't close and what has changed, for the day as it is now."""
    versions = versions_of(place, day)
    if answer := _closed_already(request, place, day, versions):  # by somebody who was let in first
        return answer
    facts, given = facts_of(request.member.clinic, place, day), cast("Any", form.data)
    if told := changes(given.get("shown", ""), facts, request.member.clinic.currency):
        form.add_error(None, f"Changed since you looked: {told}")
    form.data = data = given.copy()
    data.update(_marks(request, facts))
    return _open_page(request, place, day, facts=facts, versions=versions, form=form)


def _url(request: ClinicRequest, place: Location, day: date) -> str:
    return address(request.member.clinic, "close_day", location=place.pk, day=day)


@allowed(Can.REVIEW_DAY, shows="table")
def close_points(request: ClinicRequest, location: int, day: date, check: str) -> HttpResponse:
    """All that one check of a day lists."""
    place, _ = _place(request, location, day)
    if check not in LISTED:
        raise Http404
    table = GapTable.over(request, listed(check, request.member.clinic, place, day))
    context = {"location": place, "day": day, "check": check, "title": TITLES[check], "table": table}
    return render_page(request, "close/points.html", context, fragment="results")
