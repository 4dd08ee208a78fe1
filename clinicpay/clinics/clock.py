"""The clinic's own clock. Local dates and due times are computed here in Python, never in SQL."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone

if TYPE_CHECKING:
    from clinicpay.clinics.models import Clinic


NIGHT = time(3)
"""When a clinic's night begins, on its own clock (S2.53)."""


def zone(clinic: "Clinic") -> ZoneInfo:
    """The clinic's time zone."""
    return ZoneInfo(clinic.timezone)


def local_now(clinic: "Clinic") -> datetime:
    """The present moment on the clinic's wall clock."""
    return timezone.now().astimezone(zone(clinic))


def business_day(clinic: "Clinic", moment: datetime) -> date:
    """The business date that a moment belongs to: the local date, or the one before it until the day starts."""
    return (moment.astimezone(zone(clinic)) - timedelta(hours=clinic.day_starts_at)).date()


def today(clinic: "Clinic") -> date:
    """The clinic's present business date."""
    return business_day(clinic, timezone.now())


def first_day(clinic: "Clinic") -> date:
    """The clinic's first business date here. Days before it are history that was brought in; nobody closes them."""
    return business_day(clinic, clinic.created_at)


def noon(clinic: "Clinic", day: date) -> datetime:
    """A moment that stands for a whole past date, where only the date is known."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone(clinic)).astimezone(UTC)


def day_bounds(clinic: "Clinic", day: date) -> tuple[datetime, datetime]:
    """First moment of a business date, and of the next one, in UTC."""
    start = datetime(day.year, day.month, day.day, clinic.day_starts_at, tzinfo=zone(clinic))
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, clinic.day_starts_at, tzinfo=zone(clinic))
    return start.astimezone(UTC), end.astimezone(UTC)


def night(clinic: "Clinic", day: date) -> datetime:
    """The moment at which a date's night begins, in UTC. Where the clock skips that hour, an hour later."""
    return datetime.combine(day, NIGHT, zone(clinic)).astimezone(UTC)


def next_night(clinic: "Clinic") -> date:
    """The local date of the next night to come: today's before 03:00, else tomorrow's."""
    day = local_now(clinic).date()
    return day if timezone.now() < night(clinic, day) else day + timedelta(days=1)
