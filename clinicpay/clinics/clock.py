"""The clinic's own clock. Local dates and due times are computed here in Python, never in SQL."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone

if TYPE_CHECKING:
    from clinicpay.clinics.models import Clinic


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


def noon(clinic: "Clinic", day: date) -> datetime:
    """A moment that stands for a whole past date, where only the date is known."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone(clinic)).astimezone(UTC)


def day_bounds(clinic: "Clinic", day: date) -> tuple[datetime, datetime]:
    """First moment of a business date, and of the next one, in UTC."""
    start = datetime(day.year, day.month, day.day, clinic.day_starts_at, tzinfo=zone(clinic))
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, clinic.day_starts_at, tzinfo=zone(clinic))
    return start.astimezone(UTC), end.astimezone(UTC)
