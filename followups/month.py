"""A month of callbacks as the calendar shows it. Days are the clinic's."""

from calendar import MONDAY, SUNDAY, Calendar
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from followups.models import Callback

FIRST, LAST = date(2000, 1, 1), date(2199, 12, 1)
"""Months that can be asked for."""


@dataclass(frozen=True)
class Day:
    """A day of the calendar with what is on it; `is_ours` says that it belongs to the month and not beside it."""

    day: date
    is_ours: bool
    is_today: bool
    rows: list[Callback]

    @property
    def key(self) -> str:
        """Its place on the page."""
        return f"d-{self.day.isoformat()}"


@dataclass(frozen=True)
class Month:
    """The first day of a month, on a clinic's calendar."""

    first: date
    clinic: Clinic

    @classmethod
    def asked(cls, text: str, clinic: Clinic) -> "Month":
        """From "2026-11"; the present month for anything else."""
        try:
            first = datetime.strptime(text, "%Y-%m").date()
        except ValueError:
            first = clock.local_now(clinic).date().replace(day=1)
        return cls(min(max(first, FIRST), LAST), clinic)

    @property
    def before(self) -> str:
        """The month before, as an address names it."""
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def after(self) -> str:
        """The next month, as an address names it."""
        return f"{self.first + timedelta(days=31):%Y-%m}"

    @property
    def weeks(self) -> list[list[date]]:
        """Its weeks, filled up with days of its neighbours: from Sunday where paper is Letter, else from Monday."""
        begins = SUNDAY if self.clinic.paper == Clinic.Paper.LETTER else MONDAY
        return Calendar(begins).monthdatescalendar(self.first.year, self.first.month)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """First moment of the first day that is shown, and first moment after the last one."""
        weeks, zone = self.weeks, clock.zone(self.clinic)
        begin, end = weeks[0][0], weeks[-1][-1] + timedelta(days=1)
        return datetime(*begin.timetuple()[:3], tzinfo=zone), datetime(*end.timetuple()[:3], tzinfo=zone)

    def filled(self, callbacks: Iterable[Callback]) -> list[list[Day]]:
        """The weeks with what is on each day."""
        by_day: dict[date, list[Callback]] = defaultdict(list)
        for one in callbacks:
            by_day[one.due_at.astimezone(clock.zone(self.clinic)).date()].append(one)
        today = clock.local_now(self.clinic).date()
        return [
            [Day(day, day.month == self.first.month, day == today, by_day[day]) for day in week] for week in self.weeks
        ]
