"""What was counted at the end of a day: cash by denomination, and what terminals say. Amounts are minor units."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Func, Q

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.close.models.closes import DailyClose
from payments.states import Method


class CashCount(TenantModel):
    """One count of a drawer for one version of a day; append-only, the newest one counts.

    `opening` is the float with which the day began, `counted` all cash that lay there at its end, `kept` what of it
    stays as the float of the next day. Who counted, and when, is set by the database.
    """

    close = TenantForeignKey(DailyClose, related_name="counts")
    opening = models.BigIntegerField()
    opening_reason = models.CharField(max_length=240, blank=True)
    counted = models.BigIntegerField()
    kept = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Func(function="clock_timestamp"), editable=False)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    transaction_id = models.BigIntegerField(default=0, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                condition=Q(opening__gte=0, kept__gte=0, counted__gte=F("kept")), name="close_cashcount_amounts"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "close", "-id"], name="close_cashcount_newest")]

    def __str__(self) -> str:
        return f"Count of {self.close}"


class CashCountLine(TenantModel):
    """Pieces of one note or coin, or what a terminal says of another tender (then `denomination` is 0)."""

    count = TenantForeignKey(CashCount, related_name="lines")
    method = models.CharField(max_length=12, choices=Method)
    denomination = models.BigIntegerField(default=0)
    pieces = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "count", "method", "denomination"], name="close_cashcountline_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    method=Method.CASH, denomination__gt=0, pieces__gt=0, amount=F("denomination") * F("pieces")
                )
                | ~Q(method=Method.CASH) & Q(denomination=0, pieces=0),
                name="close_cashcountline_shape",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count}: {self.pieces} × {self.denomination}" if self.pieces else f"{self.count}: {self.method}"
