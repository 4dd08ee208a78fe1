"""A test begins only where its day does not end in its middle."""

from datetime import UTC, datetime, timedelta

import pytest

from tests import midnight


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-11-22T23:59:30", 30),  # UTC
        ("2026-11-23T04:59:50", 10),  # New York, in winter
        ("2026-07-01T03:59:00", 60),  # New York, in summer
        ("2026-11-02T04:59:59", 1),  # New York, the day after its clock was set back
        ("2026-11-22T10:59:59", 1),  # Auckland
        ("2026-11-22T12:00:00", 12 * 3600),
    ],
)
def test_the_nearest_midnight_counts(now, left):
    assert midnight.left_of_the_day(datetime.fromisoformat(now).replace(tzinfo=UTC)) == left


def test_a_day_that_is_about_to_end_is_waited_for(monkeypatch):
    slept = []

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 11, 22, 23, 59, 45, tzinfo=UTC) + timedelta(seconds=sum(slept))

    monkeypatch.setattr(midnight, "datetime", Clock)
    monkeypatch.setattr(midnight.time, "sleep", slept.append)
    midnight.until_there_is_enough_left()
    assert slept == [15]
