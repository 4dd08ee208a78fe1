"""When a clinic's night is due, over every zone and every outage, beside the rules that one would write first."""

import random
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine

from clinicpay.clinics.models import JobRun
from clinicpay.night import STEPS, begins, due_dates, plan_nights

HARD = [
    *("Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"),
    *("Africa/Casablanca", "Europe/Dublin", "Pacific/Chatham", "America/St_Johns"),
]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
THREE = time(3)
FIRST, DAYS = date(2024, 1, 1), 4 * 366 - 3
"""The four years of D1."""

Rule = Callable[[str, date], datetime]


def a_clinic_in(name: str) -> SimpleNamespace:
    return SimpleNamespace(timezone=name)


def ours(name: str, day: date) -> datetime:
    return begins(a_clinic_in(name), day)


def by_utc(_name: str, day: date) -> datetime:
    """The control that one would write first: 3 AM is 3 AM."""
    return datetime.combine(day, THREE, UTC)


def by_winter(name: str, day: date) -> datetime:
    """The control that one would write next: each zone has its offset."""
    offset = datetime(2024, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()
    return datetime.combine(day, THREE, UTC) - offset


def seen(zone: ZoneInfo) -> Iterator[tuple[date, datetime, bool]]:
    """Each day's first moment at or after 3 AM, by looking at the clock on the wall; and whether it shows 3 AM.

    It is read from UTC to local only, the way that is never ambiguous; `begins` goes the other way.
    """
    at = datetime.combine(FIRST, THREE, UTC) - DAY
    offsets = [(at + n * DAY).astimezone(zone).utcoffset() for n in range(DAYS + 3)]
    for n in range(DAYS):
        day = FIRST + n * DAY
        if offsets[n] == offsets[n + 1] == offsets[n + 2]:
            yield day, datetime.combine(day, THREE, UTC) - offsets[n + 1], True
            continue
        moment = datetime.combine(day, time(0), UTC) - max(offsets[n : n + 3])
        while (wall := moment.astimezone(zone).replace(tzinfo=None)) < datetime.combine(day, THREE):
            moment += 15 * MINUTE
        yield day, moment, wall.time() == THREE


def wrong(rule: Rule, zones: list[str]) -> list[tuple[str, date]]:
    """Days on which a rule isn't what the clock on the wall shows; where it skips 3 AM, within the hour after."""
    found = []
    for name in zones:
        for day, moment, is_three in seen(ZoneInfo(name)):
            late = rule(name, day) - moment
            if late if is_three else not timedelta(0) <= late < 60 * MINUTE:
                found.append((name, day))
    return found


def test_d1_night_begins_at_three_on_the_clinics_clock_in_every_zone():
    """D1: every zone, every day of four years."""
    zones = sorted(zoneinfo.available_timezones())
    assert wrong(ours, zones) == []
    assert len(zones) * DAYS > 700_000


@pytest.mark.parametrize(("naive", "days"), [(by_utc, 1000), (by_winter, 500)])
def test_d1_control_rules_that_forget_the_zone_or_its_summer_are_found(naive, days):
    assert len(wrong(naive, ["Europe/Dublin", "America/St_Johns"])) > days


def test_date_that_a_zone_skipped_has_its_night_with_the_next():
    """Apia had no 30 December 2011."""
    now = datetime(2011, 12, 30, 13, tzinfo=UTC)
    found = list(due_dates(a_clinic_in("Pacific/Apia"), after=date(2011, 12, 28), now=now))
    assert found == [date(2011, 12, day) for day in (29, 30, 31)]


def up(seed: str, until: datetime) -> Iterator[datetime]:
    """Ticks of two beats, five minutes each and never at the same moment, with outages of 1 to 80 hours."""
    dice = random.Random(seed)
    now = datetime(2025, 1, 1, tzinfo=UTC)
    while now < until:
        ends = now + dice.randint(1, 300) * 60 * MINUTE
        while now < ends:
            yield now
            yield now + dice.randint(0, 4) * MINUTE
            now += 5 * MINUTE
        now = ends + dice.randint(60, 80 * 60) * MINUTE


UNTIL = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", HARD)
def test_d2_each_date_once_through_outages_and_two_beats(name):
    """D2: two years; every tick asks, and each beat may know only what it saw five minutes ago."""
    clinic, written = a_clinic_in(name), [date(2024, 12, 31)]
    planned: Counter[date] = Counter()
    stale, due = written[-1], begins(clinic, date(2025, 1, 1))
    for now in up(name, UNTIL):
        if now < due:
            continue
        for day in due_dates(clinic, after=stale, now=now):
            planned[day] += day not in written  # as the unique row decides
            written.append(day) if day not in written else None
        assert list(due_dates(clinic, after=written[-1], now=now)) == []
        stale, due = written[-2], begins(clinic, written[-1] + DAY)
    assert list(planned) == [date(2025, 1, 1) + n * DAY for n in range(len(planned))]
    assert set(planned.values()) == {1}
    assert len(planned) >= 725


@pytest.mark.parametrize("name", HARD[:3])
def test_d2_control_rule_that_waits_for_three_oclock_misses_nights(name):
    """The control: "is it 3 AM now?" misses what an outage hides, and asks twelve times in an hour that is up."""
    zone = ZoneInfo(name)
    ticks = [now.astimezone(zone) for now in up(name, UNTIL)]
    asked = Counter(local.date() for local in ticks if local.hour == 3)
    nights = (UNTIL - datetime(2025, 1, 1, tzinfo=UTC)).days
    assert len(asked) < nights - 100
    assert max(asked.values()) > 12


def test_d3_clinic_made_after_three_begins_with_the_next_night(harbor):
    made = harbor.clinic.created_at
    with time_machine.travel(made + 5 * MINUTE, tick=False):
        assert plan_nights(harbor.clinic) == []
    with time_machine.travel(made + timedelta(days=1, hours=1), tick=False):
        assert len(plan_nights(harbor.clinic)) <= 1
    with time_machine.travel(made + timedelta(days=4), tick=False):
        assert len(plan_nights(harbor.clinic)) in {3, 4}


MOVES = ("Pacific/Auckland", "Pacific/Honolulu", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago")


def test_d3_each_local_date_once_when_the_clinic_moves_and_the_clock_steps_back(harbor):
    """D3: around the world in five moves, six hours apart or less, and after each the clock goes back two hours."""
    now, naive = harbor.clinic.created_at + 3 * DAY, Counter()
    for n in range(40):
        harbor.clinic.timezone = MOVES[n % len(MOVES)]
        for moment in (now, now - timedelta(hours=2)):
            with time_machine.travel(moment, tick=False):
                days = plan_nights(harbor.clinic)
        if n and (local := now.astimezone(ZoneInfo(harbor.clinic.timezone))).hour >= 3:
            naive[local.date(), n] += 1
        assert days == [days[0] + k * DAY for k in range(len(days))]
        now += timedelta(hours=5)
    assert JobRun.objects.count() == len(days) * len(STEPS)
    by_date = Counter(day for day, _ in naive)
    assert max(by_date.values()) > 1, 'the control, "3 AM is past here, so run", runs a date again after a move'
