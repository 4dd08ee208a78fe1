"""Debt, money in hand, and the append-only ledger that moves both.

Postings and entries are written by `balances.ledger` alone. The totals `outstanding` and
`available` are moved by a database trigger; the application role cannot write them.
"""

from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import ClassVar

from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone

from balances.models.runs import AutoApplyRun
from balances.states import (
    DATED,
    OPENS_CHARGE,
    OPENS_CREDIT,
    SHAPES,
    ChargeKind,
    CreditKind,
    EntryKind,
    PostingKind,
    Shape,
    Source,
)
from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel, imported_once
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.models import Practitioner
from treatments.models import Package, Procedure, TreatmentEvent


class Invoice(Numbered, TenantModel):
    """A document (INV-001) that bills charges to one account at one location."""

    KIND = "INV"

    account = TenantForeignKey(Account, related_name="invoices")
    location = TenantForeignKey(Location, related_name="+")
    event = TenantForeignKey(TreatmentEvent, null=True, related_name="invoices")
    invoice_date = models.DateField()
    due_date = models.DateField()
    issued_at = models.DateTimeField(default=timezone.now, editable=False)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="balances_invoice_number"),
            imported_once("balances_invoice_external"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "account", "invoice_date"], name="balances_invoice_account"),
            models.Index(fields=["clinic", "event"], name="balances_invoice_event"),
        ]


class Charge(TenantModel):
    """The unit of debt: one priced line, with its `amount` and what is `outstanding` (minor units).

    What is not outstanding was applied, `credited` by credit notes, `written_off` and not recovered, or
    `moved` to or from a plan. A plan's principal and an instalment name the charge that they came from.
    """

    account = TenantForeignKey(Account, related_name="charges")
    invoice = TenantForeignKey(Invoice, null=True, related_name="charges")
    patient = TenantForeignKey(Patient, null=True, related_name="charges")
    event = TenantForeignKey(TreatmentEvent, null=True, related_name="charges")
    procedure = TenantForeignKey(Procedure, null=True, related_name="charges")
    kind = models.CharField(max_length=10, choices=ChargeKind, default=ChargeKind.PROCEDURE)
    line = models.PositiveSmallIntegerField(default=1)
    code = models.CharField(max_length=15, blank=True)
    description = models.CharField(max_length=255)
    service_date = models.DateField()
    amount = models.BigIntegerField()
    outstanding = models.BigIntegerField(default=0, editable=False)
    credited = models.BigIntegerField(default=0, editable=False)
    written_off = models.BigIntegerField(default=0, editable=False)
    moved = models.BigIntegerField(default=0, editable=False)
    source = TenantForeignKey("self", null=True, related_name="moved_to")
    voided = models.BooleanField(default=False, editable=False)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "procedure"],
                condition=Q(kind=ChargeKind.PROCEDURE, voided=False),
                name="balances_charge_procedure",
            ),
            imported_once("balances_charge_external"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="balances_charge_amount"),
            models.CheckConstraint(
                condition=Q(outstanding__gte=0, outstanding__lte=F("amount")), name="balances_charge_outstanding"
            ),
            models.CheckConstraint(
                condition=Q(outstanding__lte=F("amount") - F("credited") - F("written_off") - F("moved")),
                name="balances_charge_parts",
            ),
            models.CheckConstraint(condition=Q(credited__gte=0), name="balances_charge_credited"),
            models.CheckConstraint(condition=Q(written_off__gte=0), name="balances_charge_written_off"),
            models.CheckConstraint(condition=Q(moved__gte=0), name="balances_charge_moved"),
            models.CheckConstraint(condition=Q(voided=False) | Q(credited=F("amount")), name="balances_charge_voided"),
            models.CheckConstraint(
                condition=Q(kind__in=[ChargeKind.PRINCIPAL, ChargeKind.INSTALMENT], source__isnull=False)
                | Q(kind__in=[ChargeKind.PROCEDURE, ChargeKind.OFFICE], source=None),
                name="balances_charge_source",
            ),
            models.CheckConstraint(
                condition=Q(kind=ChargeKind.PRINCIPAL, invoice=None)
                | Q(invoice__isnull=False) & ~Q(kind=ChargeKind.PRINCIPAL),
                name="balances_charge_invoiced",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ChargeKind.PROCEDURE) | Q(event__isnull=False), name="balances_charge_placed"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "account"], condition=Q(outstanding__gt=0), name="balances_charge_open"),
            models.Index(fields=["clinic", "event"], name="balances_charge_event"),
            models.Index(fields=["clinic", "invoice", "line"], name="balances_charge_invoice"),
            models.Index(
                fields=["clinic", "source"], condition=Q(source__isnull=False), name="balances_charge_moved_to"
            ),
            models.Index(
                fields=["clinic", "event", "procedure", "id"],
                condition=Q(kind=ChargeKind.PROCEDURE, voided=True),
                name="balances_charge_void",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.description}".strip()

    @property
    def applied(self) -> int:
        """What has been paid of it (minor units)."""
        return self.amount - self.outstanding - self.credited - self.written_off - self.moved


_STILL_HELD = Q(kind=CreditKind.PRE_PAYMENT, available__gt=0)
_TAKEN_BEFORE = Q(kind__in=[CreditKind.DEPOSIT, CreditKind.PRE_PAYMENT], available__gt=0)


class Credit(TenantModel):
    """Money in hand from a paid payment, with its `amount` and what is `available` (minor units).

    `payment_id` names the payment's row; payments stand above this app, so only the id is used here.
    """

    account = TenantForeignKey(Account, related_name="credits")
    payment = TenantForeignKey("payments.Payment", related_name="credits")
    location = TenantForeignKey(Location, related_name="+")
    event = TenantForeignKey(TreatmentEvent, null=True, related_name="+")
    kind = models.CharField(max_length=14, choices=CreditKind, default=CreditKind.UNAPPLIED)
    received_on = models.DateField()
    amount = models.BigIntegerField()
    available = models.BigIntegerField(default=0, editable=False)
    waits = models.BooleanField(default=False, db_default=False, editable=False)
    """Left alone by every automatic run until somebody has decided about it (decision 0114)."""

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=Q(amount__gt=0), name="balances_credit_amount"),
            models.CheckConstraint(
                condition=Q(available__gte=0, available__lte=F("amount")), name="balances_credit_available"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "account"], condition=Q(available__gt=0), name="balances_credit_open"),
            models.Index(fields=["clinic", "payment"], name="balances_credit_payment"),
            models.Index(fields=["clinic", "event"], condition=Q(event__isnull=False), name="balances_credit_event"),
            models.Index(
                fields=["clinic", "received_on", "id"], condition=_STILL_HELD, name="balances_credit_held_age"
            ),
            models.Index(
                fields=["clinic", "available", "id"], condition=_STILL_HELD, name="balances_credit_held_amount"
            ),
            models.Index(
                fields=["clinic", "received_on", "id"], condition=_TAKEN_BEFORE, name="balances_credit_taken_before"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.received_on}"


class HoldCriteria(TenantModel):
    """What a pre-payment is held for beside the treatment that its credit names; an empty field asks for nothing."""

    credit = TenantForeignKey(Credit, related_name="criteria")
    procedure = models.CharField(max_length=15, blank=True)
    discipline = models.CharField(max_length=60, blank=True)
    practitioner = TenantForeignKey(Practitioner, null=True, related_name="+")
    location = TenantForeignKey(Location, null=True, related_name="+")
    package = TenantForeignKey(Package, null=True, related_name="+")
    custom_1 = models.CharField(max_length=60, blank=True)
    custom_2 = models.CharField(max_length=60, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "credit"], name="balances_holdcriteria_credit"),
        ]

    def __str__(self) -> str:
        return f"Criteria of {self.credit}"


class Posting(TenantModel):
    """One business act: who, when, on which business date, where, why. Append-only.

    `made_at`, `made_by_id` and `transaction_id` are set by the database; a posting takes lines only in
    the transaction that made it.
    """

    kind = models.CharField(max_length=20, choices=PostingKind)
    made_at = models.DateTimeField(db_default=Func(function="clock_timestamp"), editable=False)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    transaction_id = models.BigIntegerField(default=0, editable=False)
    business_date = models.DateField()
    location = TenantForeignKey(Location, related_name="+")
    source = models.CharField(max_length=14, choices=Source, default=Source.MANUAL)
    run = TenantForeignKey(AutoApplyRun, null=True, related_name="+")
    reason = models.CharField(max_length=500)
    request_key = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["clinic", "business_date", "location"], name="balances_posting_day"),
            models.Index(fields=["clinic", "run"], condition=Q(run__isnull=False), name="balances_posting_run"),
            models.Index(
                fields=["clinic", "id"], condition=Q(source=Source.DEPOSIT_RECON), name="balances_posting_recon"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.business_date}"

    @property
    def happened(self) -> datetime | date:
        """When it happened as people see it: imports and demo data tell of earlier days than the one they ran on."""
        return self.business_date if self.source in DATED else self.made_at


def entry_shapes() -> Q:
    """The table of shapes as a condition: each kind of line has its signs, and reverses or does not."""
    return reduce(or_, (_shape(kind, shape) for kind, shapes in SHAPES.items() for shape in shapes))


def _shape(kind: str, shape: Shape) -> Q:
    signs = {-1: "__lt", 0: "", 1: "__gt"}
    fits = Q(**{"kind": kind, f"charge_delta{signs[shape.charge]}": 0, f"credit_delta{signs[shape.credit]}": 0})
    fits &= Q(charge__isnull=shape.charge == 0, credit__isnull=shape.credit == 0)
    if shape.charge and shape.credit:
        fits &= Q(credit_delta=F("charge_delta"))
    return fits if shape.reverses is None else fits & Q(reverses__isnull=not shape.reverses)


class Entry(TenantModel):
    """One line of a posting. Append-only; its insertion moves the totals it names."""

    posting = TenantForeignKey(Posting, related_name="entries")
    kind = models.CharField(max_length=12, choices=EntryKind)
    charge = TenantForeignKey(Charge, null=True, related_name="entries")
    charge_delta = models.BigIntegerField(default=0)
    credit = TenantForeignKey(Credit, null=True, related_name="entries")
    credit_delta = models.BigIntegerField(default=0)
    reverses = TenantForeignKey("self", null=True, related_name="reversed_by")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "reverses"], name="balances_entry_reversed_once"),
            models.UniqueConstraint(
                fields=["clinic", "charge"], condition=Q(kind__in=OPENS_CHARGE), name="balances_entry_opens_charge"
            ),
            models.UniqueConstraint(
                fields=["clinic", "credit"], condition=Q(kind__in=OPENS_CREDIT), name="balances_entry_opens_credit"
            ),
            models.CheckConstraint(condition=entry_shapes(), name="balances_entry_shape"),
            models.CheckConstraint(
                condition=Q(charge__isnull=False) | Q(charge_delta=0), name="balances_entry_charge_named"
            ),
            models.CheckConstraint(
                condition=Q(credit__isnull=False) | Q(credit_delta=0), name="balances_entry_credit_named"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "posting"], name="balances_entry_posting"),
            models.Index(fields=["clinic", "charge"], name="balances_entry_charge"),
            models.Index(fields=["clinic", "credit"], name="balances_entry_credit"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.charge_delta or self.credit_delta}"

    @property
    def applied(self) -> int:
        """What an allocation applied, in minor units."""
        return -self.charge_delta


class RequestKey(TenantModel):
    """A form's one-time key: the second arrival of a request gets the first one's answer."""

    key = models.UUIDField()
    user_id = models.BigIntegerField(null=True)
    body = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "key"], name="balances_requestkey_once"),
        ]

    def __str__(self) -> str:
        return str(self.key)


class ClosedDay(TenantModel):
    """The lock of a location's business date: it takes no more postings until the lock is lifted by re-opening."""

    location = TenantForeignKey(Location, related_name="+")
    day = models.DateField()
    closed_at = models.DateTimeField(auto_now_add=True)
    reopened_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "location", "day"], condition=Q(reopened_at=None), name="balances_closedday_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location} {self.day}"
