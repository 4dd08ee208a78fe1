"""The queue: who owes, since when, what was said last and what happens next (S2.11–S2.20, S2.46, G1–G5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject

from balances.models import Charge
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.roles import TABLE, Can
from followups.models import Attempt, Case, Instalment
from followups.queries.calls import newest_broken
from followups.states import CallbackState, CaseState, InstalmentStatus, PlanStatus, PromiseStatus


@dataclass(frozen=True)
class Bucket:
    """Ages from `first` to `last` days, both included; the last bucket has no end (G1)."""

    key: str
    first: int
    last: int | None

    def holds(self, age: int) -> bool:
        """Whether an age in days falls into it."""
        return self.first <= age and (self.last is None or age <= self.last)


BUCKETS = (Bucket("0-30", 0, 30), Bucket("31-60", 31, 60), Bucket("61-90", 61, 90), Bucket("90+", 91, None))
"""S2.16–S2.19; 90 days are the third, 91 the last (C6)."""


def bucket_of(age: int) -> Bucket:
    """The bucket of an age in days; what is dated ahead of today is the youngest."""
    return next(one for one in BUCKETS if one.holds(max(age, 0)))


def owing() -> QuerySet[Account]:
    """Every account with billed debt, with a case or without (F3, I7)."""
    return Account.objects.filter(oldest_open__isnull=False)


class Choices(NamedTuple):
    """What the filters of the queue and of ageing offer: who follows up debt, where, and the largest debt."""

    people: list[tuple[int, str]]
    places: list[tuple[int, str]]
    largest: int


_CHOICES = """
select (select coalesce(json_agg(json_build_array(m.id, coalesce(nullif(u.name, ''), u.email))
                                 order by u.name, m.id), '[]')
        from staff_membership m join staff_user u on u.id = m.user_id where m.active and m.role = any(%s)),
       (select coalesce(json_agg(json_build_array(id, name) order by name, id), '[]') from clinics_location),
       coalesce((select owes from patients_account where oldest_open is not null order by owes desc limit 1), 0)
"""


def choices() -> Choices:
    """Of the clinic in scope, in one question, since each page of the queue asks it.

    People and places by name; the largest debt in minor units, 0 when nobody owes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, [sorted(TABLE[Can.FOLLOW_UP])])
        people, places, largest = cursor.fetchone()
    return Choices([(pk, name) for pk, name in people], [(pk, name) for pk, name in places], largest)


def in_bucket(rows: QuerySet[Account], bucket: Bucket, today: date) -> QuerySet[Account]:
    """Those whose oldest open invoice has such an age (G3)."""
    return rows.filter(_dated(bucket, today))


def _dated(bucket: Bucket, today: date) -> Q:
    latest = Q(oldest_open__lte=today - timedelta(days=bucket.first)) if bucket.first else Q()
    return latest if bucket.last is None else latest & Q(oldest_open__gte=today - timedelta(days=bucket.last))


@dataclass(frozen=True)
class Totals:
    """How many accounts of the queue are in a bucket, and what they owe together; None where nobody has counted."""

    bucket: Bucket
    accounts: int | None
    owed: int | None


def bucket_totals(rows: QuerySet[Account], today: date, most: int | None = None) -> list[Totals]:
    """The totals of every bucket, in one question; of more than `most` accounts nothing is known."""
    asked: dict[str, Any] = {"all": Count("pk")}
    for number, bucket in enumerate(BUCKETS):
        asked[f"count_{number}"] = Count("pk", filter=_dated(bucket, today))
        asked[f"sum_{number}"] = Coalesce(Sum("owes", filter=_dated(bucket, today)), 0)
    rows = rows.order_by() if most is None else rows.order_by()[: most + 1]
    found = rows.aggregate(**asked)
    if most is not None and found["all"] > most:
        return [Totals(bucket, None, None) for bucket in BUCKETS]
    return [Totals(bucket, found[f"count_{number}"], found[f"sum_{number}"]) for number, bucket in enumerate(BUCKETS)]


def lines(keys: Sequence[int]) -> list[dict[str, Any]]:
    """What the queue shows of these accounts, as plain values, in one question.

    `case` is the open case of an account as `open_cases` gives it, if there is one; `debts` is what is owed (minor
    units) of each day of invoices, for `by_bucket`.
    """
    patients = Patient.objects.filter(account=OuterRef("pk")).order_by("pk")
    attempts = Attempt.objects.filter(case__account=OuterRef("pk")).order_by("-pk")
    instalments = Instalment.objects.filter(
        plan__account=OuterRef("pk"), plan__status=PlanStatus.ACTIVE, status=InstalmentStatus.SCHEDULED
    )
    cases = _with_work(Case.objects.filter(account=OuterRef("pk")))
    rows = Account.objects.filter(pk__in=keys).values(
        *("pk", "number", "name", "owes", "oldest_open"),
        in_hand=F("unapplied") + F("deposits"),
        treated=ArraySubquery(patients.values(name=JSONObject(first="first_name", last="last_name"))[:3]),
        attempt=Subquery(attempts.values(said=JSONObject(at="made_at", outcome="outcome"))[:1]),
        instalment=Subquery(instalments.order_by("due_date").values("due_date")[:1]),
        case=Subquery(cases.values(said=JSONObject(state="state", worker="worker", **_WORK))[:1]),
        debts=ArraySubquery(_debts()),
    )
    return [row | {"case": _read(row["case"])} for row in rows]


def by_bucket(line: dict[str, Any], today: date) -> dict[str, int]:
    """What the account of a line owes by the age of its invoices, for every bucket by its key (minor units)."""
    parts = {bucket.key: 0 for bucket in BUCKETS}
    for debt in line["debts"]:
        parts[bucket_of((today - date.fromisoformat(debt["day"])).days).key] += debt["owed"]
    return parts


def _debts() -> QuerySet[Charge, Any]:
    """Of an account (outer): what is owed of each day of invoices, as JSON."""
    rows = Charge.objects.filter(account=OuterRef("pk"), outstanding__gt=0, invoice__isnull=False)
    owed = JSONObject(day="invoice__invoice_date", owed=Sum("outstanding"))
    return rows.values("invoice__invoice_date").annotate(said=owed).order_by().values("said")


def _read(case: dict[str, Any] | None) -> dict[str, Any] | None:
    """A case that came as JSON, with its moments as such."""
    if case is None:
        return None
    day, callback = case["promised_for"], case["callback"]
    return case | {
        "promised_for": date.fromisoformat(day) if day else None,
        "callback": datetime.fromisoformat(callback) if callback else None,
    }


def open_cases(account_ids: Iterable[int]) -> QuerySet[Case, dict[str, Any]]:
    """The open case of each of these accounts, with its promise and its callback, as plain values."""
    rows = _with_work(Case.objects.filter(account__in=list(account_ids)))
    return cast(QuerySet[Case, dict[str, Any]], rows.values("account", "state", "worker", **_WORK))


def _with_work(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Those that are open, with the names that `_WORK` reads."""
    return cases.exclude(state=CaseState.CLOSED).annotate(
        open_promise=FilteredRelation("promises", condition=Q(promises__status=PromiseStatus.OPEN)),
        planned=FilteredRelation("callbacks", condition=Q(callbacks__state=CallbackState.PLANNED)),
    )


_WORK: dict[str, Any] = {
    "worker_name": F("worker__user__name"),
    "promised": F("open_promise__amount"),
    "promised_for": F("open_promise__due_date"),
    "callback": F("planned__due_at"),
    "broken": newest_broken(),
}
