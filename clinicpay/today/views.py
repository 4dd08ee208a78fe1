"""Today, and what reception does on it: review, flag, confirm."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.reviews import confirm, review, review_and_flag
from clinicpay.close.standing import standings
from clinicpay.close.states import Outcome
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.today.board import board_of, fingerprint
from clinicpay.today.forms import ReviewForm
from clinicpay.ui import htmx
from clinicpay.ui.answers import notify, redirect_after, render_page
from followups.queries.calls import tasks_of
from treatments.models import TreatmentEvent
from treatments.queries import events, events_between

PLACE = "today_at"
"""Under which a session keeps the location that somebody works at."""


@allowed(Can.ENTER, shows="seen events")
def today(request: ClinicRequest) -> HttpResponse:
    """Today's treatments: for those who take money with what each still needs; callbacks, for those who make them.

    The page asks again by itself; while nothing has changed, the answer is 204 and costs one question.
    """
    member, day = request.member, clock.today(request.member.clinic)
    if not member.can(Can.SEE_MONEY):
        rows = events_between(*clock.day_bounds(member.clinic, day))
        return render_page(request, "home/today_clinical.html", {"day": day, "events": list(rows)})
    places = list(Location.objects.filter(active=True))
    place = _place(request, places)
    mark = fingerprint(member, day, place)
    if htmx.wants_part(request) and request.GET.get("have") == mark:
        return HttpResponse(status=204)
    board = board_of(member, day, place, names_places=place is None and len(places) > 1)
    context: dict[str, Any] = {"day": day, "board": board, "mark": mark, "place": place, "places": places}
    context["seen"] = context["events"] = board.events
    if member.can(Can.FOLLOW_UP) and not htmx.wants_part(request):
        context["tasks"] = tasks = tasks_of(member, day)
        context["seen"] = [*board.events, *tasks]
    return render_page(request, "home/today.html", context, fragment="board")


def _place(request: ClinicRequest, places: list[Location]) -> Location | None:
    """Where this person works today: chosen once in a session, all locations until then."""
    key, by_id = f"{PLACE}_{request.member.clinic.slug}", {str(one.pk): one for one in places}
    if (chosen := request.GET.get("at")) is not None and chosen != request.session.get(key, ""):
        request.session[key] = chosen if chosen in by_id else ""
    return by_id.get(request.session.get(key, ""))


@allowed(Can.REVIEW_EVENT, shows="event")
def event_review(request: ClinicRequest, number: int) -> HttpResponse:
    """Step 2, and step 3 where a balance is left: one of three outcomes, and what happens next (S0.30, S0.32)."""
    event = get_object_or_404(events(), number=number)
    if request.POST.get("outcome") == Outcome.PAID:
        review(event, outcome=Outcome.PAID, by=request.member, note=request.POST.get("note", ""))
        return _done(request, event, f"{event.ref} was reviewed: nothing is owed.")
    standing = standings([event])[event.pk]
    form = ReviewForm(request.POST or None, standing=standing, clinic=request.member.clinic)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            review_and_flag(event, outcome=given["outcome"], what=form.next(), note=given["note"], by=request.member)
            return _done(request, event, f"The balance of {event.ref} was flagged.")
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "event": event, "standing": standing}
    return render_page(request, "home/event_review.html", context, fragment="panel")


@require_POST
@allowed(Can.REVIEW_EVENT)
def event_confirm(request: ClinicRequest, number: int) -> HttpResponse:
    """Step 4: the treatment is ready for the daily close (S0.33, S0.34)."""
    event = get_object_or_404(events(), number=number)
    confirm(event, by=request.member)
    return _done(request, event, f"{event.ref} is ready for the close.")


def _done(request: ClinicRequest, event: TreatmentEvent, words: str) -> HttpResponse:
    """Back to where it was done; the board draws itself anew in place."""
    notify(request, words)
    clinic = request.member.clinic
    board, page = address(clinic, "today"), address(clinic, "treatment", number=event.number)
    came_from = htmx.page_path(request).split("?")[0]
    if htmx.wants_part(request) and came_from == board:
        response = HttpResponse(status=204)
        htmx.trigger(response, "today-changed")
        htmx.trigger(response, "close-drawer")
        return response
    return redirect_after(request, page if request.POST.get("back") == "treatment" or came_from == page else board)
