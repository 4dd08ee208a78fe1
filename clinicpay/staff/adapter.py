"""How django-allauth behaves here: nobody signs up by themselves."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from clinicpay.staff.models import User


class ClosedSignUp(DefaultAccountAdapter):
    """People come in by an invitation from their clinic."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


def display_name(user: Any) -> str:
    """Name in allauth's messages."""
    return str(user) if isinstance(user, User) else ""
