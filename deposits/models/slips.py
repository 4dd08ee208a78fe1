"""Bank slips: which cash and cheques of a location went to the bank together. Amounts are minor units."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from deposits.states import NUMBERED, SlipState
from payments.models import Payment, Refund
from payments.states import Method


class BankSlip(Numbered, TenantModel):
    """A list of cash and cheques of one location; printing it numbers it (BS-001), totals it and freezes it.

    `first` and `last` are the business dates that were looked through. `cash` is what cash payments brought less
    what cash refunds took, before `cash_out`. Totals, who and when are set by the database as it is printed.
    """

    KIND = "BS"

    number = models.BigIntegerField(null=True, editable=False)  # type: ignore[assignment]  # none before it is printed
    location = TenantForeignKey(Location, related_name="+")
    first = models.DateField()
    last = models.DateField()
    state = models.CharField(max_length=9, choices=SlipState, default=SlipState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    day = models.DateField(null=True, editable=False)
    cash = models.BigIntegerField(default=0, editable=False)
    cheques = models.BigIntegerField(default=0, editable=False)
    cash_out = models.BigIntegerField(default=0)
    cash_out_reason = models.CharField(max_length=240, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    printed_by_id = models.BigIntegerField(null=True, editable=False)
    printed_at = models.DateTimeField(null=True, editable=False)
    voided_by_id = models.BigIntegerField(null=True, editable=False)
    voided_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="deposits_bankslip_number"),
            models.UniqueConstraint(
                fields=["clinic", "location"], condition=Q(state=SlipState.DRAFT), name="deposits_bankslip_one_draft"
            ),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="deposits_bankslip_span"),
            models.CheckConstraint(
                condition=Q(cash_out=0) | Q(cash_out__gt=0) & ~Q(cash_out_reason=""), name="deposits_bankslip_cash_out"
            ),
            models.CheckConstraint(
                condition=Q(number=None, day=None, state__in=[SlipState.DRAFT, SlipState.DISCARDED])
                | Q(number__isnull=False, day__isnull=False, state__in=NUMBERED),
                name="deposits_bankslip_numbered",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=NUMBERED)
                | Q(cash__gte=F("cash_out"), cheques__gte=0, cash__gt=F("cash_out") - F("cheques")),
                name="deposits_bankslip_total",
            ),
            models.CheckConstraint(
                condition=~Q(state=SlipState.VOIDED) | ~Q(void_reason=""), name="deposits_bankslip_why"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "-id"], name="deposits_bankslip_newest")]

    def __str__(self) -> str:
        return self.ref if self.number else f"the draft for {self.location}"

    @property
    def total(self) -> int:
        """What goes to the bank."""
        return self.cash - self.cash_out + self.cheques


class BankSlipLine(TenantModel):
    """A payment on a slip, or a refund in cash that takes from it (then `amount` is below zero).

    `live` until its slip is voided or discarded: a payment or refund is on one live slip at most.
    """

    slip = TenantForeignKey(BankSlip, related_name="lines")
    payment = TenantForeignKey(Payment, related_name="slip_lines")
    refund = TenantForeignKey(Refund, null=True, related_name="slip_lines")
    method = models.CharField(max_length=12, choices=Method)
    amount = models.BigIntegerField()
    day = models.DateField()
    live = models.BooleanField(default=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "payment"],
                condition=Q(live=True, refund=None),
                name="deposits_bankslipline_payment",
            ),
            models.UniqueConstraint(
                fields=["clinic", "refund"], condition=Q(live=True), name="deposits_bankslipline_refund"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "slip"], name="deposits_bankslipline_slip"),
            models.Index(fields=["clinic", "payment"], name="deposits_bankslipline_of"),
        ]

    def __str__(self) -> str:
        return f"{self.slip}: {self.ref}"

    @property
    def ref(self) -> str:
        """The number of what it lists."""
        return str(self.refund.ref if self.refund else self.payment.ref)


class SlipPaper(TenantModel):
    """The PDF of a long slip, drawn once by a worker and kept: another one says that the slip is void."""

    slip = TenantForeignKey(BankSlip, related_name="papers")
    state = models.CharField(max_length=9, choices=SlipState)
    content = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "slip", "state"], name="deposits_slippaper_one"),
        ]

    def __str__(self) -> str:
        return f"{self.slip.ref}.pdf"
