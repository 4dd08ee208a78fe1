"""Payment plans: their parts and instalments. Amounts are minor units."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from balances.models import Charge, Invoice
from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account
from followups.states import (
    Frequency,
    InstalmentStatus,
    PlanStatus,
)


class Plan(Numbered, TenantModel):
    """Debt of an account that is billed in instalments (PL-001). Its `total` never changes."""

    KIND = "PL"

    account = TenantForeignKey(Account, related_name="plans")
    location = TenantForeignKey(Location, related_name="+")
    total = models.BigIntegerField()
    instalment = models.BigIntegerField()
    frequency = models.CharField(max_length=7, choices=Frequency)
    starts_on = models.DateField()
    status = models.CharField(max_length=9, choices=PlanStatus, default=PlanStatus.DRAFT)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="followups_plan_number"),
            models.CheckConstraint(condition=models.Q(total__gt=0, instalment__gt=0), name="followups_plan_amounts"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "account", "status"], name="followups_plan_account")]


class PlanPart(TenantModel):
    """What one charge puts on a plan; `principal` is its unbilled debt there, once the plan is active (P3)."""

    plan = TenantForeignKey(Plan, related_name="parts")
    charge = TenantForeignKey(Charge, related_name="+")
    amount = models.BigIntegerField()
    principal = TenantForeignKey(Charge, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "plan", "charge"], name="followups_planpart_charge"),
            models.UniqueConstraint(fields=["clinic", "principal"], name="followups_planpart_principal"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="followups_planpart_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.plan}: {self.charge}"


class Instalment(TenantModel):
    """One part of a plan with its date; billed once, on an invoice of its own (P2, I9)."""

    plan = TenantForeignKey(Plan, related_name="instalments")
    position = models.PositiveSmallIntegerField()
    due_date = models.DateField()
    amount = models.BigIntegerField()
    status = models.CharField(max_length=9, choices=InstalmentStatus, default=InstalmentStatus.SCHEDULED)
    invoice = TenantForeignKey(Invoice, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        ordering = ["position"]
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "plan", "position"], name="followups_instalment_position"),
            models.UniqueConstraint(fields=["clinic", "invoice"], name="followups_instalment_invoice"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="followups_instalment_amount"),
            models.CheckConstraint(
                condition=models.Q(status=InstalmentStatus.INVOICED, invoice__isnull=False)
                | (~models.Q(status=InstalmentStatus.INVOICED) & models.Q(invoice=None)),
                name="followups_instalment_invoiced",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["clinic", "due_date"],
                condition=models.Q(status=InstalmentStatus.SCHEDULED),
                name="followups_instalment_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.position}"
