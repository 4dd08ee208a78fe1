"""Payments (requests to collect, and the money they became) and the receipts that group them."""

from datetime import date, datetime
from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property

from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel, imported_once
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account, Patient
from payments.states import MONEY, OVERDUE, Method, PaymentStatus, PaymentType
from treatments.models import TreatmentEvent

EARLIEST, LATEST = date(1, 1, 1), date(9999, 12, 31)
"""What stands for no due date in an order: after all others either way."""


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

    @cached_property
    def patient_id(self) -> int | None:
        """The patient whom its payments name, if any; the trail keeps it beside the receipt."""
        return next((payment.patient_id for payment in self.payments.all() if payment.patient_id), None)


class Payment(Numbered, TenantModel):
    """A request to collect (PAY-001). It is money only once Paid; creating one changes no balance.

    `amount` is in minor units. `account` is credited; `payer`, if set, is another party who pays
    for it, such as an insurer. `method` is how it was paid, empty until then. `name_key` is what lists are sorted
    by: the patient's search key, else the account's name; a trigger keeps it true (sql/0010_list_keys.sql). `due_first`
    and `due_last` put no due date last, up and down.
    """

    KIND = "PAY"

    account = TenantForeignKey(Account, related_name="payments")
    patient = TenantForeignKey(Patient, null=True, blank=True, related_name="payments")
    payer = TenantForeignKey(Account, null=True, blank=True, related_name="+")
    event = TenantForeignKey(TreatmentEvent, null=True, blank=True, related_name="payments")
    receipt = TenantForeignKey(Receipt, null=True, blank=True, related_name="payments")
    location = TenantForeignKey(Location, related_name="+")
    amount = models.BigIntegerField()
    method = models.CharField(max_length=12, choices=Method, blank=True)
    kind = models.CharField(max_length=12, choices=PaymentType, blank=True)
    status = models.CharField(max_length=20, choices=PaymentStatus, default=PaymentStatus.DRAFT)
    due_date = models.DateField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, editable=False)
    memo = models.CharField(max_length=240, blank=True)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    name_key = models.CharField(max_length=200, default="", editable=False, db_collation="C")
    due_first = models.GeneratedField(
        expression=Coalesce("due_date", models.Value(LATEST)), output_field=models.DateField(), db_persist=True
    )
    due_last = models.GeneratedField(
        expression=Coalesce("due_date", models.Value(EARLIEST)), output_field=models.DateField(), db_persist=True
    )

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="payments_payment_number"),
            imported_once("payments_payment_external"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payments_payment_amount"),
            models.CheckConstraint(
                condition=~models.Q(method="") | ~models.Q(status__in=sorted(MONEY)), name="payments_payment_method"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "-created_at", "-id"], name="payments_payment_newest"),
            models.Index(fields=["clinic", "amount", "id"], name="payments_payment_amount"),
            models.Index(fields=["clinic", "status", "created_at", "id"], name="payments_payment_status"),
            models.Index(fields=["clinic", "name_key", "id"], name="payments_payment_name"),
            models.Index(fields=["clinic", "due_first", "id"], name="payments_payment_due_first"),
            models.Index(fields=["clinic", "due_last", "id"], name="payments_payment_due_last"),
            models.Index(fields=["clinic", "patient", "-created_at", "-id"], name="payments_payment_patient"),
            models.Index(fields=["clinic", "account", "-id"], name="payments_payment_account"),
            models.Index(fields=["clinic", "event"], name="payments_payment_event"),
            models.Index(
                fields=["clinic", "payer"], condition=models.Q(payer__isnull=False), name="payments_payment_payer"
            ),
            models.Index(fields=["clinic", "receipt"], name="payments_payment_receipt"),
            models.Index(
                fields=["clinic", "location", "id"],
                condition=models.Q(method__in=[Method.CASH, Method.CHEQUE], external_ref=""),
                name="payments_payment_banked",
            ),
        ]

    @property
    def paid_when(self) -> datetime | date | None:
        """When it was paid as people see it: of money that was entered later only the day is known."""
        is_late = self.paid_at is not None and self.paid_at < self.created_at
        return timezone.localdate(self.paid_at) if is_late else self.paid_at

    def is_overdue(self, today: date) -> bool:
        """Whether it is still expected although it was due before the clinic's `today` (G4, S1.96)."""
        return self.status in OVERDUE and self.due_date is not None and self.due_date < today
