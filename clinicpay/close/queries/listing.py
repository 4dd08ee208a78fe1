"""The list of days: those that wait, in the order in which they close, then those that are closed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import connection

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.days import open_days
from clinicpay.close.queries.gaps import gaps_of
from clinicpay.close.states import CloseState
from clinicpay.staff.queries import names_of


@dataclass(frozen=True)
class DayRow:
    """A business date of a location: where it stands and, for the rows of a page, its gaps and its money."""

    location: str
    location_id: int
    day: date
    state: str
    version: int = 1
    number: int | None = None
    closed_at: datetime | None = None
    closed_by_id: int | None = None
    is_next: bool = False
    gaps: int | None = None
    came: int = 0
    went: int = 0
    who: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is still to be closed."""
        return self.state in (CloseState.OPEN, CloseState.REVIEWING)

    @property
    def label(self) -> str:
        """Its state in words; a day that was opened again says so until it is closed."""
        if self.waits and self.version > 1:
            return "Re-opened"
        return str(CloseState(self.state).label)

    @property
    def ref(self) -> str:
        """Its number: DC-001."""
        return shown(DailyClose.KIND, self.number) if self.number else ""


def days(clinic: Clinic) -> list[DayRow]:
    """All days: those that wait first, the oldest of them first; then the closed ones, the newest first. Two queries.

    What a day kept when it was closed is read for the rows of a page alone (`with_figures`).
    """
    waits = [DayRow(one.location, one.location_id, *one[2:]) for one in open_days(clinic)]
    with connection.cursor() as cursor:
        cursor.execute(_CLOSED)
        return [*_marked(waits), *(DayRow(*row) for row in cursor.fetchall())]


_CLOSED = """
select l.name, d.location_id, d.day, d.state, d.version, d.number, d.closed_at, d.closed_by_id
from close_dailyclose d join clinics_location l on l.id = d.location_id
where d.state = 'closed' order by d.day desc, l.name desc, l.id desc
"""


def _marked(waits: list[DayRow]) -> list[DayRow]:
    """With the first of each location marked: it closes next."""
    seen: set[int] = set()
    marked = []
    for one in waits:
        marked.append(one if one.location_id in seen else replace(one, is_next=True))
        seen.add(one.location_id)
    return marked


def with_figures(rows: Sequence[DayRow], clinic: Clinic) -> list[DayRow]:
    """The rows of a page with what is open about them, their money and who closed them.

    Three questions for any number, and those of `gaps_of` where treatments were reviewed.
    """
    waits = [(one.location_id, one.day) for one in rows if one.waits]
    gaps = {key: one.total for key, one in zip(waits, gaps_of(clinic, waits), strict=True)}
    moved = _moved(waits, [one.number for one in rows if one.number])
    names = names_of(closers) if (closers := {one.closed_by_id for one in rows if one.number}) else {}
    drawn = []
    for one in rows:
        key = (one.location_id, one.day)
        came, went = moved.get(key, (0, 0))
        who = names.get(one.closed_by_id or 0, "ClinicPay") if one.number else ""
        drawn.append(replace(one, gaps=gaps.get(key), came=came, went=went, who=who))
    return drawn


_MOVED = """
select j.location_id, j.business_date, coalesce(sum(j.amount) filter (where j.side = 'debit'), 0)::bigint,
       coalesce(sum(j.amount) filter (where j.side = 'credit'), 0)::bigint
from balances_journal j
where j.ledger_account = 'tender' and j.business_date = any(%(days)s::date[])
  and (j.location_id, j.business_date) in (select * from unnest(%(places)s::bigint[], %(days)s::date[])) group by 1, 2
union all
select d.location_id, d.day, coalesce(sum((t.value ->> 'in')::bigint), 0)::bigint,
       coalesce(sum((t.value ->> 'out')::bigint), 0)::bigint
from close_dailyclose d left join lateral jsonb_each(d.snapshot -> 'tenders') t on true
where d.number = any(%(closed)s::bigint[]) group by d.id
"""


def _moved(waits: Collection[tuple[int, date]], closed: list[int]) -> dict[tuple[int, date], tuple[int, int]]:
    """What came in and went out on each day; of closed days, as they were closed."""
    with connection.cursor() as cursor:
        places, dates = [place for place, _ in waits], [day for _, day in waits]
        cursor.execute(_MOVED, {"places": places, "days": dates, "closed": closed})
        return {(place, day): (came, went) for place, day, came, went in cursor.fetchall()}
