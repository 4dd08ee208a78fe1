"""What htmx needs to be told: whole page or part, lost sessions, failed CSRF checks, toasts."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import resolve_url

TRIGGER = "HX-Trigger"
INVALID = 422
"""The one error whose body htmx shows: a form with words under its fields."""


def wants_part(request: HttpRequest) -> bool:
    """Whether the answer replaces a part of the page; going back in history wants it whole."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request


def go(response: HttpResponse, url: str) -> HttpResponse:
    """Make htmx load `url` as a new page, whatever the status of the response."""
    response["HX-Redirect"] = url
    return response


def page_path(request: HttpRequest) -> str:
    """Path and query of the page that the person sees, which is not the address of the part."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    path = parts.path or request.path
    return f"{path}?{parts.query}" if parts.query else path


def signed_out(request: HttpRequest) -> HttpResponse:
    """401 that opens the sign-in page and comes back to where the person was."""
    query = QueryDict(mutable=True)
    query["next"] = page_path(request)
    return go(HttpResponse(status=401), f"{resolve_url(settings.LOGIN_URL)}?{query.urlencode(safe='/')}")


def add_toast(response: HttpResponse, toast: dict[str, Any]) -> None:
    """Append to the toasts that this response shows, keeping its other events."""
    events = _events(response)
    earlier = events.get("toast")
    events["toast"] = [*earlier, toast] if isinstance(earlier, list) else [*filter(None, [earlier]), toast]
    response[TRIGGER] = json.dumps(events)


def trigger(response: HttpResponse, event: str) -> None:
    """Let an event happen in the page once this response is in it, beside the others that it carries."""
    response[TRIGGER] = json.dumps(_events(response) | {event: None})


def _events(response: HttpResponse) -> dict[str, Any]:
    header = response.get(TRIGGER, "")
    events: dict[str, Any] = (
        json.loads(header) if header.startswith("{") else dict.fromkeys(filter(None, header.split(", ")))
    )
    return events


def toast_of(message: Message) -> dict[str, Any]:
    """A Django message as the "toast" event carries it; see `answers.notify` for links."""
    toast: dict[str, Any] = {"text": str(message.message), "level": message.level_tag}
    if message.extra_tags and message.extra_tags.startswith("{"):
        toast["link"] = json.loads(message.extra_tags)
    return toast


class HtmxAnswers:
    """Middleware after HtmxMiddleware and before the login check.

    For parts only: a redirect to the sign-in page becomes 401 with HX-Redirect (never a
    sign-in page inside a table cell), an error keeps its status without its page, and waiting
    messages leave as toasts.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not wants_part(request):
            return response
        login = resolve_url(settings.LOGIN_URL)
        if response.status_code == 302 and urlsplit(response["Location"]).path == login:
            return signed_out(request)
        if response.status_code >= 400 and response.status_code != INVALID:
            response.content = b""
        if response.status_code < 300 and not ("HX-Redirect" in response or "HX-Refresh" in response):
            for message in get_messages(request):
                add_toast(response, toast_of(message))
        return response
