"""A server that is away for a while, or that takes too long, is said in words, never as a broken page."""

import sys
import time
from collections.abc import Callable, Iterator

import psycopg
import structlog
from django.http import HttpRequest, HttpResponse
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as Silent

from clinicpay.logs import route_of
from clinicpay.staff.problems import plain_page
from clinicpay.staff.reset import MailAway

log = structlog.get_logger(__name__)

GONE = ("08", "53", "57P", "25006")
"""SQLSTATEs of a database that can't serve now: connection lost, no room left, shutting down, read-only."""

TOO_SLOW = "57014"

RECENT = 120
"""Seconds for which a server that did not answer is spoken of."""

_failed_at = 0.0


class AwayMiddleware:
    """503 for the view that could not. Only signing in asks the cache: without its count it stays shut."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for the view that could not."""
        return in_words(request, exception)


def error_page(request: HttpRequest) -> HttpResponse:
    """`handler500`: what fails outside a view too, in a middleware or at COMMIT, is told apart from a bug."""
    error = sys.exc_info()[1]
    return (error and in_words(request, error)) or plain_page(request, "500.html", 500)


def in_words(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The 503 page of an error that isn't a bug of ours; None for every other."""
    server = missing_server(error)
    if server is None:
        return None
    _note()
    log.error("a server does not answer", server=server, route=route_of(request))
    page = "503_slow.html" if server == "database, in time" else "503.html"
    response = plain_page(request, page, 503)
    response["Retry-After"] = "10"
    return response


def missing_server(error: BaseException) -> str | None:
    """Which server an error is about, or None."""
    for cause in _causes(error):
        if isinstance(cause, Unreachable | Silent):
            return "cache"
        if isinstance(cause, MailAway):
            return "mail"
        if isinstance(cause, psycopg.Error):
            if cause.sqlstate == TOO_SLOW:
                return "database, in time"
            lost = isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None
            return "database" if lost or (cause.sqlstate or "").startswith(GONE) else None
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def since() -> bool:
    """Whether this process has found a server away a moment ago."""
    return bool(_failed_at) and time.monotonic() - _failed_at < RECENT


def _note() -> None:
    global _failed_at  # noqa: PLW0603 - what one process knows, for the notice above its pages
    _failed_at = time.monotonic()
