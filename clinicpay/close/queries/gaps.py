"""How much stands against closing a day (K1 to K5), for any number of days at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.close.standing import Standing, standings
from treatments.states import REVIEWED

_WORDS = {
    "unmarked": "not marked complete",
    "unreviewed": "not reviewed",
    "unsettled": "neither confirmed nor flagged",
    "processing": "still processing",
    "unapplied": "not applied in full",
}


@dataclass(frozen=True)
class Gaps:
    """Treatments and payments that stand against the close of a day, by check; `lacking` are those of K3, in order."""

    unmarked: int
    unreviewed: int
    processing: int
    unapplied: int
    lacking: dict[int, Standing]

    @property
    def unsettled(self) -> int:
        """Reviewed treatments that are neither confirmed nor flagged (K3)."""
        return len(self.lacking)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(getattr(self, name) for name in _WORDS)

    @property
    def words(self) -> list[str]:
        """Each that is there, in the words of the close."""
        found = ((getattr(self, name), words) for name, words in _WORDS.items())
        return [f"{count:,} {words}" for count, words in found if count]


class _Reviewed(NamedTuple):
    """A treatment whose standing is asked for."""

    pk: int
    state: str


_GAPS = """
with free as materialized (
  select location_id, received_on, count(*) as unapplied from balances_credit
  where available > 0 and kind in ('unapplied', 'deposit') and received_on = any(%(days)s)
  group by 1, 2
), stuck as materialized (
  select location_id, created_at from payments_payment where status = 'processing'
)
select coalesce(e.unmarked, 0), coalesce(e.unreviewed, 0),
  (select count(*) from stuck s where s.location_id = d.place and s.created_at < d.ends),
  coalesce((select f.unapplied from free f where f.location_id = d.place and f.received_on = d.day), 0),
  coalesce(e.reviewed, '{}'), coalesce(e.states, '{}')
from unnest(%(places)s::bigint[], %(days)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
  with ordinality as d (place, day, starts, ends, position)
left join lateral (
  select count(*) filter (where state in ('scheduled', 'in_progress')) as unmarked,
         count(*) filter (where state = 'closed') as unreviewed,
         array_agg(id order by service_at, id) filter (where state = any(%(reviewed)s)) as reviewed,
         array_agg(state::text order by service_at, id) filter (where state = any(%(reviewed)s)) as states
  from treatments_treatmentevent t where t.location_id = d.place and t.service_at >= d.starts and t.service_at < d.ends
) e on true
order by d.position
"""


def gaps_of(clinic: Clinic, days: Sequence[tuple[int, date]]) -> list[Gaps]:
    """What stands against closing each of these (location, day), in their order.

    One question, and those of `standings` where treatments were reviewed.
    """
    if not days:
        return []
    bounds = [clock.day_bounds(clinic, day) for _, day in days]
    facts: dict[str, Any] = {
        "places": [place for place, _ in days],
        "days": [day for _, day in days],
        "starts": [start for start, _ in bounds],
        "ends": [end for _, end in bounds],
        "reviewed": sorted(REVIEWED),
    }
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, facts)
        rows = cursor.fetchall()
    stands = standings([_Reviewed(*one) for *_, ids, states in rows for one in zip(ids, states, strict=True)])
    return [
        Gaps(unmarked, unreviewed, processing, unapplied, {pk: stands[pk] for pk in ids if not stands[pk].is_done})
        for unmarked, unreviewed, processing, unapplied, ids, _ in rows
    ]
