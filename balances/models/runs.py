"""Automatic runs, what they decided, and the rules that a clinic has set for them."""

from typing import ClassVar

from django.db import models
from django.db.models import Func, Q

from balances.states import RunState, Source
from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from clinicpay.staff.models import Membership


class AutoApplyRun(Numbered, TenantModel):
    """One automatic run (RUN-001): what it decided stands in its decisions.

    A preview is a run that has not been applied; `changed` counts the accounts that it left out for having
    changed since, `done` of `accounts` are through. `local_date` is the night's, which has one run.

    A long preview, and applying one, are a worker's: who asked for it is `asked_by`, `cursor` the last account or
    decision that is through, `problem` why it stands still, `stopped_at` when somebody ended it before its end.

    Undoing a long one is a worker's too, newest application first: `undoing_since` while it is at that, `undone` the
    applications that it has undone.
    """

    KIND = "RUN"

    source = models.CharField(max_length=14, choices=Source)
    state = models.CharField(max_length=9, choices=RunState, default=RunState.APPLIED)
    local_date = models.DateField(null=True)
    started_at = models.DateTimeField(db_default=Func(function="clock_timestamp"), editable=False)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    allocated = models.BigIntegerField(default=0)
    accounts = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    asked_by = TenantForeignKey(Membership, null=True, related_name="+")
    cursor = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    stopped_at = models.DateTimeField(null=True)
    undoing_since = models.DateTimeField(null=True)
    undo_reason = models.CharField(max_length=500, blank=True, default="")
    undone = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="balances_autoapplyrun_number"),
            models.UniqueConstraint(
                fields=["clinic", "local_date"], condition=Q(source=Source.NIGHTLY), name="balances_autoapplyrun_night"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "id"], condition=Q(finished_at=None), name="balances_autoapplyrun_at_work"),
            models.Index(
                fields=["clinic", "id"], condition=Q(undoing_since__isnull=False), name="balances_autoapplyrun_undoing"
            ),
        ]

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it is to come."""
        return self.finished_at is not None

    @property
    def is_at_work(self) -> bool:
        """Whether its page shows how far it is; a night has a page of its own."""
        return self.undoing_since is not None or (not self.is_over and self.source == Source.AUTO)

    @property
    def is_half_undone(self) -> bool:
        """Whether undoing it was stopped before its end, so that a part is undone and the rest applied."""
        return self.state == RunState.APPLIED and self.undone > 0 and self.undoing_since is None


class Decision(TenantModel):
    """One decision of a run, taken or (without a charge) skipped, with its reason as a sentence (A4).

    `amount` is what is applied, or what stays, in minor units. One of a preview is `left_out` when its account
    had changed before it was applied.
    """

    run = TenantForeignKey(AutoApplyRun, related_name="decisions")
    credit = TenantForeignKey("balances.Credit", related_name="+")
    charge = TenantForeignKey("balances.Charge", null=True, related_name="+")
    amount = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=500)
    left_out = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["clinic", "run", "id"], name="balances_decision_of_run"),
            models.Index(fields=["clinic", "credit", "-id"], name="balances_decision_credit"),
        ]

    def __str__(self) -> str:
        return self.reason


class AllocationRules(TenantModel):
    """What a clinic has chosen for its automatic runs (S3.10); a clinic without a row has chosen nothing.

    `kinds` are those of CreditKind that take part, in their order; `excluded` are disciplines.
    """

    kinds = models.JSONField()
    exact_first = models.BooleanField(default=False)
    own_patient_first = models.BooleanField(default=False)
    by_due_date = models.BooleanField(default=False)
    minimum_age = models.PositiveSmallIntegerField(default=0, help_text="Days since the invoice date.")
    excluded = models.JSONField(default=list, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic"], name="balances_allocationrules_one"),
        ]

    def __str__(self) -> str:
        return "Rules of automatic allocation"
