"""A person's word that what a void invoice had billed is billed no more."""

from django.db import models
from django.db.models import Q

from balances.models.ledger import Charge
from clinicpay.clinics.models import TenantForeignKey, TenantModel


class Waiver(TenantModel):
    """Why a void charge is not billed again: it waits for nobody any more (decision 0181). Append-only; moves no money.

    It is about that charge alone: billed after all and voided once more, its procedure waits again. Who and when
    are set by the database, which refuses one of a charge that stands.
    """

    charge = TenantForeignKey(Charge, related_name="waivers")
    reason = models.CharField(max_length=500)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=models.Func(function="clock_timestamp"), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "charge"], name="balances_waiver_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="balances_waiver_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.charge} is not billed again: {self.reason}"
