"""A server that is away for a while is said in words, never a broken page."""

import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as Silent

RECENT = 120
"""Seconds for which a server that did not answer is spoken of."""

_failed_at = 0.0

log = structlog.get_logger(__name__)


class AwayMiddleware:
    """503 while the cache is away. Only signing in asks it, for its attempts: without the count it stays shut."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for the view that could not."""
        if not isinstance(exception, Unreachable | Silent):
            return None
        _note()
        log.error("the cache does not answer", path=request.path)
        return render(request, "503.html", status=503)


def since() -> bool:
    """Whether this process has found a server away a moment ago."""
    return bool(_failed_at) and time.monotonic() - _failed_at < RECENT


def _note() -> None:
    global _failed_at  # noqa: PLW0603 - what one process knows, for the notice above its pages
    _failed_at = time.monotonic()
