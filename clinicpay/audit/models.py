"""Who did what, when, why, before and after: append-only, written in the act's own transaction."""

from typing import Protocol

from django.db import models
from django.db.models import Func

from clinicpay.clinics.models import Clinic, TenantModel


class Actor(Protocol):
    """Somebody who acts in a clinic: a Membership, or ClinicPay itself."""

    clinic: Clinic

    @property
    def user_id(self) -> int | None:
        """The person's id; None when ClinicPay acts by itself."""

    @property
    def label(self) -> str:
        """Name as the trail shows it."""


class AuditEvent(TenantModel):
    """One line of the trail. `at` and `actor_id` come from the database, whatever a client says."""

    at = models.DateTimeField(db_default=Func(function="clock_timestamp"), editable=False)
    actor_id = models.BigIntegerField(null=True, editable=False)
    actor = models.CharField(max_length=160)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    subject = models.CharField(max_length=80)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=36, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["clinic", "subject_type", "subject_id", "-id"], name="audit_subject"),
            models.Index(fields=["clinic", "-id"], name="audit_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
