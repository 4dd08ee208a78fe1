"""Statements that were given out, and the batches that they were made in. Amounts are minor units."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.models import Membership


class StatementRun(Numbered, TenantModel):
    """A batch of statements (SR-001), a worker's; `asked` are the filters of the queue that it was begun from.

    `site` is our own address, which the links need; `problem` is why it stands still.
    """

    KIND = "SR"

    asked = models.CharField(max_length=1000, blank=True)
    site = models.CharField(max_length=200)
    asked_by = TenantForeignKey(Membership, related_name="+")
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    stopped_at = models.DateTimeField(null=True, editable=False)
    problem = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="followups_statementrun_number"),
            models.UniqueConstraint(
                fields=["clinic"], condition=models.Q(finished_at=None), name="followups_statementrun_one"
            ),
        ]

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it is to come."""
        return self.finished_at is not None


class Statement(Numbered, TenantModel):
    """A statement (ST-001) that was given out. It never changes: `content` has every figure and word of it.

    `amount` was due then; without `to` it was printed; `link` is where it can be paid (decisions/0134, 0135).
    """

    KIND = "ST"

    account = TenantForeignKey(Account, related_name="statements")
    patient = TenantForeignKey(Patient, null=True, related_name="+")
    location = TenantForeignKey(Location, related_name="+")
    link = TenantForeignKey("payments.PaymentLink", null=True, related_name="statements")
    run = TenantForeignKey(StatementRun, null=True, related_name="statements")
    amount = models.BigIntegerField()
    to = models.EmailField(blank=True)
    content = models.JSONField()
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    made_by_id = models.BigIntegerField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="followups_statement_number"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="followups_statement_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "account", "-id"], name="followups_statement_account"),
            models.Index(
                fields=["clinic", "run"], condition=models.Q(run__isnull=False), name="followups_statement_run"
            ),
        ]


class StatementFile(TenantModel):
    """The PDF of a statement as it went out: made once, kept, never made again."""

    statement = TenantForeignKey(Statement, related_name="files")
    content = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "statement"], name="followups_statementfile_one"),
        ]

    def __str__(self) -> str:
        return f"{self.statement.ref}.pdf"


class StatementLine(TenantModel):
    """One account of a batch, and how far it is. Without `to` it is printed; `reason` is why nothing was sent."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        MADE = "made", "Being made"
        SENT = "sent", "Sent"
        PRINTED = "printed", "To print"
        LEFT_OUT = "left_out", "Not sent"

    OPEN = (State.WAITING, State.MADE)

    run = TenantForeignKey(StatementRun, related_name="lines")
    account = TenantForeignKey(Account, related_name="+")
    to = models.EmailField(blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    statement = TenantForeignKey(Statement, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "run", "account"], name="followups_statementline_account"),
            models.UniqueConstraint(fields=["clinic", "statement"], name="followups_statementline_statement"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "run", "state", "id"], name="followups_statementline_state"),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.account}"
