"""What a bulk reconciliation was asked for."""

from django.db import models

from balances.models import AutoApplyRun
from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel
from clinicpay.patients.models import Account


class Reconciliation(TenantModel):
    """The list that one Apply All applies (S4.30): its filters, and how far its run is.

    How it goes stands in its run: progress, decisions, who asked. `newest_credit` and `newest_charge` are the last
    that there were when it was asked for: what came later was on no list. The run's cursor is the last deposit that
    is through, `after_day` the day on which that was received. `listed` has what was shown, amounts in minor units
    by invoice number; `missed` says in sentences what of it was not applied.
    """

    run = TenantForeignKey(AutoApplyRun, related_name="+")
    location = TenantForeignKey(Location, related_name="+")
    method = models.CharField(max_length=12, blank=True)
    kind = models.CharField(max_length=12, blank=True)
    party = TenantForeignKey(Account, null=True, related_name="+")
    newest_credit = models.BigIntegerField()
    newest_charge = models.BigIntegerField()
    after_day = models.DateField(null=True)
    listed = models.JSONField(default=dict)
    missed = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "run"], name="deposits_reconciliation_run"),
        ]

    def __str__(self) -> str:
        return f"Deposits reconciliation {self.run}"
