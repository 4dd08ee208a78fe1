"""How django-allauth behaves here: nobody signs up by themselves, and guesses are counted one by one."""

import hashlib
from contextlib import suppress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.cache import cache
from django.http import HttpRequest

from clinicpay.staff.guesses import counted
from clinicpay.staff.models import User

GUESSES, WINDOW = 5, 300
"""Wrong passwords that an address takes in so many seconds."""


class ClosedSignUp(DefaultAccountAdapter):
    """People come in by an invitation from their clinic."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many wrong tries. Wait five minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse one guess too many before its password is hashed, also of many guesses at once.

        Allauth's own limit reads its list and then writes it, so that simultaneous guesses all pass.
        """
        super().pre_authenticate(request, **credentials)
        if counted(_counter(credentials), WINDOW) > GUESSES:
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """A right password is no guess, and doesn't count."""
        user = super().authenticate(request, **credentials)
        if user:
            with suppress(ValueError):  # what was counted has just been forgotten
                cache.decr(_counter(credentials))
        return user


def _counter(credentials: dict[str, Any]) -> str:
    address = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    return f"guesses:{hashlib.sha256(address.encode()).hexdigest()}"


def display_name(user: Any) -> str:
    """Name in allauth's messages."""
    return str(user) if isinstance(user, User) else ""
