"""Structured logs: one object a line, of named facts alone: no bodies, addresses, names, amounts or secrets."""

import logging
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from clinicpay.audit.context import request_id, via

KNOWN = frozenset(
    {
        *("event", "level", "logger", "timestamp", "request_id", "exception"),
        *("method", "route", "status", "ms", "clinic", "user"),
        *("task", "task_id", "check", "rows", "step", "date", "seconds", "server"),
        *("block", "head", "fault"),
    }
)
"""What a line may say. Whatever else a log call brings is left out: it could be about a patient."""

Event = MutableMapping[str, Any]

log = structlog.get_logger(__name__)


def json_formatter() -> structlog.stdlib.ProcessorFormatter:
    """One JSON object a line, for machines."""
    return _formatter(structlog.processors.JSONRenderer(default=str))


def text_formatter() -> structlog.stdlib.ProcessorFormatter:
    """The same facts for eyes."""
    return _formatter(structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]))


def _formatter(renderer: Any) -> structlog.stdlib.ProcessorFormatter:
    """Our own loggers go the way of the standard library's, so that one formatter writes every line."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_request_id,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _without_values],
        processors=[_with_exception, _known_facts, renderer],
    )


def _with_request_id(_logger: object, _name: str, event: Event) -> Event:
    if request_id.get():
        event["request_id"] = request_id.get()
    return event


def _without_values(_logger: object, _name: str, event: Event) -> Event:
    """Say what Django and Celery say without the address, which may hold a token, and without an error's words."""
    record: logging.LogRecord = event["_record"]
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest):
        status = getattr(record, "status_code", None)
        event.update(event="request failed", route=route_of(request), status=status)
    elif record.name == "celery.app.trace":
        task = getattr(record, "data", {})
        event.update(event="task ended", task=task.get("name"), task_id=task.get("id"))
    return event


def _with_exception(_logger: object, _name: str, event: Event) -> Event:
    """Where an error came from and of what kind: its own words may quote a row, and are left out."""
    found = event.pop("exc_info", None) or event["_record"].exc_info
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = [*described(error)]
    return event


def _known_facts(_logger: object, _name: str, event: Event) -> Event:
    return {name: value for name, value in event.items() if name in KNOWN}


def described(error: BaseException) -> Iterator[str]:
    """Kind, code and place of an error and of what caused it, one line each."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        code = getattr(cause, "sqlstate", None) or ""
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
        yield " ".join(filter(None, [f"{type(cause).__module__}.{type(cause).__qualname__}", code, constraint]))
        for frame in traceback.extract_tb(cause.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} {frame.name}"
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def route_of(request: HttpRequest) -> str:
    """The address as urls write it: without the numbers, names and tokens of this one."""
    match = getattr(request, "resolver_match", None)
    return str(match.route) if match else ""


class RequestIdMiddleware:
    """Gives each request an id that its log lines, its audit rows and its answer share, and one line at its end."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token, way, begin = request_id.set(uuid.uuid4().hex), via.set(""), time.monotonic()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            log.info("request", **facts(request, response), ms=round((time.monotonic() - begin) * 1000))
            return response
        finally:
            request_id.reset(token)
            via.reset(way)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """The trail names the address that was asked for, without the numbers and secrets in it."""
        if request.resolver_match:
            via.set(f"{request.method} {request.resolver_match.view_name}")


def facts(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """What may be known of a request by those who read logs: never whom it was about."""
    member = getattr(request, "member", None)
    return {
        "method": request.method,
        "route": route_of(request),
        "status": response.status_code,
        "user": _user_id(request),
        "clinic": member.clinic.slug if member else None,
    }


def _user_id(request: HttpRequest) -> int | None:
    """Who asked, if that is known already: finding out now would be a query after the answer."""
    user = getattr(request, "_cached_user", None)
    return getattr(user, "pk", None)
