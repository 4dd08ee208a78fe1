"""What gateways tell us: events, money that goes back through them, and what a person has to decide."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from clinicpay import money
from clinicpay.clinics.models import TenantForeignKey, TenantModel
from payments.models.links import Checkout
from payments.models.payments import Payment
from payments.models.refunds import Refund
from payments.states import GatewayName, GatewayTaskKind, GatewayTaskState, Heard, MovementState


class GatewayEvent(TenantModel):
    """An event that a gateway sent, once. Its body is not kept: what is true is asked of the gateway (B10)."""

    gateway = models.CharField(max_length=12, choices=GatewayName)
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=80)
    session = models.CharField(max_length=255, blank=True)
    capture = models.CharField(max_length=255, blank=True)
    outcome = models.CharField(max_length=8, choices=Heard, default=Heard.WAITING)
    tries = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    handled_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "gateway", "external_id"], name="payments_gatewayevent_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "outcome", "id"], name="payments_gatewayevent_wait")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.kind}"


class GatewayRefund(TenantModel):
    """A refund or return of ours and what the gateway calls it; the money waits until the gateway has spoken."""

    refund = TenantForeignKey(Refund, related_name="by_gateway")
    checkout = TenantForeignKey(Checkout, related_name="refunds")
    external_id = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=9, choices=MovementState, default=MovementState.ASKED)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "refund"], name="payments_gatewayrefund_refund"),
            models.UniqueConstraint(
                fields=["clinic", "checkout", "external_id"],
                condition=~models.Q(external_id=""),
                name="payments_gatewayrefund_external",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.refund.ref} by {self.checkout.gateway}"


class GatewayTask(TenantModel):
    """Something a gateway did that a person decides: `payment` holds the money, `first` was asked for.

    Of money in another currency `foreign_amount` (its own minor units) is kept, and `payment` is the first until
    somebody books it; `movement` is the gateway's id of what went back, empty for the capture.
    """

    kind = models.CharField(max_length=10, choices=GatewayTaskKind)
    payment = TenantForeignKey(Payment, related_name="gateway_tasks")
    first = TenantForeignKey(Payment, null=True, related_name="late_captures")
    refund = TenantForeignKey(Refund, null=True, related_name="+")
    checkout = TenantForeignKey(Checkout, null=True, related_name="tasks")
    movement = models.CharField(max_length=255, blank=True, default="")
    foreign_amount = models.BigIntegerField(null=True)
    foreign_currency = models.CharField(max_length=3, blank=True, default="")
    state = models.CharField(max_length=8, choices=GatewayTaskState, default=GatewayTaskState.OPEN)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by_id = models.BigIntegerField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "checkout", "movement"], name="payments_gatewaytask_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "state", "id"], name="payments_gatewaytask_state"),
            models.Index(fields=["clinic", "payment"], name="payments_gatewaytask_payment"),
            models.Index(fields=["clinic", "first"], name="payments_gatewaytask_first"),
        ]

    def __str__(self) -> str:
        if self.kind == GatewayTaskKind.LATE and self.first:
            return f"Late capture of {self.first.ref}"
        if self.kind == GatewayTaskKind.FOREIGN and self.first:
            return f"{self.foreign} charged for {self.first.ref}"
        if self.kind == GatewayTaskKind.MOVED:
            return f"{self.foreign} of {self.payment.ref} went back"
        return f"{self.get_kind_display()} of {self.payment.ref}"

    @property
    def foreign(self) -> str:
        """The amount in its own currency, by the code: many have the same sign."""
        return money.coded(self.foreign_amount or 0, self.foreign_currency)


class SimulatedCheckout(TenantModel):
    """What the simulator knows of one checkout: its own books, which stand for another company's."""

    external_id = models.CharField(max_length=64)
    reference = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=200)
    success_url = models.CharField(max_length=300)
    cancel_url = models.CharField(max_length=300)
    state = models.CharField(max_length=10, default="open")
    declined = models.BooleanField(default=False)
    refunds = models.JSONField(default=list)
    dispute = models.CharField(max_length=5, blank=True)
    expires_at = models.DateTimeField()
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "external_id"], name="payments_simulatedcheckout_id"),
            models.UniqueConstraint(fields=["clinic", "reference"], name="payments_simulatedcheckout_reference"),
        ]

    def __str__(self) -> str:
        return self.external_id
