"""Events as Stripe writes them, and as the simulator does: an id, a kind, and the thing that it is about."""

import json
from typing import Any

from payments.gateways.base import Told

ABOUT = ("checkout.session.", "payment_intent.", "charge.", "refund.")
"""Kinds of events that may change what we know; a dispute's begins with "charge."."""

_NONSENSE = (ValueError, KeyError, TypeError, RecursionError)
"""What reading a body raises that no gateway would write, such as brackets without end."""


def told(body: bytes) -> Told | None:
    """What a body says, whose signature is right; None when it makes no sense. An unknown kind is about nothing."""
    try:
        event = json.loads(body)
        external_id, kind = _text(event["id"]), _text(event["type"], 80)
        return _about(external_id, kind, dict(event["data"]["object"]))
    except _NONSENSE:
        return None


def is_live(body: bytes) -> bool | None:
    """Whether an event speaks of real money; None when it doesn't say."""
    try:
        live = json.loads(body)["livemode"]
    except _NONSENSE:
        return None
    return live if isinstance(live, bool) else None


def _about(external_id: str, kind: str, thing: dict[str, Any]) -> Told:
    if not kind.startswith(ABOUT):
        return Told(external_id, kind)
    own = _text(thing.get("id"))
    if kind.startswith("checkout.session."):
        return Told(external_id, kind, session=own)
    return Told(external_id, kind, capture=own if kind.startswith("payment_intent.") else _capture(thing))


def _capture(thing: dict[str, Any]) -> str:
    return _text(thing.get("payment_intent"))


def _text(value: Any, most: int = 255) -> str:
    """A name or a kind as a row can keep it. Raises ValueError for what no database takes as text."""
    text = str(value or "")[:most]
    if "\0" in text:
        raise ValueError("an event names something by a NUL")
    text.encode()
    return text
