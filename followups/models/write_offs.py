"""Debt that is given up, and what of each charge. Amounts are minor units."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from balances.models import Charge
from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account
from clinicpay.staff.models import Delegation
from followups.states import (
    WriteOffCause,
    WriteOffStatus,
)


class WriteOff(Numbered, TenantModel):
    """Debt that somebody asks to give up (WO-001), and what was decided, by whom and by what right (W2).

    Who asked, decided and reversed, and when, is set by the database. `delegation` is the leave under which somebody
    who is no owner approved; `at_once` says that nobody had to be asked. `with_plans` ends the account's plans first.
    """

    KIND = "WO"

    account = TenantForeignKey(Account, related_name="write_offs")
    amount = models.BigIntegerField()
    cause = models.CharField(max_length=10, choices=WriteOffCause, default=WriteOffCause.OTHER, db_default="other")
    reason = models.CharField(max_length=500)
    with_plans = models.BooleanField(default=False, db_default=False)
    at_once = models.BooleanField(default=False, db_default=False, editable=False)
    status = models.CharField(max_length=9, choices=WriteOffStatus, default=WriteOffStatus.REQUESTED)
    requested_by_id = models.BigIntegerField(null=True, editable=False)
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by_id = models.BigIntegerField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    delegation = TenantForeignKey(Delegation, null=True, related_name="write_offs")
    decline_reason = models.CharField(max_length=500, blank=True, db_default="")
    reversed_by_id = models.BigIntegerField(null=True, editable=False)
    reversed_at = models.DateTimeField(null=True, editable=False)
    reversal_reason = models.CharField(max_length=500, blank=True, db_default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="followups_writeoff_number"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="followups_writeoff_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "account", "status"], name="followups_writeoff_account"),
            models.Index(fields=["clinic", "status", "requested_at"], name="followups_writeoff_status"),
            models.Index(
                fields=["clinic", "delegation"],
                condition=models.Q(delegation__isnull=False),
                name="followups_writeoff_leave",
            ),
        ]


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
