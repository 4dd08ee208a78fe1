"""Error tracking, off until SENTRY_DSN is set: only the kind and the place of an error leave the house."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

import clinicpay
from clinicpay.audit.context import request_id

FRAME = frozenset({"filename", "module", "function", "lineno", "in_app"})
EVENT = frozenset({"event_id", "timestamp", "platform", "level", "release", "environment", "sdk"})
"""What of an event and of a frame may be sent. Anything else could quote a patient."""


def begin(dsn: str, environment: str) -> None:
    """Send errors to the service of this address."""
    try:
        import sentry_sdk  # noqa: PLC0415 - optional
    except ImportError as missing:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, but sentry-sdk isn't installed: pip install -r requirements/extras.txt"
        ) from missing
    sentry_sdk.init(
        dsn=dsn,
        release=f"clinicpay@{clinicpay.__version__}",
        environment=environment,
        before_send=scrubbed,
        before_send_transaction=lambda _event, _hint: None,
        before_breadcrumb=lambda _crumb, _hint: None,
        data_collection={
            "user_info": False,
            "cookies": {"mode": "off"},
            "url_query_params": {"mode": "off"},
            "http_headers": {"request": {"mode": "off"}},
            "http_bodies": [],
            "database_query_data": False,
            "queues": False,
            "stack_frame_variables": False,
            "frame_context_lines": 0,
        },
        max_breadcrumbs=0,
        traces_sample_rate=0,
        auto_session_tracking=False,
    )


def scrubbed(event: Any, _hint: Any) -> Any:
    """The event with what is known to be harmless, and nothing else."""
    kept = {name: value for name, value in event.items() if name in EVENT}
    errors = (event.get("exception") or {}).get("values") or []
    kept["exception"] = {"values": [_error(error) for error in errors]}
    kept["transaction"] = event.get("transaction") if _is_ours(event) else None
    kept["tags"] = {"request_id": request_id.get()}
    return kept if errors else None


def _error(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames") or []
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": [{name: frame.get(name) for name in FRAME} for frame in frames]},
    }


def _is_ours(event: dict[str, Any]) -> bool:
    """A name of a view or task; an address would be named by what the person typed."""
    return (event.get("transaction_info") or {}).get("source") in {"component", "task", "route"}
