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


class Package(Numbered, TenantModel):
    """One price over several treatment events of a patient (TP-001), in minor units.

    A package is split into equal parts, a staged treatment has a price for each stage. Each event's part is the fee
    of its procedure that is a `part`; at every commit these sum to `price` less what of it was `cancelled`.
    """

    KIND = "TP"

    patient = TenantForeignKey(Patient, related_name="packages")
    kind = models.CharField(max_length=8, choices=[(one.value, one.label) for one in (Origin.PACKAGE, Origin.STAGED)])
    name = models.CharField(max_length=120)
    price = models.BigIntegerField()
    cancelled = models.BigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="treatments_package_number"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[Origin.PACKAGE, Origin.STAGED]), name="treatments_package_kind"
            ),
            models.CheckConstraint(condition=models.Q(price__gt=0), name="treatments_package_price"),
            models.CheckConstraint(
                condition=models.Q(cancelled__gte=0, cancelled__lte=models.F("price")),
                name="treatments_package_cancelled",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "patient", "-number"], name="treatments_package_patient"),
        ]

    @property
    def to_bill(self) -> int:
        """What is billed in all once each of its events is closed (minor units)."""
        return self.price - self.cancelled


class TreatmentEvent(Numbered, TenantModel):
    """One appointment or stage of treatment (TE-001), the thing that creates debt."""

    KIND = "TE"

    patient = TenantForeignKey(Patient, related_name="events")
    practitioner = TenantForeignKey(Practitioner, related_name="events")
    location = TenantForeignKey(Location, related_name="+")
    service_at = models.DateTimeField()
    discipline = models.CharField(max_length=60, blank=True)
    custom_1 = models.CharField(max_length=60, blank=True, db_default="")
    custom_2 = models.CharField(max_length=60, blank=True, db_default="")
    title = models.CharField(max_length=255, blank=True)
    package = TenantForeignKey(Package, null=True, related_name="events")
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
            models.CheckConstraint(
                condition=models.Q(origin=Origin.STANDARD, package=None)
                | ~models.Q(origin=Origin.STANDARD) & models.Q(package__isnull=False),
                name="treatments_event_origin",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "-service_at", "-id"], name="treatments_event_newest"),
            models.Index(fields=["clinic", "patient", "-service_at"], name="treatments_event_patient"),
            models.Index(
                fields=["clinic", "service_at", "id"],
                condition=models.Q(state=EventState.CLOSED),
                name="treatments_event_unreviewed",
            ),
            models.Index(
                fields=["clinic", "service_at", "id"],
                condition=models.Q(state__in=[EventState.REVIEWED, EventState.READY]),
                name="treatments_event_unready",
            ),
            models.Index(
                fields=["clinic", "package", "service_at"],
                condition=models.Q(package__isnull=False),
                name="treatments_event_package",
            ),
        ]

    @property
    def is_completed(self) -> bool:
        """Whether the clinical record is marked complete."""
        return self.state in COMPLETED


class Procedure(TenantModel):
    """One line of an event: what was done, and its fee in minor units (0 is listed, never charged).

    Of an event of a package one line is its `part`: its fee is what the event bills of the package's price.
    """

    event = TenantForeignKey(TreatmentEvent, related_name="procedures")
    line = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=15)
    description = models.CharField(max_length=255)
    fee = models.BigIntegerField()
    part = models.BooleanField(default=False, db_default=False, editable=False)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        ordering = ["line"]
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "event", "line"], name="treatments_procedure_line"),
            models.UniqueConstraint(
                fields=["clinic", "event"], condition=models.Q(part=True), name="treatments_procedure_part"
            ),
            models.CheckConstraint(condition=models.Q(fee__gte=0), name="treatments_procedure_fee"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.description}"
