"""The daily close of one location's business date, version by version; the reviews of its treatments."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel
from clinicpay.clinics.numbers import Numbered
from clinicpay.close.states import CloseState, Outcome
from treatments.models import TreatmentEvent


class DailyClose(Numbered, TenantModel):
    """One version of a day's close (DC-001, numbered on closing). Once closed it never changes (I8).

    `snapshot` holds what was closed, in minor units. The lock itself is the day's row in `balances.ClosedDay`.
    Who closed or re-opened it, and when, is set by the database.
    """

    KIND = "DC"

    number = models.BigIntegerField(null=True, editable=False)  # type: ignore[assignment]  # none before its close
    location = TenantForeignKey(Location, related_name="+")
    day = models.DateField()
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=9, choices=CloseState, default=CloseState.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    snapshot = models.JSONField(null=True)
    closed_by_id = models.BigIntegerField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    reopen_reason = models.CharField(max_length=500, blank=True)
    reopened_by_id = models.BigIntegerField(null=True, editable=False)
    reopened_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="close_dailyclose_number"),
            models.UniqueConstraint(fields=["clinic", "location", "day", "version"], name="close_dailyclose_version"),
            models.UniqueConstraint(
                fields=["clinic", "location", "day"],
                condition=~models.Q(state=CloseState.REOPENED),
                name="close_dailyclose_current",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[CloseState.OPEN, CloseState.REVIEWING])
                | models.Q(number__isnull=False, snapshot__isnull=False),
                name="close_dailyclose_complete",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=CloseState.REOPENED) | ~models.Q(reopen_reason=""),
                name="close_dailyclose_why",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "-day", "location"], name="close_dailyclose_day")]

    def __str__(self) -> str:
        return self.ref if self.number else f"{self.location} {self.day}"


class EventReview(TenantModel):
    """What somebody said of a closed treatment's payment state (S0.30). Append-only: the newest one counts.

    `balance` is what was owed for it at that moment (minor units). The database sets it, and who and when, and refuses
    an outcome that the ledger contradicts.
    """

    event = TenantForeignKey(TreatmentEvent, related_name="reviews")
    outcome = models.CharField(max_length=11, choices=Outcome)
    balance = models.BigIntegerField(default=0, editable=False)
    note = models.CharField(max_length=500, blank=True)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["clinic", "event", "-id"], name="close_eventreview_event")]

    def __str__(self) -> str:
        return f"{self.event}: {self.get_outcome_display().lower()}"
