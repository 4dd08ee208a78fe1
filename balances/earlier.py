"""Earlier business dates that a closer may choose for money that was taken and not entered (decision 0186)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from django.db import connection

from balances.queries import entries_on_charges
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic

UNCLOSED = timedelta(days=7)
"""How far back money may go where no day was ever closed: nothing else says where the past ends."""

LONGEST = timedelta(days=31)
"""How far back it may go after the last closed day, however long ago that was."""


class Place(NamedTuple):
    """An active location with its earlier days that are still open, the newest first."""

    pk: int
    name: str
    days: list[date]


def earlier_days(clinic: Clinic, location_id: int) -> list[date]:
    """The earlier days of one location that are still open, the newest first. One query."""
    return next((place.days for place in places_with_days(clinic, location_id)), [])


def places_with_days(clinic: Clinic, location_id: int | None = None) -> list[Place]:
    """All active locations, or one, with the earlier days that are still open there. One query.

    Days close in order, so these are the days after the last closed one; and days that were closed and re-opened.
    """
    today, found = clock.today(clinic), []
    with connection.cursor() as cursor:
        cursor.execute(_LOCKS, {"today": today, "place": location_id})
        for pk, name, last, reopened in cursor.fetchall():
            first = max(today - LONGEST, last + timedelta(days=1)) if last else _unclosed(clinic, today)
            open_since = {today - timedelta(days=n) for n in range(1, (today - first).days + 1)}
            found.append(Place(pk, name, sorted(open_since | set(reopened), reverse=True)))
    return found


def _unclosed(clinic: Clinic, today: date) -> date:
    return max(today - UNCLOSED, clock.first_day(clinic))


_LOCKS = """
select l.id, l.name, (select max(c.day) from balances_closedday c where c.location_id = l.id and c.reopened_at is null),
       array(select distinct c.day from balances_closedday c
             where c.location_id = l.id and c.reopened_at is not null and c.day < %(today)s
               and not exists (select from balances_closedday d
                               where d.location_id = l.id and d.day = c.day and d.reopened_at is null))
from clinics_location l where l.active and (%(place)s::bigint is null or l.id = %(place)s) order by l.name, l.id
"""


def hold_open(location_id: int, first: date, last: date) -> None:
    """Let no day of a location from `first` to `last` be closed until the transaction ends; waits for closes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(pg_advisory_xact_lock_shared(ledger_day_lock(app_clinic(), %s, d::date)))"
            " from generate_series(%s::date, %s::date, interval '1 day') d",
            [location_id, first, last],
        )


def owed_since(day: date, charge_ids: Iterable[int]) -> Mapping[int, int]:
    """The least that was owed on each charge at the end of a day or of any after it; 0 before it was posted.

    So much (minor units) of it can be paid on that day without any date showing less than nothing.
    """
    moves: dict[Any, dict[date, int]] = {charge: defaultdict(int, {day: 0}) for charge in charge_ids}
    rows = entries_on_charges(moves).values_list("charge", "charge_delta", "posting__business_date")
    for charge, delta, on in rows:
        moves[charge][max(on, day)] += delta
    return {charge: min(accumulate(moved[on] for on in sorted(moved))) for charge, moved in moves.items()}
