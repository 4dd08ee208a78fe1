"""What was sent to whom by email."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from payments.models.payments import Payment, Receipt


class Message(TenantModel):
    """One email about one receipt, payment or statement: to whom, what it said, and how far it has come.

    The row is the truth, and the broker only wakes who sends it: nobody tries before `next_at`. A `secret` body
    opens something, such as a link to pay, and is erased once it is sent or given up.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", "Receipt"
        LINK = "link", "Payment link"
        STATEMENT = "statement", "Statement"

    class State(models.TextChoices):
        QUEUED = "queued", "On its way"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    kind = models.CharField(max_length=12, choices=Kind)
    receipt = TenantForeignKey(Receipt, null=True, related_name="messages")
    payment = TenantForeignKey(Payment, null=True, related_name="messages")
    statement = TenantForeignKey("followups.Statement", null=True, related_name="messages")
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    secret = models.BooleanField(default=False)
    state = models.CharField(max_length=6, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    fault = models.CharField(max_length=120, blank=True)
    asked_by_id = models.BigIntegerField(null=True, editable=False)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                condition=Q(receipt__isnull=False, payment=None, statement=None)
                | Q(receipt=None, payment__isnull=False, statement=None)
                | Q(receipt=None, payment=None, statement__isnull=False),
                name="payments_message_subject",
            ),
            models.CheckConstraint(
                condition=Q(state="queued", settled_at__isnull=True) | ~Q(state="queued") & Q(settled_at__isnull=False),
                name="payments_message_settled",
            ),
            models.UniqueConstraint(
                fields=["clinic", "kind", "receipt", "payment", "statement", "to"],
                condition=Q(state="queued"),
                nulls_distinct=False,
                name="payments_message_waiting",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "receipt", "-id"], name="payments_message_receipt"),
            models.Index(fields=["clinic", "payment", "-id"], name="payments_message_payment"),
            models.Index(
                fields=["clinic", "statement", "-id"],
                condition=Q(statement__isnull=False),
                name="payments_message_statement",
            ),
            models.Index(fields=["clinic", "next_at"], condition=Q(state="queued"), name="payments_message_next"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.to}"

    @property
    def about(self) -> Numbered:
        """What it is about: a receipt, a payment or a statement."""
        found: Numbered = self.receipt or self.payment or self.statement
        return found

    @staticmethod
    def naming(subject: Numbered) -> dict[str, Numbered]:
        """The column that names a subject: {"receipt": …}, {"payment": …} or {"statement": …}."""
        return {str(subject._meta.model_name): subject}
