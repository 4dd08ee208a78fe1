"""A person's own sign-ins: where they are open, ending one or all, staying, and handing the desk to somebody else."""

from datetime import UTC, datetime
from importlib import import_module
from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from clinicpay.staff.access import signed_in
from clinicpay.staff.guesses import client_of
from clinicpay.staff.models import User
from clinicpay.staff.problems import came_from
from clinicpay.staff.sessions import BACKGROUND, SEEN, end_other_sign_ins, end_sign_ins, seconds_left, stay
from clinicpay.ui.answers import notify, render_page


@require_GET
@signed_in
def my_sessions(request: HttpRequest) -> HttpResponse:
    """Where this person is signed in, this device first."""
    here = client_of(request)
    rows = [_row(one, here) for one in UserSession.objects.purge_and_list(request.user)]
    rows.sort(key=lambda row: (not row["is_current"], -row["seen"].timestamp()))
    return render_page(request, "usersessions/usersession_list.html", {"sessions": rows})


@require_POST
@signed_in
def session_end(request: HttpRequest, session: int) -> HttpResponse:
    """Sign out one of one's own devices."""
    found = get_object_or_404(UserSession, pk=session, user=request.user)
    found.end()
    if found.session_key == request.session.session_key:
        return _gone(request, "You are signed out.")
    notify(request, "That device is signed out.")
    return redirect("usersessions_list")


@require_POST
@signed_in
def sessions_end(request: HttpRequest) -> HttpResponse:
    """Sign out all of one's own devices, or with `others` all but this one."""
    user: User = request.user  # type: ignore[assignment]  # as the mark has it
    if request.POST.get("others"):
        end_other_sign_ins(request, user)
        notify(request, "All other devices are signed out.")
        return redirect("usersessions_list")
    end_sign_ins(user)
    return _gone(request, "You are signed out everywhere.")


@require_POST
@signed_in
def switch_user(request: HttpRequest) -> HttpResponse:
    """Hand a shared desk over: the sign-in page, which leads the next person to the page that stands here."""
    before = came_from(request)
    get_adapter(request).logout(request)
    if not before:
        return redirect(settings.LOGIN_URL)
    query = QueryDict(mutable=True)
    query["next"] = before
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query.urlencode(safe='/')}")


@require_GET
@signed_in
def session_stay(request: HttpRequest) -> JsonResponse:
    """Seconds that the sign-in has left; asked by somebody at the desk, it is lengthened first."""
    return JsonResponse({"left": seconds_left(request) if BACKGROUND in request.headers else stay(request)})


def _gone(request: HttpRequest, words: str) -> HttpResponse:
    logout(request)
    messages.success(request, words)
    return redirect(settings.LOGIN_URL)


def _row(one: UserSession, here: str) -> dict[str, Any]:
    store = import_module(settings.SESSION_ENGINE).SessionStore(one.session_key)
    seen = store.get(SEEN)
    return {
        "id": one.pk,
        "agent": one.user_agent,
        "place": place_words(one.ip, here),
        "since": one.created_at,
        "seen": min(datetime.fromtimestamp(seen, UTC), timezone.now()) if seen else one.created_at,
        "is_current": one.is_current(),
    }


def place_words(ip: str, here: str) -> str:
    """Where an address is, as far as it says: nobody is asked, so there is no name of a town."""
    found = ip_address(ip)
    if ip == here:
        return "where you are now"
    if found.is_loopback:
        return "on the computer that runs ClinicPay"
    return f"somewhere on the Internet ({ip})" if found.is_global else f"in a local network ({ip})"
