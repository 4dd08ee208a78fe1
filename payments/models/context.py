"""What a payment that names no treatment was for, as somebody said it later."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from payments.models.payments import Payment
from treatments.models import TreatmentEvent


class PaymentContext(TenantModel):
    """Which treatment a payment was for, or why there is none (S0.12). Never changed; the newest counts.

    The payment itself stays as it was taken, and no money moves.
    """

    payment = TenantForeignKey(Payment, related_name="contexts")
    event = TenantForeignKey(TreatmentEvent, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                condition=Q(event__isnull=False) | ~Q(reason=""), name="payments_paymentcontext_said"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "payment", "-id"], name="payments_context_payment"),
            models.Index(fields=["clinic", "event"], condition=Q(event__isnull=False), name="payments_context_event"),
        ]

    def __str__(self) -> str:
        return f"{self.payment} was for {self.event or 'no treatment'}"
