"""The calendar of callbacks, one callback as a file, the private feed, and what is done about callbacks."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_POST, require_safe

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed, public
from clinicpay.staff.guesses import client_of, counted, guesses_so_far
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.links import with_query
from followups.icalendar import calendar_of
from followups.models import CalendarFeed
from followups.month import Month
from followups.queries import followers
from followups.queries.calls import MOST, callbacks, planned_callback, tasks_of
from followups.services import CalendarGone, feed_of, make_feed, path_of, revoke_feed, take_callback
from followups.views.queue import account_of, back, seen_callback

GUESSES, WINDOW = 30, 600
"""Addresses without a calendar that one visitor may open in so many seconds."""

CALENDAR = "text/calendar; charset=utf-8"


@allowed(Can.FOLLOW_UP, shows="callbacks")
def calendar(request: ClinicRequest) -> HttpResponse:
    """A month of callbacks as a grid or as a list; one's own (with those of nobody), everybody's or a member's."""
    month = Month.asked(request.GET.get("month", ""), request.member.clinic)
    rows = _asked(request)
    shown = list(rows.filter(due_at__gte=month.span[0], due_at__lt=month.span[1])[: MOST + 1])
    weeks = month.filled(shown[:MOST])
    context = {
        "month": month,
        "weeks": weeks,
        "days": [day for week in weeks for day in week if day.rows and day.is_ours],
        "callbacks": shown,
        "is_cut": len(shown) > MOST,
        "now": timezone.now(),
        **_ways(request, month),
    }
    return render_page(request, "followups/calendar.html", context)


@allowed(Can.FOLLOW_UP, shows="tasks")
def tasks(request: ClinicRequest) -> HttpResponse:
    """What the member has to do: a page, and the part of Today that follows what is done (S2.35)."""
    context = {"tasks": tasks_of(request.member, clock.today(request.member.clinic))}
    return render_page(request, "followups/tasks_page.html", context, fragment="tasks")


def _asked(request: ClinicRequest) -> Any:
    who = request.GET.get("who", "")
    if who == "all":
        return callbacks()
    return callbacks().filter(member=int(who)) if _is_id(who) else callbacks(request.member)


def _is_id(who: str) -> bool:
    return who.isascii() and who.isdigit() and len(who) < 19


def _ways(request: ClinicRequest, month: Month) -> dict[str, Any]:
    """Where else the calendar can go: the months beside, the other form, other people's."""
    who, is_list = request.GET.get("who", ""), request.GET.get("view") == "agenda"
    people = [("", "Mine"), ("all", "Everybody’s"), *((str(one.pk), str(one.user)) for one in _others(request))]
    return {
        "is_list": is_list,
        "earlier": with_query(request.GET, month=month.before),
        "later": with_query(request.GET, month=month.after),
        "present": with_query(request.GET, month=None),
        "grid": with_query(request.GET, view=None),
        "agenda": with_query(request.GET, view="agenda"),
        "people": [
            {"label": label, "url": with_query(request.GET, who=key), "current": key == who} for key, label in people
        ],
        "whose": next((label for key, label in people if key == who), "Mine"),
    }


def _others(request: ClinicRequest) -> list[Membership]:
    return [one for one in followers() if one.pk != request.member.pk]


@allowed(Can.FOLLOW_UP, shows="account")
def callback_ics(request: ClinicRequest, number: int) -> HttpResponse:
    """The planned callback of an account, to be put into any calendar (S2.34)."""
    account = get_object_or_404(Account, number=number)
    callback = planned_callback(account)
    if callback is None:
        raise Refusal("No callback is planned with this account any more.")
    request.shown = {"account": account}
    response = HttpResponse(calendar_of(request.member.clinic, [callback], site=_site(request)), content_type=CALENDAR)
    response["Content-Disposition"] = f'attachment; filename="callback-{account.ref}.ics"'
    return response


@require_POST
@allowed(Can.FOLLOW_UP)
def callback_take(request: ClinicRequest, number: int) -> HttpResponse:
    """Take over a callback, such as one of somebody who has left."""
    account = account_of(number)
    take_callback(seen_callback(request, account), by=request.member)
    notify(request, f"The callback to {account.name} is yours.")
    return back(request, account)


@allowed(Can.FOLLOW_UP)
def calendar_feed(request: ClinicRequest) -> HttpResponse:
    """The member's own calendar address: shown, made anew, ended."""
    if request.method == "POST":
        if "end" in request.POST:
            revoke_feed(by=request.member)
            notify(request, "The address ended: calendars that read it show nothing new.")
        else:
            make_feed(by=request.member)
            notify(request, "A new address was made. An earlier one, if any, ended with it.")
        return redirect_after(request, address(request.member.clinic, "calendar_feed"))
    feed = CalendarFeed.objects.filter(member=request.member, revoked_at=None).first()
    url = f"{_site(request)}{path_of(feed)}" if feed else ""
    return render_page(request, "followups/calendar_feed.html", {"feed": feed, "url": url})


def _site(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


@require_safe
@public
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """What a calendar program reads. Without a calendar every address answers alike, and few may be tried."""
    visitor = f"calendar:{client_of(request)}"
    if guesses_so_far(visitor) >= GUESSES:
        return HttpResponse("Too many wrong addresses. Try again later.\n", status=429, content_type="text/plain")
    try:
        found = feed_of(token)
    except CalendarGone:
        counted(visitor, WINDOW)
        return _private(HttpResponse("There is no calendar here.\n", status=404, content_type="text/plain"))
    body = calendar_of(found.clinic, found.callbacks, site=_site(request))
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type=CALENDAR, headers={"ETag": etag})
    return _private(get_conditional_response(request, etag=etag, response=response) or response)


def _private(response: HttpResponse) -> HttpResponse:
    """No cache between keeps it, no search engine finds it, and no other site hears of it; only calendars are kept."""
    response["Cache-Control"] = "private, no-cache" if "ETag" in response else "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
