"""Exports of closed days, kept byte for byte as they left, and the account codes of the clinic's bookkeeping."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Func, Q

from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from clinicpay.close.models import DailyClose
from clinicpay.exports.states import FileKind, LedgerAccount, What


class AccountCode(TenantModel):
    """The clinic's own code and name of one ledger account, at one location or at all.

    Of money received one per tender; of revenue there may be one per discipline. An empty code at a location or
    for a discipline says nothing of its own; otherwise it is an account without a code.
    """

    location = TenantForeignKey(Location, null=True, related_name="+")
    ledger_account = models.CharField(max_length=20, choices=LedgerAccount)
    method = models.CharField(max_length=16, blank=True)
    discipline = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=60, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "location", "ledger_account", "method", "discipline"],
                nulls_distinct=False,
                name="exports_accountcode_once",
            ),
            models.CheckConstraint(
                condition=(Q(ledger_account=LedgerAccount.TENDER) & ~Q(method=""))
                | (~Q(ledger_account=LedgerAccount.TENDER) & Q(method="")),
                name="exports_accountcode_method",
            ),
            models.CheckConstraint(
                condition=Q(discipline="") | Q(ledger_account=LedgerAccount.REVENUE),
                name="exports_accountcode_discipline",
            ),
        ]

    def __str__(self) -> str:
        what = self.method or self.discipline or self.get_ledger_account_display()
        return f"{what} at {self.location}" if self.location else what


class Export(Numbered, TenantModel):
    """One file (EX-001) of closed days, with its size and SHA-256; what it `debits` and `credits` in minor units.

    Append-only. Who made it, when, and in which transaction are set by the database, which also compares the
    content with its size and hash when the transaction ends. `codes` are the account codes that it used.
    """

    KIND = "EX"

    what = models.CharField(max_length=8, choices=What)
    kind = models.CharField(max_length=4, choices=FileKind)
    starts = models.DateField()
    ends = models.DateField()
    rows = models.PositiveIntegerField()
    debit = models.BigIntegerField(default=0)
    credit = models.BigIntegerField(default=0)
    whole = models.BooleanField(default=False)
    again = models.BooleanField(default=False)
    codes = models.JSONField(default=list)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=Func(function="clock_timestamp"), editable=False)
    transaction_id = models.BigIntegerField(default=0, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="exports_export_number"),
            models.CheckConstraint(condition=Q(debit=F("credit")), name="exports_export_balanced"),
            models.CheckConstraint(condition=Q(starts__lte=F("ends")), name="exports_export_span"),
        ]

    @property
    def file_name(self) -> str:
        """The name under which it is saved: ours, never what somebody typed."""
        return f"{self.ref}-{self.what}-{self.starts}-{self.ends}.{self.kind}"


class ExportDay(TenantModel):
    """A closed day that an export holds, in the version of then; of `since`, a version that left before, the rest."""

    export = TenantForeignKey(Export, related_name="days")
    close = TenantForeignKey(DailyClose, related_name="+")
    since = TenantForeignKey(DailyClose, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "export", "close"], name="exports_exportday_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "close"], name="exports_exportday_close")]

    def __str__(self) -> str:
        return f"{self.close} in {self.export}"


class ExportPart(TenantModel):
    """A piece of an export's file, so that none of it needs more memory than one piece."""

    export = TenantForeignKey(Export, related_name="parts")
    position = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "export", "position"], name="exports_exportpart_position"),
        ]

    def __str__(self) -> str:
        return f"part {self.position} of {self.export_id}"
