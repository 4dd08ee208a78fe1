"""The work on an account's debt: cases, promises, attempts and callbacks. Amounts are minor units."""

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.patients.models import Account
from clinicpay.staff.models import Membership
from followups.states import (
    AttemptOutcome,
    CallbackState,
    CaseOutcome,
    CaseState,
    Channel,
    PromiseStatus,
)
from payments.models import Receipt


class Case(TenantModel):
    """The work on one account's debt. At most one is open; an open one has billed debt or an active plan (I7).

    The database sets when it was opened and closed. The trail keeps each closing and re-opening. `worker` is who is
    on it, if anybody is.
    """

    account = TenantForeignKey(Account, related_name="cases")
    worker = TenantForeignKey(Membership, null=True, related_name="+")
    state = models.CharField(max_length=19, choices=CaseState, default=CaseState.CONTACT_DUE)
    outcome = models.CharField(max_length=14, choices=CaseOutcome, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "account"],
                condition=~models.Q(state=CaseState.CLOSED),
                name="followups_case_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state=CaseState.CLOSED, closed_at__isnull=False) & ~models.Q(outcome="")
                | ~models.Q(state=CaseState.CLOSED) & models.Q(closed_at=None, outcome=""),
                name="followups_case_closed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "account", "-id"], name="followups_case_account"),
            models.Index(
                fields=["clinic", "worker"], condition=models.Q(worker__isnull=False), name="followups_case_worker"
            ),
            models.Index(
                fields=["clinic", "account"],
                condition=models.Q(state=CaseState.PROMISE_BROKEN),
                name="followups_case_broken",
            ),
        ]

    def __str__(self) -> str:
        return f"Follow-up of {self.account}"


class Promise(TenantModel):
    """What somebody said they would pay, and by when; `paid` is what came of it in time."""

    case = TenantForeignKey(Case, related_name="promises")
    amount = models.BigIntegerField()
    due_date = models.DateField()
    grace = models.PositiveSmallIntegerField(default=0, help_text="Days.")
    status = models.CharField(max_length=11, choices=PromiseStatus, default=PromiseStatus.OPEN)
    paid = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "case"],
                condition=models.Q(status=PromiseStatus.OPEN),
                name="followups_promise_one_open",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="followups_promise_amount"),
            models.CheckConstraint(
                condition=models.Q(status=PromiseStatus.OPEN, paid=0)
                | models.Q(status=PromiseStatus.KEPT, paid__gte=models.F("amount"))
                | models.Q(status=PromiseStatus.PARTLY_KEPT, paid__gt=0, paid__lt=models.F("amount"))
                | models.Q(status=PromiseStatus.BROKEN, paid=0)
                | models.Q(status=PromiseStatus.CANCELLED, paid__gte=0),
                name="followups_promise_paid",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["clinic", "due_date"],
                condition=models.Q(status=PromiseStatus.OPEN),
                name="followups_promise_due",
            ),
            models.Index(fields=["clinic", "case"], name="followups_promise_case"),
        ]

    def __str__(self) -> str:
        return f"Promise for {self.due_date}"

    @property
    def last_day(self) -> date:
        """The day by whose end it must have been kept."""
        return self.due_date + timedelta(days=self.grace)


class PromisePayment(TenantModel):
    """Money that was taken by "Record payment" on a promise (S2.7): its receipt, on both sides."""

    promise = TenantForeignKey(Promise, related_name="payments")
    receipt = TenantForeignKey(Receipt, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "receipt"], name="followups_promisepayment_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "promise"], name="followups_promisepayment_of")]

    def __str__(self) -> str:
        return f"{self.receipt} for a promise"


class Attempt(TenantModel):
    """One time that somebody was contacted about an account's debt, and what came of it; never changed."""

    case = TenantForeignKey(Case, related_name="attempts")
    channel = models.CharField(max_length=9, choices=Channel)
    outcome = models.CharField(max_length=16, choices=AttemptOutcome)
    notes = models.CharField(max_length=2000, blank=True)
    promise = TenantForeignKey(Promise, null=True, related_name="attempts")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    made_by_id = models.BigIntegerField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["clinic", "case", "-id"], name="followups_attempt_case"),
            models.Index(fields=["clinic", "made_at"], name="followups_attempt_when"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_outcome_display()}"


class Callback(TenantModel):
    """A moment at which a member will contact an account again (S2.33)."""

    case = TenantForeignKey(Case, related_name="callbacks")
    member = TenantForeignKey(Membership, related_name="+")
    due_at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=9, choices=CallbackState, default=CallbackState.PLANNED)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["clinic", "case"],
                condition=models.Q(state=CallbackState.PLANNED),
                name="followups_callback_one_planned",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["clinic", "member", "due_at"],
                condition=models.Q(state=CallbackState.PLANNED),
                name="followups_callback_due",
            ),
            models.Index(fields=["clinic", "case"], name="followups_callback_case"),
        ]

    def __str__(self) -> str:
        return f"Callback to {self.case.account}"


class CalendarFeed(TenantModel):
    """The private address of a member's callbacks (S2.34). Its token is derived from `nonce`, and not here."""

    member = TenantForeignKey(Membership, related_name="+")
    nonce = models.CharField(max_length=32, editable=False)
    token_hash = models.CharField(max_length=64, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "token_hash"], name="followups_feed_token"),
            models.UniqueConstraint(
                fields=["clinic", "member"], condition=models.Q(revoked_at=None), name="followups_feed_one"
            ),
        ]
        # The door looks for the hash before it knows the clinic.
        indexes: ClassVar = [models.Index(fields=["token_hash"], name="followups_feed_hash")]

    def __str__(self) -> str:
        return f"Calendar of {self.member}"
