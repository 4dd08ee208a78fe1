"""The web request or task in progress; its log lines and its lines of the trail share this id."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
