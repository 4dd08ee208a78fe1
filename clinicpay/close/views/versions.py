"""Closed versions of a day: the sheet on the screen and on paper, what differs between two, and re-opening."""

from datetime import date

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close import services
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.compare import compared
from clinicpay.close.queries.days import versions_of
from clinicpay.close.services.papers import facts_of, is_coming, lines_of, sheet_papers
from clinicpay.close.states import CloseState
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.pdf import pdf_response
from clinicpay.ui.words import day_words
from payments.forms import ReasonForm

INVALID = 422


def closed_page(request: ClinicRequest, place: Location, day: date, versions: list[DailyClose]) -> HttpResponse:
    """The sheet of a version: the newest one, or the one that the address asks for."""
    close = _version(request, versions)
    context = facts_of(close) | {"versions": versions, "day": day}
    context["points"] = context["sheet"].money_shown
    is_drawn = sheet_papers.is_drawn(close, context["sheet"].lines)
    context["is_coming"] = not is_drawn and (is_coming(close) or request.GET.get("sheet") == "asked")
    return render_page(request, "close/closed.html", context)


def _version(request: ClinicRequest, versions: list[DailyClose]) -> DailyClose:
    asked = request.GET.get("version", "")
    close = next((one for one in versions if not asked or str(one.version) == asked), None)
    if close is None:
        raise Http404("This day has no such closed version.")
    return close


@allowed(Can.REVIEW_DAY, shows="points")
def close_sheet(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """The day sheet of a version on paper, with its seal: made of what the version kept, and of nothing else.

    That of a large day is a worker's to draw; if it is not there one is asked, and the version's page tells.
    """
    close = _version(request, versions_of(get_object_or_404(Location, pk=location), day).closed)
    request.shown = facts = facts_of(close) | {"clinic": request.member.clinic}
    facts["points"] = facts["sheet"].money
    paper = sheet_papers.paper(facts)
    if paper is None:
        sheet_papers.ask(close, facts["sheet"].lines)
        return redirect_after(request, f"{_page(request, close)}&sheet=asked")
    return pdf_response(paper, f"{close.ref} {day.isoformat()} v{close.version}.pdf")


@allowed(Can.REVIEW_DAY)
def close_paper(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """Whether the day sheet of a large day is drawn, for its page to ask; once it is, that page is loaded again."""
    close = _version(request, versions_of(get_object_or_404(Location, pk=location), day).closed)
    if wait := sheet_papers.wait(request, close, lines_of(close)):
        return render_page(request, "close/sheet_paper.html", {"close": close, "wait": wait})
    return redirect_after(request, _page(request, close))


def _page(request: ClinicRequest, close: DailyClose) -> str:
    url = address(request.member.clinic, "close_day", location=close.location_id, day=close.day)
    return f"{url}?version={close.version}"


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
