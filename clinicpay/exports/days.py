"""Closed days: which of a span can be exported, and what of each has been."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Exists, Max, Min, OuterRef, QuerySet

from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.days import OpenDay, open_days
from clinicpay.close.states import CloseState
from clinicpay.exports.models import Export, ExportDay
from clinicpay.exports.states import ONLY_CHANGES
from clinicpay.ui.words import day_words

MOST_DAYS = 400
"""Days of one export: a year of one location, or two months of six."""

LONGEST = 366
"""Days between the first and the last that one list shows."""

LISTED_OPEN = 3


class Day(NamedTuple):
    """A closed day to export: what of the same kind left before, and the version whose rest it is, if it is a rest."""

    close: DailyClose
    before: tuple[ExportDay, ...]
    since: DailyClose | None

    @property
    def again(self) -> ExportDay | None:
        """The last export of this very version, if it has left before."""
        return next((one for one in self.before if one.close_id == self.close.pk), None)

    @property
    def earlier(self) -> ExportDay | None:
        """The last export of an earlier version of the day."""
        return next((one for one in self.before if one.close_id != self.close.pk), None)

    @property
    def note(self) -> str:
        """What its lines say of a day that was closed again."""
        close, earlier = self.close, self.earlier
        if self.since:
            return f"Version {close.version}: changes since version {self.since.version}"
        if earlier:
            return f"Version {close.version}: replaces version {earlier.close.version} of {earlier.export.ref}"
        return f"Version {close.version}" if close.version > 1 else ""


def closed_days(starts: date, ends: date, location: Location | None) -> QuerySet[DailyClose]:
    """The closed days of a span, in order."""
    rows = DailyClose.objects.filter(state=CloseState.CLOSED, day__gte=starts, day__lte=ends)
    rows = rows.filter(location=location) if location else rows
    return rows.select_related("location").order_by("day", "location__name", "pk")


def not_closed(clinic: Clinic, starts: date, ends: date, location: Location | None) -> list[OpenDay]:
    """Days of a span that can't be exported before somebody closes them."""
    waits = open_days(clinic, location=location.pk if location else None)
    return [one for one in waits if starts <= one.day <= ends]


def usual_span(what: str, today: date) -> tuple[date, date]:
    """From the first closed day that has not left yet to the last closed one; else the last month."""
    left = ExportDay.objects.filter(export__what=what, close=OuterRef("pk"))
    closed = DailyClose.objects.filter(state=CloseState.CLOSED)
    ends = closed.aggregate(first=Min("day", filter=~Exists(left)), last=Max("day"))
    last = ends["last"] or today
    first = ends["first"] or last - timedelta(days=30)
    return max(first, last - timedelta(days=LONGEST - 1)), last


def chosen_days(what: str, closes: Sequence[DailyClose], *, whole: bool = False) -> list[Day]:
    """The closed days with what of them left before; with `whole` a day that was closed again leaves anew."""
    left = _left(what, closes)
    found = []
    for close in closes:
        before = left.get((close.location_id, close.day), [])
        only_changes = what in ONLY_CHANGES and not whole
        versions = [one.close for one in before if one.close.version < close.version] if only_changes else []
        since = max(versions, key=lambda one: one.version, default=None)
        found.append(Day(close, tuple(before), since))
    return found


def _left(what: str, closes: Iterable[DailyClose]) -> dict[tuple[int, date], list[ExportDay]]:
    """Exports of these days in any version, the newest first."""
    closes = list(closes)
    days = [one.day for one in closes]
    if not days:
        return {}
    rows = ExportDay.objects.filter(export__what=what, close__day__gte=min(days), close__day__lte=max(days))
    left: dict[tuple[int, date], list[ExportDay]] = {}
    for row in rows.select_related("export", "close").defer("export__codes").order_by("-pk"):
        left.setdefault((row.close.location_id, row.close.day), []).append(row)
    return left


def locked_days(numbers: Collection[int]) -> list[DailyClose]:
    """These closes, which nobody re-opens until the transaction ends. Raises Refusal unless all are closed days."""
    rows = DailyClose.objects.filter(number__in=numbers).select_for_update(no_key=True, of=("self",))
    closes = sorted(rows.select_related("location"), key=lambda one: (one.day, one.location.name, one.pk))
    if missing := set(numbers) - {one.number for one in closes}:
        raise Refusal(f"There is no close {', '.join(f'DC-{one:03d}' for one in sorted(missing)[:5])}.")
    if opened := [one for one in closes if one.state != CloseState.CLOSED]:
        one = opened[0]
        raise Refusal(f"Only closed days leave: {day_words(one.day)} at {one.location} was opened again.")
    if len(closes) > MOST_DAYS:
        raise Refusal(f"These are {len(closes)} days. Export {MOST_DAYS} at most at once.")
    return closes


def seal_of(what: str, days: Iterable[Day]) -> str:
    """A digest of what was shown: the days, their versions, and what of them had left."""
    shown = sorted((day.close.pk, day.since.pk if day.since else 0, [one.pk for one in day.before]) for day in days)
    return hashlib.sha256(repr((str(what), shown)).encode()).hexdigest()


def exports() -> QuerySet[Export]:
    """All exports, the newest first."""
    return Export.objects.order_by("-number")
