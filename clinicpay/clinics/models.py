"""Clinics (the tenants), their locations, and what every tenant row has in common."""

import zoneinfo
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models

from clinicpay.clinics.scope import current_clinic_id


def known_timezone(name: str) -> None:
    """Refuse a time zone that this server doesn't know. Raises ValidationError."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone such as America/New_York.")


class Clinic(models.Model):
    """The tenant. Its own row is fenced like its rows."""

    class Paper(models.TextChoices):
        LETTER = "letter", "Letter"
        A4 = "a4", "A4"

    class TwoStep(models.TextChoices):
        NOBODY = "nobody", "Nobody: a password is enough"
        MANAGERS = "managers", "Owners and admins"
        EVERYBODY = "everybody", "Everybody"

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[known_timezone])
    currency = models.CharField(max_length=3, default="USD", validators=[RegexValidator(r"^[A-Z]{3}$")])
    day_starts_at = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(23)], help_text="Hour at which the business day starts."
    )
    paper = models.CharField(max_length=6, choices=Paper, default=Paper.LETTER)
    created_at = models.DateTimeField(auto_now_add=True)
    refund_limit = models.BigIntegerField(null=True, blank=True)
    """Most that billing refunds by itself (minor units); null is no limit."""
    check_days = models.PositiveSmallIntegerField(null=True, blank=True)
    """Days after which an insurance check counts as old; null is what the server says."""
    grace_days = models.PositiveSmallIntegerField("Grace", default=0, db_default=0)
    """Days after a promised one by whose end a promise can still be kept (F4)."""
    custom_1 = models.CharField("First own field", max_length=40, blank=True, db_default="")
    custom_2 = models.CharField("Second own field", max_length=40, blank=True, db_default="")
    address = models.CharField(max_length=240, blank=True, db_default="")
    phone = models.CharField(max_length=40, blank=True, db_default="")
    idle_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    """Minutes of rest that end a sign-in; null is what the server says."""
    two_step = models.CharField(max_length=9, choices=TwoStep, default=TwoStep.NOBODY, db_default=TwoStep.NOBODY)
    """Whom this clinic lets in with a second step only."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(refund_limit__gt=0), name="clinics_clinic_refund_limit"),
            models.CheckConstraint(
                condition=models.Q(check_days__gte=1, check_days__lte=366), name="clinics_clinic_check_days"
            ),
            models.CheckConstraint(condition=models.Q(grace_days__lte=30), name="clinics_clinic_grace"),
            models.CheckConstraint(
                condition=models.Q(idle_minutes__gte=5, idle_minutes__lte=60), name="clinics_clinic_idle"
            ),
            models.CheckConstraint(
                condition=models.Q(two_step__in=["nobody", "managers", "everybody"]), name="clinics_clinic_two_step"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TenantForeignKey(models.ForeignKey):  # type: ignore[type-arg]  # not generic at run time
    """Reference to a row of the same clinic.

    Django emits no composite foreign keys, so the column has no constraint of its own; the
    migration operation `Fence` adds `(clinic_id, x_id)` and the catalogue lint finds omissions.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False  # indexes of tenant tables begin with the clinic: declare them
        super().__init__(to, on_delete, **kwargs)


class TenantModel(models.Model):
    """A row that belongs to one clinic; the clinic comes from the scope, never from a form."""

    clinic = models.ForeignKey(
        Clinic, models.PROTECT, default=current_clinic_id, editable=False, related_name="+", db_index=False
    )

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["clinic", "id"], name="%(app_label)s_%(class)s_key"),
        ]


def imported_once(name: str) -> models.UniqueConstraint:
    """No row of an earlier import comes in again: its id in the source, if it has one, is unique in the clinic."""
    return models.UniqueConstraint(fields=["clinic", "external_ref"], condition=~models.Q(external_ref=""), name=name)


class Counter(TenantModel):
    """Last number given out per clinic and kind of document: PAY, TE, INV …"""

    kind = models.CharField(max_length=8)
    last = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "kind"], name="clinics_counter_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.last}"


class JobRun(TenantModel):
    """One piece of a clinic's work for one local date: the truth about it, which Celery only wakes.

    `cursor` is the last id that is through. What could not be done stands in its failures, and makes it partial.
    """

    class State(models.TextChoices):
        DUE = "due", "Due"
        DONE = "done", "Done"
        PARTIAL = "partial", "Partly done"

    job = models.CharField(max_length=20)
    local_date = models.DateField()
    state = models.CharField(max_length=7, choices=State, default=State.DUE)
    cursor = models.BigIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "job", "local_date"], name="clinics_jobrun_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "-local_date", "id"], name="clinics_jobrun_newest")]

    def __str__(self) -> str:
        return f"{self.job} of {self.local_date}"


class JobFailure(TenantModel):
    """An account for which a job failed, and what was said; nothing of its work was kept."""

    run = TenantForeignKey(JobRun, related_name="failures")
    account_id = models.BigIntegerField()
    error = models.CharField(max_length=500)
    at = models.DateTimeField(auto_now_add=True)
    mended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["clinic", "run", "id"], name="clinics_jobfailure_run")]

    def __str__(self) -> str:
        return f"{self.run}: {self.error}"


class Location(TenantModel):
    """A site of the clinic."""

    name = models.CharField(max_length=120)
    address = models.CharField(max_length=240, blank=True)
    active = models.BooleanField(default=True)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        ordering = ["name", "id"]
        constraints = [
            *TenantModel.Meta.constraints,
            imported_once("clinics_location_external"),
        ]

    def __str__(self) -> str:
        return self.name
