"""Payments (requests to collect, and the money they became) and the receipts that group them."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from balances.models import Charge, Credit
from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel, imported_once
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account, Patient
from payments.states import Method, PaymentStatus, PaymentType, RefundKind, RefundReason, RefundStatus, ReturnReason
from treatments.models import TreatmentEvent


class Receipt(Numbered, TenantModel):
    """What a payer takes home: one act of paying, with one payment per tender."""

    KIND = "R"

    account = TenantForeignKey(Account, related_name="receipts")
    location = TenantForeignKey(Location, related_name="+")
    business_date = models.DateField()
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="payments_receipt_number"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "account", "-id"], name="payments_receipt_account")]

    @property
    def patient_id(self) -> int | None:
        """The patient whom its payments name, if any; the trail keeps it beside the receipt."""
        return next((payment.patient_id for payment in self.payments.all() if payment.patient_id), None)


class Payment(Numbered, TenantModel):
    """A request to collect (PAY-001). It is money only once Paid; creating one changes no balance.

    `amount` is in minor units. `account` is credited; `payer`, if set, is another party who pays
    for it, such as an insurer.
    """

    KIND = "PAY"

    account = TenantForeignKey(Account, related_name="payments")
    patient = TenantForeignKey(Patient, null=True, blank=True, related_name="payments")
    payer = TenantForeignKey(Account, null=True, blank=True, related_name="+")
    event = TenantForeignKey(TreatmentEvent, null=True, blank=True, related_name="payments")
    receipt = TenantForeignKey(Receipt, null=True, blank=True, related_name="payments")
    location = TenantForeignKey(Location, related_name="+")
    amount = models.BigIntegerField()
    method = models.CharField(max_length=12, choices=Method)
    kind = models.CharField(max_length=12, choices=PaymentType, blank=True)
    status = models.CharField(max_length=20, choices=PaymentStatus, default=PaymentStatus.DRAFT)
    due_date = models.DateField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, editable=False)
    memo = models.CharField(max_length=240, blank=True)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="payments_payment_number"),
            imported_once("payments_payment_external"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payments_payment_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "-created_at", "-id"], name="payments_payment_newest"),
            models.Index(fields=["clinic", "amount", "id"], name="payments_payment_amount"),
            models.Index(fields=["clinic", "status", "created_at", "id"], name="payments_payment_status"),
            models.Index(fields=["clinic", "account", "-id"], name="payments_payment_account"),
            models.Index(fields=["clinic", "event"], name="payments_payment_event"),
            models.Index(fields=["clinic", "receipt"], name="payments_payment_receipt"),
        ]


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
        indexes: ClassVar = [models.Index(fields=["clinic", "payment", "-id"], name="payments_refund_payment")]

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
