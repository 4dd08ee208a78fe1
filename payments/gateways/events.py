"""Events as Stripe writes them, and as the simulator does: an id, a kind, and the thing that it is about."""

import json
from typing import Any

from payments.gateways.base import Told

ABOUT = ("checkout.session.", "payment_intent.", "charge.", "refund.")
"""Kinds of events that may change what we know; a dispute's begins with "charge."."""


def told(body: bytes) -> Told | None:
    """What a body says, whose signature is right; None when it makes no sense. An unknown kind is about nothing."""
    try:
        event = json.loads(body)
        external_id, kind = str(event["id"])[:255], str(event["type"])[:80]
        return _about(external_id, kind, dict(event["data"]["object"]))
    except (ValueError, KeyError, TypeError):
        return None


def is_live(body: bytes) -> bool | None:
    """Whether an event speaks of real money; None when it doesn't say."""
    try:
        live = json.loads(body)["livemode"]
    except (ValueError, KeyError, TypeError):
        return None
    return live if isinstance(live, bool) else None


def _about(external_id: str, kind: str, thing: dict[str, Any]) -> Told:
    if not kind.startswith(ABOUT):
        return Told(external_id, kind)
    own = str(thing.get("id") or "")[:255]
    if kind.startswith("checkout.session."):
        return Told(external_id, kind, session=own)
    return Told(external_id, kind, capture=own if kind.startswith("payment_intent.") else _capture(thing))


def _capture(thing: dict[str, Any]) -> str:
    return str(thing.get("payment_intent") or "")[:255]
