"""Which days a location has, how each stands, and in which order they close."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from balances.earlier import LONGEST
from balances.states import DATED
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.close.models import DailyClose
from clinicpay.close.states import CloseState
from treatments.models import TreatmentEvent
from treatments.states import EventState

DONE = (EventState.CANCELLED, EventState.DAY_CLOSED)
"""Treatments that no close has to look at any more."""


def current_close(location: Location, day: date) -> DailyClose | None:
    """The version of a day that counts now; None while nobody has begun with it."""
    rows = DailyClose.objects.filter(location=location, day=day).exclude(state=CloseState.REOPENED)
    return rows.defer("snapshot").first()


class Versions(NamedTuple):
    """A day's closes: the version that counts now, if anybody has begun, and those with a number, the newest first."""

    current: DailyClose | None
    closed: list[DailyClose]


def versions_of(location: Location, day: date) -> Versions:
    """Every version of a day in one query; what a version kept of its day is read once somebody asks for it."""
    rows = list(DailyClose.objects.filter(location=location, day=day).defer("snapshot").order_by("-version"))
    for one in rows:
        one.location = location
    current = next((one for one in rows if one.state != CloseState.REOPENED), None)
    return Versions(current, [one for one in rows if one.number])


def events_of_day(clinic: Clinic, location: Location, day: date) -> QuerySet[TreatmentEvent]:
    """The treatments of a business date at a location."""
    start, end = clock.day_bounds(clinic, day)
    rows = TreatmentEvent.objects.filter(location=location, service_at__gte=start, service_at__lt=end)
    return rows.order_by("pk")


class OpenDay(NamedTuple):
    """A business date of a location that is to be closed; `state` and `version` say how far its review is."""

    location_id: int
    location: str
    day: date
    state: str = CloseState.OPEN
    version: int = 1


def open_days(clinic: Clinic, *, location: int | None = None, before: date | None = None) -> list[OpenDay]:
    """The days of all locations, or of one, that are to be closed, the oldest first. One query.

    That is a day, from the clinic's first here until today (or `before` another), that no close locks and on which
    something was posted or a treatment is not done with; a day before that on which a person has entered money since
    (decision 0186); and any day whose review has begun. Each day is asked for by keys, so that a million payments on
    days that nobody closed cost what a thousand do.
    """
    last = clock.today(clinic) if before is None else before - timedelta(days=1)
    first = clock.first_day(clinic)
    since = min(first, clock.today(clinic) - LONGEST)
    span = range((last - since).days + 2)  # one more: where the last one ends
    starts = [clock.day_bounds(clinic, since + timedelta(days=number))[0] for number in span]
    days: dict[str, Any] = {"since": since, "first": first, "last": last, "starts": starts}
    facts = days | {"place": location, "done": list(DONE), "dated": sorted(DATED)}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, facts)
        return [OpenDay(*row) for row in cursor.fetchall()]


_OPEN = """
with asked as materialized (
  select l.id as place, d.day, d.starts, d.ends
  from (select %(since)s::date + (n - 1)::int as day, starts, lead(starts) over (order by n) as ends
        from unnest(%(starts)s::timestamptz[]) with ordinality as s (starts, n)) d
  cross join clinics_location l
  where d.ends is not null and (%(place)s::bigint is null or l.id = %(place)s)
    and not exists (select from balances_closedday c
                    where c.location_id = l.id and c.day = d.day and c.reopened_at is null)
), busy as (
  select place, day from asked a
  left join lateral (
    select true as here from balances_posting p
    where p.business_date = a.day and p.location_id = a.place
      and (a.day >= %(first)s or p.kind = 'receive' and p.source <> all (%(dated)s)) limit 1
  ) posted on true
  left join lateral (
    select true as here from treatments_treatmentevent e
    where posted.here is null and a.day >= %(first)s and e.service_at >= a.starts and e.service_at < a.ends
      and e.location_id = a.place and e.state <> all (%(done)s) limit 1
  ) planned on true
  where posted.here or planned.here
), begun as (
  select location_id as place, day, state, version from close_dailyclose
  where state in ('open', 'reviewing') and day <= %(last)s and (%(place)s::bigint is null or location_id = %(place)s)
)
select place, l.name, day, coalesce(b.state, 'open'), coalesce(b.version, 1)
from busy full join begun b using (place, day) join clinics_location l on l.id = place
order by day, l.name, place
"""


def earlier_open_day(clinic: Clinic, location: Location, day: date) -> date | None:
    """The first day before this one at the location that is still to be closed."""
    found = open_days(clinic, location=location.pk, before=day)
    return found[0].day if found else None
