"""Treatment events, their procedures, and the clinic's price list."""

from typing import ClassVar

from django.db import models

from clinicpay.clinics.models import Location, TenantForeignKey, TenantModel, imported_once
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Practitioner
from treatments.states import COMPLETED, EventState, Origin


class PriceItem(TenantModel):
    """What the clinic charges for a procedure. Practitioners don't see it."""

    code = models.CharField(max_length=15)
    description = models.CharField(max_length=255)
    discipline = models.CharField(max_length=60, blank=True)
    fee = models.BigIntegerField(help_text="Minor units.")
    active = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        ordering = ["code", "id"]
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "code"], name="treatments_price_code"),
            models.CheckConstraint(condition=models.Q(fee__gte=0), name="treatments_price_fee"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.description}"


class TreatmentEvent(Numbered, TenantModel):
    """One appointment or stage of treatment (TE-001), the thing that creates debt."""

    KIND = "TE"

    patient = TenantForeignKey(Patient, related_name="events")
    practitioner = TenantForeignKey(Practitioner, related_name="events")
    location = TenantForeignKey(Location, related_name="+")
    service_at = models.DateTimeField()
    discipline = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=12, choices=EventState, default=EventState.SCHEDULED)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.STANDARD)
    clinical_notes = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, editable=False)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="treatments_event_number"),
            imported_once("treatments_event_external"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "-service_at", "-id"], name="treatments_event_newest"),
            models.Index(fields=["clinic", "patient", "-service_at"], name="treatments_event_patient"),
        ]

    @property
    def is_completed(self) -> bool:
        """Whether the clinical record is marked complete."""
        return self.state in COMPLETED


class Procedure(TenantModel):
    """One line of an event: what was done, and its fee in minor units (0 is listed, never charged)."""

    event = TenantForeignKey(TreatmentEvent, related_name="procedures")
    line = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=15)
    description = models.CharField(max_length=255)
    fee = models.BigIntegerField()
    external_ref = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        ordering = ["line"]
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "event", "line"], name="treatments_procedure_line"),
            models.CheckConstraint(condition=models.Q(fee__gte=0), name="treatments_procedure_fee"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.description}"
