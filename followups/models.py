"""Payment plans, write-offs, and the cases and promises of debt that is followed up. Amounts are minor units."""

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from balances.models import Charge, Invoice
from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account
from followups.states import (
    CaseOutcome,
    CaseState,
    Frequency,
    InstalmentStatus,
    PlanStatus,
    PromiseStatus,
    WriteOffStatus,
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


class WriteOff(Numbered, TenantModel):
    """Debt that somebody asks to give up (WO-001), and what an owner decided (W2)."""

    KIND = "WO"

    account = TenantForeignKey(Account, related_name="write_offs")
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    status = models.CharField(max_length=9, choices=WriteOffStatus, default=WriteOffStatus.REQUESTED)
    requested_by_id = models.BigIntegerField(null=True, editable=False)
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by_id = models.BigIntegerField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="followups_writeoff_number"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="followups_writeoff_amount"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "account", "status"], name="followups_writeoff_account")]


class WriteOffLine(TenantModel):
    """What a write-off gives up of one charge; `entry` is the ledger's line, once approved."""

    write_off = TenantForeignKey(WriteOff, related_name="lines")
    charge = TenantForeignKey(Charge, related_name="+")
    amount = models.BigIntegerField()
    entry = TenantForeignKey("balances.Entry", null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "write_off", "charge"], name="followups_writeoffline_charge"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="followups_writeoffline_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.write_off}: {self.charge}"


class Case(TenantModel):
    """The work on one account's debt. At most one is open; an open one has billed debt or an active plan (I7).

    The database sets when it was opened and closed. The trail keeps each closing and re-opening.
    """

    account = TenantForeignKey(Account, related_name="cases")
    state = models.CharField(max_length=19, choices=CaseState, default=CaseState.CONTACT_DUE)
    outcome = models.CharField(max_length=14, choices=CaseOutcome, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "account"],
                condition=~models.Q(state=CaseState.CLOSED),
                name="followups_case_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state=CaseState.CLOSED, closed_at__isnull=False) & ~models.Q(outcome="")
                | ~models.Q(state=CaseState.CLOSED) & models.Q(closed_at=None, outcome=""),
                name="followups_case_closed",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "account", "-id"], name="followups_case_account")]

    def __str__(self) -> str:
        return f"Follow-up of {self.account}"


class Promise(TenantModel):
    """What somebody said they would pay, and by when; `paid` is what came of it in time."""

    case = TenantForeignKey(Case, related_name="promises")
    amount = models.BigIntegerField()
    due_date = models.DateField()
    grace = models.PositiveSmallIntegerField(default=0, help_text="Days.")
    status = models.CharField(max_length=11, choices=PromiseStatus, default=PromiseStatus.OPEN)
    paid = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "case"],
                condition=models.Q(status=PromiseStatus.OPEN),
                name="followups_promise_one_open",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="followups_promise_amount"),
            models.CheckConstraint(
                condition=models.Q(status=PromiseStatus.OPEN, paid=0)
                | models.Q(status=PromiseStatus.KEPT, paid__gte=models.F("amount"))
                | models.Q(status=PromiseStatus.PARTLY_KEPT, paid__gt=0, paid__lt=models.F("amount"))
                | models.Q(status=PromiseStatus.BROKEN, paid=0)
                | models.Q(status=PromiseStatus.CANCELLED, paid__gte=0),
                name="followups_promise_paid",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["clinic", "due_date"],
                condition=models.Q(status=PromiseStatus.OPEN),
                name="followups_promise_due",
            ),
            models.Index(fields=["clinic", "case"], name="followups_promise_case"),
        ]

    def __str__(self) -> str:
        return f"Promise for {self.due_date}"

    @property
    def last_day(self) -> date:
        """The day by whose end it must have been kept."""
        return self.due_date + timedelta(days=self.grace)
