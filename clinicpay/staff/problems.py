"""The pages that say what went wrong, whether anything was saved, who can help, and the way back."""

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme

from clinicpay.audit.context import request_id
from clinicpay.staff.models import Membership
from clinicpay.staff.queries import managers
from clinicpay.ui.htmx import wants_part

_RECORD = re.compile(r"(?P<list>/c/[-\w]+/(?P<what>[a-z]+)/)(?P<ref>[A-Z]+-[0-9]+)/(?P<rest>.*)")
LISTED = {"patients", "treatments", "payments"}
"""Parts of an address under which there is a list."""


class Way(NamedTuple):
    """A link that leads on from a page of trouble."""

    label: str
    url: str


def remember_helpers(request: HttpRequest) -> None:
    """Note who could help, while the database can still be asked: on the page of trouble it can't."""
    member: Membership | None = getattr(request, "member", None)
    if member is None or connection.needs_rollback:
        return
    try:
        request.helpers = managers(besides=member)  # type: ignore[attr-defined]
    except DatabaseError:  # that is what went wrong
        request.helpers = []  # type: ignore[attr-defined]


def came_from(request: HttpRequest) -> str:
    """Path of the page whose link or form was used, if it is one of ours; "" otherwise."""
    said = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(said, {request.get_host()}):
        return ""
    parts = urlsplit(said)
    path = "/" + parts.path.lstrip("/\\")  # two slashes would begin the name of another site
    return f"{path}?{parts.query}" if parts.query else path


def ways_back(request: HttpRequest, status: int) -> list[Way]:
    """To the record that this was about, or its list, or the page before; the start page is always offered."""
    found, before = _RECORD.match(request.path), came_from(request)
    if request.method == "POST" and status == 409 and urlsplit(before).path == request.path:
        return [Way("Load the form again", before)]
    if found and status != 403 and (found["rest"] and status != 404):
        return [Way(f"Back to {found['ref']}", f"{found['list']}{found['ref']}/")]
    if before and urlsplit(before).path != request.path:
        return [Way("Back to where you were", before)]
    if found and status == 404 and found["what"] in LISTED:
        return [Way(f"All {found['what']}", found["list"])]
    if request.method == "POST" and status in {400, 403, 409, 413}:
        return [Way("Load the form again", request.get_full_path())]
    return []


def page(request: HttpRequest, status: int, template: str = "", **context: Any) -> HttpResponse:
    """The page of this trouble; nothing of it in a part, where the status speaks."""
    if wants_part(request):
        return HttpResponse(status=status)
    context |= {"ways": ways_back(request, status), "helpers": getattr(request, "helpers", [])}
    return render(request, template or f"{status}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400, also for more than a form may bring."""
    is_many = isinstance(exception, TooManyFieldsSent | TooManyFilesSent)
    if is_many or isinstance(exception, RequestDataTooBig):
        return page(request, 413, is_many=is_many, most=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS)
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return page(request, 403, exception=str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return page(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: the page is older than the session, so load it afresh."""
    if wants_part(request):
        return HttpResponse(status=403, headers={"HX-Refresh": "true"})
    remember_helpers(request)
    return page(request, 403, "403_csrf.html", reason=reason)


def plain_page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """A page of trouble that is static but for a few plain words, so that nothing here can fail again."""
    member: Membership | None = getattr(request, "member", None)
    context = {
        "start": f"/c/{member.clinic.slug}/" if member else "/",
        "helpers": getattr(request, "helpers", []),
        "reference": request_id.get()[:8],
    }
    return HttpResponse(loader.get_template(template).render(context), status=status)
