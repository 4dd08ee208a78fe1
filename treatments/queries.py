"""Reads of treatment events for screens."""

from datetime import datetime

from django.db.models import QuerySet

from treatments.models import TreatmentEvent


def events() -> QuerySet[TreatmentEvent]:
    """All events with what lists show of them, newest first."""
    return TreatmentEvent.objects.select_related("patient", "practitioner", "location").order_by("-service_at", "-pk")


def events_between(start: datetime, end: datetime) -> QuerySet[TreatmentEvent]:
    """Events whose service begins in [start, end), in the order of the day."""
    return events().filter(service_at__gte=start, service_at__lt=end).order_by("service_at", "pk")
