"""Closed versions of a day: the sheet on the screen and on paper, what differs between two, and re-opening."""

from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close import services
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.compare import compared
from clinicpay.close.queries.days import versions_of
from clinicpay.close.queries.sheet import proof_of
from clinicpay.close.sheets import Sheet
from clinicpay.close.states import CloseState
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.pdf import pdf_response, render_pdf
from clinicpay.ui.words import day_words
from payments.forms import ReasonForm

INVALID = 422


def closed_page(request: ClinicRequest, place: Location, day: date, versions: list[DailyClose]) -> HttpResponse:
    """The sheet of a version: the newest one, or the one that the address asks for."""
    close = _version(request, versions)
    context = _facts(close) | {"versions": versions, "location": place, "day": day}
    context["points"] = context["sheet"].money_shown
    return render_page(request, "close/closed.html", context)


def _version(request: ClinicRequest, versions: list[DailyClose]) -> DailyClose:
    asked = request.GET.get("version", "")
    close = next((one for one in versions if not asked or str(one.version) == asked), None)
    if close is None:
        raise Http404("This day has no such closed version.")
    return close


def _facts(close: DailyClose) -> dict[str, Any]:
    people = names_of([close.closed_by_id, close.reopened_by_id])
    return {
        "close": close,
        "sheet": Sheet(close),
        "proof": proof_of(close),
        "closed_by": people.get(close.closed_by_id or 0, "ClinicPay"),
        "reopened_by": people.get(close.reopened_by_id or 0, "ClinicPay"),
    }


@allowed(Can.REVIEW_DAY, shows="points")
def close_sheet(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """The day sheet of a version on paper, with its seal: made of what the version kept, and of nothing else."""
    place, clinic = get_object_or_404(Location, pk=location), request.member.clinic
    close = _version(request, versions_of(place, day).closed)
    context = request.shown = _facts(close) | {"clinic": clinic, "location": place}
    context["points"] = context["sheet"].money
    name = f"{close.ref} {day.isoformat()} v{close.version}.pdf"
    return pdf_response(render_pdf("close/sheet_document.html", context, paper=clinic.paper), name)


@allowed(Can.REVIEW_DAY, shows="lines")
def close_compare(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """Line by line, what differs between two versions of a day."""
    place = get_object_or_404(Location, pk=location)
    versions = versions_of(place, day).closed
    if not versions:
        raise Http404("This day was never closed.")
    by_number = {str(one.version): one for one in versions}
    newer = by_number.get(request.GET.get("b", ""), versions[0])
    older = by_number.get(request.GET.get("a", ""), versions[min(1, len(versions) - 1)])
    lines = compared(older, newer)
    context = {"location": place, "day": day, "versions": versions, "older": older, "newer": newer, "lines": lines}
    return render_page(request, "close/compare.html", context)


@allowed(Can.REOPEN_DAY)
def close_reopen(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """Open a closed day again, with the reason; the closed version stays as it was."""
    place, form = get_object_or_404(Location, pk=location), ReasonForm(request.POST or None)
    url = address(request.member.clinic, "close_day", location=place.pk, day=day)
    if request.method == "POST" and form.is_valid():
        try:
            services.reopen_day(place, day, by=request.member, reason=form.cleaned_data["reason"])
            notify(request, f"{day_words(day)} at {place} is open again. What was closed stays as version history.")
            return redirect_after(request, url)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    close = next(iter(versions_of(place, day).closed), None)
    if close is None or (close.state != CloseState.CLOSED and not form.is_bound):
        notify(request, "This day isn’t closed.")
        return redirect_after(request, url)
    context = {"location": place, "day": day, "close": close, "form": form}
    return render_page(request, "close/reopen.html", context, status=INVALID if form.errors else 200)
