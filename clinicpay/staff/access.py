"""Permission marks on views. A view of a clinic without one fails `manage.py check`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can, who_may

View = Callable[..., HttpResponse]


class ClinicRequest(HttpRequest):
    """A request inside a clinic, as the middleware hands it on."""

    member: Membership
    memberships: list[Membership]
    htmx: Any


class Refused(PermissionDenied):
    """The member may not do this; the message says who may."""

    def __init__(self, can: Can) -> None:
        super().__init__(f"You can't {can.value}. This needs: {who_may(can)}.")


def allowed(can: Can, *, post: Can | None = None) -> Callable[[View], View]:
    """Mark a clinic's view with the permission it needs, and with another for POST if that differs.

    The view gets the request and its own path arguments; the clinic is `request.member.clinic`.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: ClinicRequest, slug: str, **kwargs: Any) -> HttpResponse:
            require(request.member, post if post and request.method == "POST" else can)
            return view(request, **kwargs)

        guarded.allowed = (can, post or can)  # type: ignore[attr-defined]
        return guarded

    return mark


def public(view: View) -> View:
    """Mark a view that needs no sign-in."""
    marked = login_not_required(view)
    marked.public = True  # type: ignore[attr-defined]
    return marked


def signed_in(view: View) -> View:
    """Mark a view outside any clinic, for whoever has signed in."""
    view.signed_in = True  # type: ignore[attr-defined]
    return view


def require(member: Actor, can: Can) -> None:
    """Raise Refused unless the member is allowed an act; services ask again what views have asked."""
    if not member.can(can):
        raise Refused(can)
