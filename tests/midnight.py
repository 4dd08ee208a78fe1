"""No test begins while a day of its clinic is about to end: its first look at the clock and its last see one day."""

import time
from datetime import UTC, datetime, timedelta
from datetime import time as of_day
from zoneinfo import ZoneInfo

ZONES = [ZoneInfo(name) for name in ("UTC", "America/New_York", "Pacific/Auckland")]
"""Where the clinics of tests/factories.py and tests/conftest.py are, and what knows of no clinic."""

ENOUGH = 60
"""Seconds that a test has at least until the day ends."""


def left_of_the_day(now: datetime) -> float:
    """Seconds until it is midnight in the next of the zones."""
    return min((_midnight(now.astimezone(zone)) - now).total_seconds() for zone in ZONES)


def _midnight(now: datetime) -> datetime:
    """The end of this local day, as a moment: an hour that is skipped or comes twice counts."""
    return datetime.combine(now.date() + timedelta(days=1), of_day(), now.tzinfo).astimezone(UTC)


def until_there_is_enough_left() -> None:
    """Waits for the next day if this one has hardly anything left."""
    while (left := left_of_the_day(datetime.now(UTC))) < ENOUGH:
        time.sleep(left)
