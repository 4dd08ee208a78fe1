"""Money of a payment that goes back."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from balances.models import Charge, Credit
from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from payments.models.payments import Payment
from payments.states import REFUND_OPEN, Method, RefundKind, RefundReason, RefundStatus, ReturnReason


class Refund(Numbered, TenantModel):
    """Money of one payment that goes back (RF-001), by us or taken by others; `amount` is in minor units.

    An approved refund has its money in `reserved`, a credit that nothing else can use; `posting` is the act
    in which the money went out.
    """

    KIND = "RF"

    payment = TenantForeignKey(Payment, related_name="refunds")
    kind = models.CharField(max_length=6, choices=RefundKind, default=RefundKind.REFUND)
    amount = models.BigIntegerField()
    method = models.CharField(max_length=12, choices=Method)
    reason = models.CharField(max_length=16, choices=[*RefundReason.choices, *ReturnReason.choices])
    notes = models.CharField(max_length=500, blank=True)
    reduce_charge = models.BooleanField(default=False)
    status = models.CharField(max_length=9, choices=RefundStatus, default=RefundStatus.REQUESTED)
    reserved = TenantForeignKey(Credit, null=True, related_name="+")
    posting = TenantForeignKey("balances.Posting", null=True, related_name="+")
    requested_by_id = models.BigIntegerField(null=True, editable=False)
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by_id = models.BigIntegerField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    reversed_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="payments_refund_number"),
            models.UniqueConstraint(fields=["clinic", "reserved"], name="payments_refund_reserved"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payments_refund_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "payment", "-id"], name="payments_refund_payment"),
            models.Index(fields=["clinic", "-requested_at", "-id"], name="payments_refund_newest"),
            models.Index(
                fields=["clinic", "requested_at", "id"],
                condition=models.Q(status__in=["requested", "approved"]),
                name="payments_refund_waiting",
            ),
        ]

    @property
    def patient_id(self) -> int | None:
        """The patient whom its payment names, if any; the trail keeps it beside the refund."""
        found: int | None = self.payment.patient_id
        return found

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to decide or to pay."""
        return self.status in REFUND_OPEN

    @property
    def state(self) -> tuple[str, str]:
        """Its state as pages show it, with the words: a reversal is no status of its own."""
        if self.reversed_at:
            return "reversed", "Reversed"
        if self.kind == RefundKind.RETURN:
            return "returned", "Taken back"
        return self.status, self.get_status_display()

    @property
    def why(self) -> str:
        """The reason as the ledger keeps it."""
        return f"{self.ref}: {self.get_reason_display()}{f': {self.notes}' if self.notes else ''}"


class RefundLine(TenantModel):
    """What an approved refund freed: an application undone, and the credit note if the charge was reduced."""

    refund = TenantForeignKey(Refund, related_name="lines")
    freed = TenantForeignKey("balances.Entry", related_name="+")
    charge = TenantForeignKey(Charge, related_name="+")
    amount = models.BigIntegerField()
    credit_note = TenantForeignKey("balances.Entry", null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payments_refundline_amount"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "refund"], name="payments_refundline_refund")]

    def __str__(self) -> str:
        return f"{self.refund}: {self.charge}"
