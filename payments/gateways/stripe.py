"""Stripe, by hosted Checkout: the card is typed on Stripe's page and never reaches us.

Spoken to by its documented REST interface (form-encoded requests, JSON answers), pinned to one version of it.
"""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from django.conf import settings

from payments.gateways.base import Asked, GatewayDown, GatewayRefused, Movement, Opened, Standing, Told
from payments.gateways.events import is_live, told
from payments.gateways.signing import is_signed
from payments.gateways.stripe_amounts import objection, ours, theirs
from payments.states import CheckoutState, GatewayName, MovementState

VERSION = "2024-06-20"
PATIENCE = 10
"""Seconds to wait for an answer."""

SECRETS, SIGNING = ("sk_", "rk_"), "whsec_"
"""How secret and restricted keys begin, and the signing secrets of webhooks."""

PAGE, PAGES = 100, 20
"""Refunds of one answer, and how many answers are read: a charge can't be refunded 2,000 times."""

EXPANDED = ("payment_intent.latest_charge.refunds", "payment_intent.latest_charge.dispute")

REFUNDS = {
    "pending": MovementState.PENDING,
    "requires_action": MovementState.PENDING,
    "succeeded": MovementState.SUCCEEDED,
    "failed": MovementState.FAILED,
    "canceled": MovementState.FAILED,
}
DISPUTES = {
    "needs_response": MovementState.PENDING,
    "under_review": MovementState.PENDING,
    "lost": MovementState.SUCCEEDED,
    "charge_refunded": MovementState.WON,
    "won": MovementState.WON,
}
"""An inquiry ("warning_…") takes no money, and is left out."""


class Missing(GatewayRefused):
    """There is no such thing in this account and mode."""


class Stripe:
    """One clinic's account at Stripe."""

    name = GatewayName.STRIPE

    def __init__(self, secret: str, webhook_secret: str) -> None:
        self._secret, self._webhook_secret = secret, webhook_secret

    def create_checkout(self, asked: Asked) -> Opened:
        """A Checkout session in payment mode over one line."""
        line = "line_items[0]"
        given = {
            "mode": "payment",
            "client_reference_id": asked.reference,
            f"{line}[quantity]": 1,
            f"{line}[price_data][currency]": asked.currency.lower(),
            f"{line}[price_data][unit_amount]": theirs(asked.amount, asked.currency),
            f"{line}[price_data][product_data][name]": asked.description,
            "metadata[checkout]": asked.reference,
            "payment_intent_data[metadata][checkout]": asked.reference,
            "success_url": asked.success_url,
            "cancel_url": asked.cancel_url,
            "expires_at": int(asked.expires_at.timestamp()),
        }
        answer = self._ask("POST", "checkout/sessions", given, key=asked.reference)
        return Opened(_text(answer, "id"), _text(answer, "url"))

    def fetch(self, *, session: str = "", capture: str = "") -> Standing | None:
        """The session with its payment, refunds and dispute, in one question (two when only the capture is known)."""
        if not session and not (session := self._session_of(capture)):
            return None
        asked = {f"expand[{number}]": path for number, path in enumerate(EXPANDED)}
        try:
            found = self._ask("GET", f"checkout/sessions/{quote(session, safe='')}", asked)
        except Missing:
            return None
        listed = _object(_charge(found).get("refunds"))
        refunds = listed.get("data") or []
        if listed.get("has_more"):  # a charge brings its ten newest
            refunds = list(self._refunds(_text(_object(found.get("payment_intent")), "id")))
        return _standing(found, refunds)

    def expire(self, session: str) -> None:
        """Close an open session. GatewayRefused when it is complete already."""
        self._ask("POST", f"checkout/sessions/{quote(session, safe='')}/expire", {})

    def objection(self, amount: int, currency: str) -> str:
        """Stripe's documented limits."""
        return objection(amount, currency)

    def refund(self, capture: str, amount: int, *, ref: str) -> Movement:
        """Refund part of a payment intent, unless it bears this number already.

        The key alone isn't enough: Stripe keeps answers, failures too, for a day, and then forgets the key.
        """
        known = [one for one in self._refunds(capture) if _metadata(one).get("refund") == ref]
        if known:
            return _movement(known[0], REFUNDS)
        found = self._ask("GET", f"payment_intents/{quote(capture, safe='')}", {})
        given = {
            "payment_intent": capture,
            "amount": theirs(amount, _text(found, "currency").upper()),
            "metadata[refund]": ref,
        }
        return _movement(self._ask("POST", "refunds", given, key=f"{ref} {capture}"), REFUNDS)

    def parse_event(self, body: bytes, header: str, *, now: float) -> Told | None:
        """The event, if Stripe has signed it; one of the other mode (test, live) is not for this key."""
        if not is_signed(body, header, self._webhook_secret, now):
            return None
        event, live = told(body), is_live(body)
        return None if live is not None and mode_of(self._secret) == ("test" if live else "live") else event

    def _refunds(self, capture: str) -> Iterator[dict[str, Any]]:
        """All refunds of a payment intent, newest first."""
        asked: dict[str, object] = {"payment_intent": capture, "limit": PAGE}
        for _ in range(PAGES):
            found = self._ask("GET", "refunds", asked)
            refunds = found.get("data") or []
            yield from refunds
            if not found.get("has_more") or not refunds:
                return
            asked["starting_after"] = _text(refunds[-1], "id")

    def _session_of(self, capture: str) -> str:
        found = self._ask("GET", "checkout/sessions", {"payment_intent": capture, "limit": 1})
        sessions = found.get("data") or []
        return _text(sessions[0], "id") if sessions else ""

    def _ask(self, method: str, path: str, given: Mapping[str, object], *, key: str = "") -> dict[str, Any]:
        """One request; `key` makes asking again harmless."""
        url, data = f"{settings.STRIPE_API}/v1/{path}", urlencode(given)
        headers = {"Authorization": f"Bearer {self._secret}", "Stripe-Version": VERSION}
        if key:
            headers["Idempotency-Key"] = key
        if method == "GET":
            asked = Request(f"{url}?{data}" if data else url, headers=headers)  # noqa: S310 - our own address
        else:
            asked = Request(url, data.encode(), headers, method=method)  # noqa: S310 - our own address
        try:
            with urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310 - our own address
                found = json.load(answer)
        except HTTPError as error:
            with error:
                raise _said_no(error) from None
        except (URLError, OSError, HTTPException, ValueError) as error:  # also cut off within the answer
            raise GatewayDown(type(error).__name__) from None
        if not isinstance(found, dict):
            raise GatewayDown("no object")
        return found


def _said_no(error: HTTPError) -> Exception:
    """A refusal in Stripe's own words, unless it is overloaded, broken, or we asked at a bad moment."""
    passing = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if error.code in passing or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GatewayDown(str(error.code))
    try:
        words = str(json.load(error)["error"]["message"])
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        words = f"Stripe answered {error.code}."
    return (Missing if error.code == HTTPStatus.NOT_FOUND else GatewayRefused)(words[:200])


def mode_of(secret: str) -> str:
    """Whether a key moves money: "live" or "test"; nothing if it doesn't say."""
    words = secret.split("_")
    return words[1] if len(words) > 2 and words[1] in {"live", "test"} else ""


def fault_of(secret: str, webhook_secret: str) -> str:
    """What is wrong with secrets that somebody has typed, or nothing."""
    if secret.startswith("pk_"):
        return "This is Stripe’s publishable key. The secret key begins with sk_ or rk_."
    if secret and not secret.startswith(SECRETS):
        return "A secret key of Stripe begins with sk_ or rk_."
    if webhook_secret and not webhook_secret.startswith(SIGNING):
        return "The signing secret of a webhook begins with whsec_."
    return ""


def _standing(session: dict[str, Any], refunds: list[dict[str, Any]]) -> Standing:
    """What a session with its expanded payment says."""
    intent, charge = _object(session.get("payment_intent")), _charge(session)
    currency = str(intent.get("currency") or session.get("currency") or "").upper()
    is_paid = session.get("payment_status") == "paid"
    dispute = _object(charge.get("dispute"))
    return Standing(
        external_id=_text(session, "id"),
        reference=str(session.get("client_reference_id") or ""),
        state=_state(str(session.get("status")), str(intent.get("status")), is_paid=is_paid),
        captured=ours(_number(intent, "amount_received"), currency) if is_paid else 0,
        currency=currency,
        capture=str(intent.get("id") or ""),
        declined=bool(intent.get("last_payment_error")),
        refunds=tuple(_movement(one, REFUNDS) for one in refunds),
        disputes=(_movement(dispute, DISPUTES),) if dispute.get("status") in DISPUTES else (),
    )


def _charge(session: Mapping[str, Any]) -> dict[str, Any]:
    return _object(_object(session.get("payment_intent")).get("latest_charge"))


def _state(status: str, intent: str, *, is_paid: bool) -> CheckoutState:
    """A complete session whose payment takes days is processing, until it is paid or has failed."""
    if is_paid:
        return CheckoutState.PAID
    if status == "open":
        return CheckoutState.OPEN
    if status == "complete" and intent in {"processing", "requires_capture", "requires_action"}:
        return CheckoutState.PROCESSING
    return CheckoutState.OVER


def _movement(one: dict[str, Any], states: dict[str, MovementState]) -> Movement:
    amount = ours(_number(one, "amount"), str(one.get("currency") or ""))
    state = states.get(str(one.get("status")), MovementState.PENDING)
    return Movement(_text(one, "id"), amount, state, str(_metadata(one).get("refund", "")))


def _metadata(found: Mapping[str, Any]) -> dict[str, Any]:
    return _object(found.get("metadata"))


def _object(value: object) -> dict[str, Any]:
    """What was asked to be expanded; nothing where there is nothing."""
    if value is not None and not isinstance(value, dict):
        raise GatewayDown("not expanded")
    return value or {}


def _number(found: Mapping[str, Any], name: str) -> int:
    value = found.get(name) or 0
    if not isinstance(value, int):
        raise GatewayDown(f"no {name}")
    return value


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise GatewayDown(f"no {name}")
    return value
