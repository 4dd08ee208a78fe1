"""Clinics (the tenants), their locations, and what every tenant row has in common."""

import zoneinfo
from typing import Any

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

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[known_timezone])
    currency = models.CharField(max_length=3, default="USD", validators=[RegexValidator(r"^[A-Z]{3}$")])
    day_starts_at = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(23)], help_text="Hour at which the business day starts."
    )
    paper = models.CharField(max_length=6, choices=Paper, default=Paper.LETTER)
    created_at = models.DateTimeField(auto_now_add=True)

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
