"""The web request or task in progress, as its log lines and its lines of the trail name it."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")

via: ContextVar[str] = ContextVar("via", default="")
"""How it came in: method and name of the address ("POST payment_reverse"), never the address itself; or the task."""
