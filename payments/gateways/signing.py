"""Signatures of events: `t=1700000000,v1=<hex>`, HMAC-SHA256 over "t.body", as Stripe documents it."""

import hashlib
import hmac

TOLERANCE = 300
"""Seconds that an event may be old, or ahead of our clock."""


def sign(body: bytes, secret: str, at: int) -> str:
    """The header for a body sent at this moment (seconds since 1970)."""
    return f"t={at},v1={_mac(body, secret, str(at))}"


def is_signed(body: bytes, header: str, secret: str, now: float) -> bool:
    """Whether somebody who knows the secret has signed exactly this body within the last 300 seconds."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if not secret or len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12:
        return False
    if abs(now - int(times[0])) > TOLERANCE:
        return False
    wanted = _mac(body, secret, times[0]).encode()
    # While a secret is being changed a gateway signs with both.
    return any(hmac.compare_digest(wanted, one.encode()) for one in signatures)


def _mac(body: bytes, secret: str, at: str) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
