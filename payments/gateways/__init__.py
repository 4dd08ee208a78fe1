"""Whoever takes cards, behind one protocol (decisions/0083)."""

from django.conf import settings

from clinicpay.clinics.models import Clinic
from payments.gateways.base import (
    Asked,
    Gateway,
    GatewayDown,
    GatewayRefused,
    Movement,
    Opened,
    Standing,
    Told,
)
from payments.gateways.sealing import hash_of, seal, token_of, unseal
from payments.gateways.simulator import Simulator
from payments.gateways.stripe import Stripe, fault_of, mode_of
from payments.models import GatewaySettings
from payments.states import GatewayName

__all__ = [
    "Asked",
    "Gateway",
    "GatewayDown",
    "GatewayRefused",
    "Movement",
    "Opened",
    "Standing",
    "Told",
    "fault_of",
    "gateway_of",
    "hash_of",
    "mode_of",
    "seal",
    "token_of",
]


def gateway_of(clinic: Clinic) -> Gateway | None:
    """Who takes cards for the clinic in scope; None when nobody does, or its secret can't be read."""
    chosen = GatewaySettings.objects.first()
    if chosen is None:
        return None
    if chosen.gateway == GatewayName.SIMULATOR:
        return Simulator(clinic) if settings.GATEWAY_SIMULATOR else None
    secret = unseal(chosen.secret)
    if chosen.gateway == GatewayName.STRIPE and secret:
        return Stripe(secret, unseal(chosen.webhook_secret))
    return None
