"""How a clinic takes cards, the links that it sends, and the checkouts that payers open with them."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from payments.models.payments import Payment
from payments.states import CHECKOUT_LIVE, CheckoutState, GatewayName


class GatewaySettings(TenantModel):
    """Who takes cards for the clinic. The secrets are sealed (payments/gateways/sealing.py), never plain."""

    gateway = models.CharField(max_length=12, choices=GatewayName, default=GatewayName.NONE)
    secret = models.TextField(blank=True, editable=False)
    webhook_secret = models.TextField(blank=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic"], name="payments_gatewaysettings_one"),
        ]

    def __str__(self) -> str:
        return "Card payments"


class PaymentLink(TenantModel):
    """An address at which a stranger can pay (S1.68–S1.71). Its token is derived from `nonce`, and not here."""

    payment = TenantForeignKey(Payment, related_name="links")
    nonce = models.CharField(max_length=32, editable=False)
    token_hash = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    made_by_id = models.BigIntegerField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "token_hash"], name="payments_link_token"),
            models.UniqueConstraint(
                fields=["clinic", "payment"], condition=models.Q(revoked_at=None), name="payments_link_one"
            ),
        ]
        # The door looks for the hash before it knows the clinic.
        indexes: ClassVar = [models.Index(fields=["token_hash"], name="payments_link_hash")]

    def __str__(self) -> str:
        return f"Link of {self.payment.ref}"


class Checkout(TenantModel):
    """One visit to the gateway's page. `amount` was asked, `captured` came (minor units); `booked` holds it."""

    payment = TenantForeignKey(Payment, related_name="checkouts")
    link = TenantForeignKey(PaymentLink, related_name="checkouts")
    gateway = models.CharField(max_length=12, choices=GatewayName)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=CheckoutState, default=CheckoutState.ASKED)
    external_id = models.CharField(max_length=255, blank=True)
    url = models.TextField(blank=True)
    capture = models.CharField(max_length=255, blank=True)
    captured = models.BigIntegerField(null=True)
    booked = TenantForeignKey(Payment, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "gateway", "external_id"],
                condition=~models.Q(external_id=""),
                name="payments_checkout_external",
            ),
            models.UniqueConstraint(
                fields=["clinic", "payment"],
                condition=models.Q(state__in=sorted(CHECKOUT_LIVE)),
                name="payments_checkout_one_live",
            ),
            models.UniqueConstraint(fields=["clinic", "booked"], name="payments_checkout_booked"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payments_checkout_amount"),
            models.CheckConstraint(
                condition=models.Q(booked=None, captured=None) | models.Q(booked__isnull=False, captured__gt=0),
                name="payments_checkout_captured",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "payment", "-id"], name="payments_checkout_payment"),
            models.Index(fields=["clinic", "capture"], name="payments_checkout_capture"),
        ]

    def __str__(self) -> str:
        return f"Checkout of {self.payment.ref}"

    @property
    def reference(self) -> str:
        """What we call it when we speak to the gateway: known there even if its answer never reached us."""
        return f"cp-{self.pk}-{self.link.nonce[:12]}"
