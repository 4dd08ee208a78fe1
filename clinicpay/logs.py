"""Structured logs: one JSON object a line, without bodies, names or secrets."""

import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from clinicpay.audit.context import request_id, via


def json_formatter() -> structlog.stdlib.ProcessorFormatter:
    """Formatter for the standard library's log records."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_request_id,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
    )


def _with_request_id(_logger: object, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    if request_id.get():
        event["request_id"] = request_id.get()
    event.pop("request", None)
    return event


class RequestIdMiddleware:
    """Gives each request an id that its log lines, its audit rows and its answer share."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token, way = request_id.set(uuid.uuid4().hex), via.set("")
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
            via.reset(way)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """The trail names the address that was asked for, without the numbers and secrets in it."""
        if request.resolver_match:
            via.set(f"{request.method} {request.resolver_match.view_name}")
