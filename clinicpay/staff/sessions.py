"""A sign-in ends after a while without a request, and after a day's work in any case (E19)."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone

from clinicpay.staff.models import Membership, User

BEGAN, SEEN, IDLE = "began", "seen", "idle"
EVERY = 60
"""Seconds between two writes of when somebody was last seen: not each request needs one."""

BACKGROUND = "X-Background"
"""What a page asks by itself, such as a list that keeps up to date, carries this: nobody is at the desk for it."""

BY_SCRIPT = "X-Requested-With"
"""What `fetch` asks, such as a field that looks names up, carries this: it reads no sign-in page, nor its reason."""

LEFT = "X-Signed-In-For"

OF_MACHINES = {"/healthz", "/readyz"}
"""Whoever asks these is nobody, whatever cookie comes along: the database that knows sessions may be away."""

ENDED = (
    "You were signed out here: after a long rest, from another device of yours, by a new password or second step,"
    " or by your clinic. Sign in to go on where you were."
)


@receiver(user_logged_in, dispatch_uid="staff.sessions.begin")
def begin(request: HttpRequest, **_kwargs: Any) -> None:
    """Both clocks start at the sign-in."""
    request.session[BEGAN] = request.session[SEEN] = _now()


class SessionLimits:
    """Signs out whoever was idle too long or signed in too long ago, and says so at the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in OF_MACHINES:
            request.user = AnonymousUser()
            return self.get_response(request)
        was_ended = _was_ended(request)
        if request.user.is_authenticated:
            self._look(request)
        response = self.get_response(request)
        if _leads_to_sign_in(response):
            if was_ended:
                messages.info(request, ENDED)
            if BY_SCRIPT in request.headers:
                return HttpResponse(status=401)
        if request.headers.get("HX-Request") and (left := seconds_left(request)):
            response[LEFT] = str(left)
        return response

    def _look(self, request: HttpRequest) -> None:
        session, now = request.session, _now()
        began, seen = session.get(BEGAN, now), session.get(SEEN, now)
        if now - seen > _idle(request):
            self._end(request, f"You were signed out after {_idle(request) // 60} minutes of rest.")
        elif now - began > settings.SESSION_COOKIE_AGE:
            self._end(request, f"You were signed out: a sign-in lasts {settings.SESSION_COOKIE_AGE // 3600} hours.")
        elif BEGAN not in session or (now - seen >= EVERY and BACKGROUND not in request.headers):
            session[BEGAN], session[SEEN] = began, now

    def _end(self, request: HttpRequest, words: str) -> None:
        logout(request)
        messages.info(request, f"{words} Sign in to go on where you were.")


def _was_ended(request: HttpRequest) -> bool:
    """Whether the browser still brings a sign-in that stands no more: one's own sign-out takes it from the browser."""
    brought = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return bool(brought and not request.user.is_authenticated and not request.session.session_key)


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and urlsplit(response["Location"]).path == resolve_url(settings.LOGIN_URL)


def stay(request: HttpRequest) -> int:
    """Somebody is at the desk: they were seen now. Seconds until the sign-in ends without them."""
    request.session[SEEN] = _now()
    return seconds_left(request)


def seconds_left(request: HttpRequest) -> int:
    """Until this sign-in ends if nobody does anything; 0 when nobody has signed in."""
    session, now = getattr(request, "session", {}), _now()
    if SEEN not in session:
        return 0
    rest, day = session[SEEN] + _idle(request), session[BEGAN] + settings.SESSION_COOKIE_AGE
    return max(1, min(rest, day) - now)


def keep_to(request: HttpRequest, memberships: Iterable[Membership]) -> None:
    """The shortest rest that one of the person's clinics allows counts from the next request on."""
    chosen = [60 * one.clinic.idle_minutes for one in memberships if one.clinic.idle_minutes]
    idle = min(chosen, default=settings.SESSION_IDLE_SECONDS)
    if idle != _idle(request):
        request.session[IDLE] = idle


def end_sign_ins(user: User) -> None:
    """All that stand, wherever they are, at their next request."""
    User.objects.filter(pk=user.pk).update(sign_in_round=F("sign_in_round") + 1)


def end_other_sign_ins(request: HttpRequest, user: User) -> None:
    """All but this one."""
    end_sign_ins(user)
    user.refresh_from_db(fields=["sign_in_round"])
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


def _idle(request: HttpRequest) -> int:
    idle: int = request.session.get(IDLE, settings.SESSION_IDLE_SECONDS)
    return idle


def _now() -> int:
    return int(timezone.now().timestamp())
