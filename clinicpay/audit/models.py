"""Who did what, when, why, before and after: append-only, written in the act's own transaction, sealed in blocks."""

from typing import ClassVar, Protocol

from django.db import models
from django.db.models import Func, Q

from clinicpay.clinics.models import Clinic, TenantModel

RECORD_VIEWED, RECORD_EXPORTED = "record.viewed", "record.exported"
LIST_VIEWED, LIST_EXPORTED = "list.viewed", "list.exported"
REFUSED = "access.refused"
VIEWS = (RECORD_VIEWED, RECORD_EXPORTED, LIST_VIEWED, LIST_EXPORTED)
"""Actions that changed nothing: somebody saw."""

ACCESS = (*VIEWS, REFUSED)


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
    """One line of the trail. `at`, `actor_id` and the transaction come from the database, whatever a client says.

    `patient_id` is the patient whom it is about, where there is one. `server_id` tells which server counted
    `transaction_id`: a dump that is restored elsewhere goes on with other numbers.
    """

    at = models.DateTimeField(db_default=Func(function="clock_timestamp"), editable=False)
    actor_id = models.BigIntegerField(null=True, editable=False)
    actor = models.CharField(max_length=160)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    subject = models.CharField(max_length=80)
    patient_id = models.BigIntegerField(null=True, editable=False)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    via = models.CharField(max_length=80, blank=True)
    server_id = models.BigIntegerField(default=0, editable=False)
    transaction_id = models.BigIntegerField(default=0, editable=False)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["clinic", "subject_type", "subject_id", "-id"], name="audit_subject"),
            models.Index(
                fields=["clinic", "patient_id", "-id"], condition=Q(patient_id__isnull=False), name="audit_patient"
            ),
            models.Index(fields=["clinic", "actor_id", "-id"], name="audit_person"),
            models.Index(fields=["clinic", "action", "-id"], name="audit_action"),
            models.Index(fields=["clinic", "subject_type", "action", "-id"], name="audit_kind"),
            models.Index(fields=["clinic", "at", "id"], name="audit_at"),
            models.Index(fields=["clinic", "server_id", "transaction_id", "id"], name="audit_window"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class AuditBlock(TenantModel):
    """A seal over all rows of the trail of a span of finished transactions, and over the block before it.

    Every column is filled by the database when the row is inserted (sql/0004_sealing.sql).
    """

    number = models.BigIntegerField()
    server_id = models.BigIntegerField()
    starts = models.BigIntegerField()
    below = models.BigIntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    size = models.BigIntegerField()
    rows_hash = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    head = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="audit_auditblock_number"),
            models.UniqueConstraint(fields=["clinic", "head"], name="audit_auditblock_head"),
        ]

    def __str__(self) -> str:
        return f"Block {self.number}"
