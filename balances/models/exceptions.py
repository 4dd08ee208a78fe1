"""A person's word that a treatment's balance is an exception."""

from django.db import models
from django.db.models import Q

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from treatments.models import TreatmentEvent


class BalanceException(TenantModel):
    """Somebody at the desk or an admin says why a treatment's balance is as it is (S0.19); it moves no money.

    Who and when are set by the database. It is lifted once, and stays as it was; a treatment has at most one open.
    """

    event = TenantForeignKey(TreatmentEvent, related_name="exceptions")
    note = models.CharField(max_length=500)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=models.Func(function="clock_timestamp"), editable=False)
    lifted_by_id = models.BigIntegerField(null=True, editable=False)
    lifted_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "event"], condition=Q(lifted_at=None), name="balances_exception_one_open"
            ),
            models.CheckConstraint(condition=~Q(note=""), name="balances_exception_note"),
        ]

    def __str__(self) -> str:
        return f"Exception of {self.event}"
