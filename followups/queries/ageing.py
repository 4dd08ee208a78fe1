"""Who owed what on a past day: billed debt as the ledger's business dates tell it (G1, G3; decision 131)."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.db import connection

from followups.queries.queue import BUCKETS, Totals, bucket_of

_OWED = """
select a.id, a.number, a.name, sum(c.owed)::bigint, min(c.invoice_date), array[
  coalesce(sum(c.owed) filter (where c.bucket = 0), 0)::bigint,
  coalesce(sum(c.owed) filter (where c.bucket = 1), 0)::bigint,
  coalesce(sum(c.owed) filter (where c.bucket = 2), 0)::bigint,
  coalesce(sum(c.owed) filter (where c.bucket = 3), 0)::bigint]
from (
  select i.account_id, i.invoice_date, width_bucket(%(day)s::date - i.invoice_date, %(firsts)s::integer[]) as bucket,
         sum(t.owed) as owed
  from (
    select b.invoice_id, -sum(e.charge_delta) as owed
    from balances_posting p
    join balances_entry e on e.clinic_id = p.clinic_id and e.posting_id = p.id
    join balances_charge b on b.clinic_id = e.clinic_id and b.id = e.charge_id
    where p.business_date > %(until)s and e.charge_delta <> 0 and b.invoice_id is not null
    group by 1
    union all
    select invoice_id, sum(outstanding) from balances_charge
    where outstanding > 0 and invoice_id is not null group by 1
  ) t
  join balances_invoice i on i.id = t.invoice_id
  where %(location)s::bigint is null or i.location_id = %(location)s
  group by i.id
) c
join patients_account a on a.id = c.account_id
where c.owed <> 0
group by a.id
order by min(c.invoice_date), a.id
"""
"""What is outstanding now less what was moved since: the fewer days have passed, the less is read."""

PATIENCE = 25
"""Seconds: a day long ago reads most of a ledger, some of them for a million lines."""


class Owed(NamedTuple):
    """What an account owed (minor units), since when, and in which buckets."""

    pk: int
    number: int
    name: str
    owes: int
    oldest_open: date
    parts: tuple[int, ...]


def owed_on(
    day: date, *, location: int | None = None, patience: int | None = PATIENCE, until: date | None = None
) -> list[Owed]:
    """Every account that owed something billed at the end of a business date, the oldest first.

    With a location only what was billed there. What was entered later for that day or an earlier one counts; with
    `until` what stands on the days up to that one, too, its age counted on `day`.
    `patience` is how many seconds it may take; None leaves that to the caller.
    """
    with connection.cursor() as cursor:
        if patience is not None:
            cursor.execute("select set_config('statement_timeout', %s, true)", [f"{patience}s"])
        firsts = [bucket.first for bucket in BUCKETS[1:]]  # what is dated ahead of the day is the youngest
        cursor.execute(_OWED, {"day": day, "until": until or day, "location": location, "firsts": firsts})
        return [Owed._make((*row[:5], tuple(row[5]))) for row in cursor.fetchall()]


def totals_of(rows: Iterable[Owed], day: date) -> list[Totals]:
    """The totals of every bucket, each account by its oldest open invoice of then."""
    found = {bucket.key: [0, 0] for bucket in BUCKETS}
    for row in rows:
        cell = found[bucket_of((day - row.oldest_open).days).key]
        cell[0] += 1
        cell[1] += row.owes
    return [Totals(bucket, *found[bucket.key]) for bucket in BUCKETS]
