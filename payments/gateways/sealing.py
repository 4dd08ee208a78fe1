"""What is derived from the server's own key: the sealing of gateway secrets, and the tokens of private addresses.

The key is GATEWAY_KEY of the environment. Who has the database alone can neither read a secret nor make a token.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

TOKEN = 24
"""Bytes of a token: 192 bits, which are 32 letters without a spare bit, so that every other letter counts."""


def seal(secret: str) -> str:
    """The secret as the database keeps it; nothing stays nothing."""
    return _box().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """The secret again, or "" when it was sealed with another key: then it has to be entered anew."""
    try:
        return _box().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        return ""


def token_of(nonce: str, purpose: str = "payment-link") -> str:
    """The secret part of an address, the same for the same nonce; a token of one purpose fits no other."""
    return base64.urlsafe_b64encode(_derived(purpose, nonce)[:TOKEN]).decode()


def hash_of(token: str) -> str:
    """What the database knows of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def simulator_secret(clinic_id: int) -> str:
    """What the simulator signs a clinic's events with."""
    return _derived("simulator", str(clinic_id)).hex()


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived("gateway-secrets", "")))


def _derived(purpose: str, of: str) -> bytes:
    return hmac.new(settings.GATEWAY_KEY.encode(), f"{purpose}:{of}".encode(), hashlib.sha256).digest()
