"""A sign-in ends after a while without a request, and after a day's work in any case (E19)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

BEGAN, SEEN = "began", "seen"
EVERY = 60
"""Seconds between two writes of when somebody was last seen: not each request needs one."""


@receiver(user_logged_in, dispatch_uid="staff.sessions.begin")
def begin(request: HttpRequest, **_kwargs: Any) -> None:
    """Both clocks start at the sign-in."""
    request.session[BEGAN] = request.session[SEEN] = _now()


class SessionLimits:
    """Signs out whoever was idle too long or signed in too long ago, and says so at the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            self._look(request)
        return self.get_response(request)

    def _look(self, request: HttpRequest) -> None:
        session, now = request.session, _now()
        began, seen = session.get(BEGAN, now), session.get(SEEN, now)
        if now - seen > settings.SESSION_IDLE_SECONDS:
            self._end(request, f"You were signed out after {settings.SESSION_IDLE_SECONDS // 60} minutes of rest.")
        elif now - began > settings.SESSION_COOKIE_AGE:
            self._end(request, f"You were signed out: a sign-in lasts {settings.SESSION_COOKIE_AGE // 3600} hours.")
        elif now - seen >= EVERY or BEGAN not in session:
            session[BEGAN], session[SEEN] = began, now

    def _end(self, request: HttpRequest, words: str) -> None:
        logout(request)
        messages.info(request, f"{words} Sign in to go on where you were.")


def _now() -> int:
    return int(timezone.now().timestamp())
