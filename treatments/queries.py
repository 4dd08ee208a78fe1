"""Reads of treatment events for screens."""

from datetime import datetime

from django.db.models import QuerySet

from treatments.models import TreatmentEvent


def events() -> QuerySet[TreatmentEvent]:
    """All events with what lists show of them, newest first."""
    return TreatmentEvent.objects.select_related("patient", "practitioner", "location").order_by("-service_at", "-pk")


def own_fields(event: TreatmentEvent, names: tuple[str, str]) -> list[tuple[str, str]]:
    """The clinic's own fields of a treatment as (name, value); those that it hasn't named are none (S3.34)."""
    return [(name, value) for name, value in zip(names, (event.custom_1, event.custom_2), strict=True) if name]


def events_between(start: datetime, end: datetime) -> QuerySet[TreatmentEvent]:
    """Events whose service begins in [start, end), in the order of the day."""
    return events().filter(service_at__gte=start, service_at__lt=end).order_by("service_at", "pk")
