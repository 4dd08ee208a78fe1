"""Permission marks on views. A view of a clinic without one fails `manage.py check`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from clinicpay.audit.services import record_view
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can, who_may
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.paging import CURSORS

View = Callable[..., HttpResponse]

NO_FILTERS = {*CURSORS, "sort", "per"}
"""What of an address only turns pages."""

ON_SCREEN = ("text/html", "application/json")
"""What stays in the browser's page; anything else that shows patients' data is a copy."""


class ClinicRequest(HttpRequest):
    """A request inside a clinic, as the middleware hands it on."""

    member: Membership
    memberships: list[Membership]
    htmx: Any
    shown: dict[str, Any]


class Refused(PermissionDenied):
    """The member may not do this; the message says who may."""

    def __init__(self, can: Can) -> None:
        super().__init__(f"You can't {can.value}. This needs: {who_may(can)}.")


def allowed(can: Can, *, post: Can | None = None, shows: str = "") -> Callable[[View], View]:
    """Mark a clinic's view with the permission it needs, and with another for POST if that differs.

    `shows` names what of the page's context is patients' data: the record, or the rows of a list (of several
    names the first that is there). Whoever is shown it leaves a line in the trail. The view gets the request
    and its own path arguments; the clinic is `request.member.clinic`.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: ClinicRequest, slug: str, **kwargs: Any) -> HttpResponse:
            require(request.member, post if post and request.method == "POST" else can)
            response = view(request, **kwargs)
            if shows and request.method == "GET" and response.status_code == 200:
                _record_view(request, response, shows)
            return response

        guarded.shows = shows  # type: ignore[attr-defined]
        guarded.allowed = (can, post or can)  # type: ignore[attr-defined]
        return guarded

    return mark


def _record_view(request: ClinicRequest, response: HttpResponse, shows: str) -> None:
    """In the page's own transaction: what can't be recorded is not shown."""
    shown = next(request.shown[name] for name in shows.split() if name in request.shown)
    record_view(
        getattr(shown, "drawn", shown),
        by=request.member,
        page=request.resolver_match.view_name if request.resolver_match else "",
        asked=_asked(request),
        exported=not response.get("Content-Type", "").startswith(ON_SCREEN),
        part=wants_part(request),
    )


def _asked(request: HttpRequest) -> dict[str, str]:
    """How the address narrows a list down, within reason."""
    given = [
        (name, ", ".join(values)) for name, values in request.GET.lists() if any(values) and name not in NO_FILTERS
    ]
    return {_kept(name, 40): _kept(value, 120) for name, value in given[:12]}


def _kept(text: str, length: int) -> str:
    """Without NUL, which no text of the database can hold."""
    return text.replace("\0", "")[:length]


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
