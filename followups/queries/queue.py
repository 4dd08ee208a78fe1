"""The queue: who owes, since when, what was said last and what happens next (S2.11–S2.20, S2.46, G1–G5)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject

from balances.models import Charge
from clinicpay.patients.models import Account, Patient
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


def largest_debt() -> int:
    """What the account owes that owes most (minor units); 0 when nobody owes."""
    return owing().order_by("-owes").values_list("owes", flat=True).first() or 0


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


def bucket_totals(rows: QuerySet[Account], today: date) -> list[Totals]:
    """The totals of every bucket, in one question."""
    asked: dict[str, Any] = {}
    for number, bucket in enumerate(BUCKETS):
        asked[f"count_{number}"] = Count("pk", filter=_dated(bucket, today))
        asked[f"sum_{number}"] = Coalesce(Sum("owes", filter=_dated(bucket, today)), 0)
    found = rows.order_by().aggregate(**asked)
    return [Totals(bucket, found[f"count_{number}"], found[f"sum_{number}"]) for number, bucket in enumerate(BUCKETS)]


def lines(keys: Sequence[int]) -> list[dict[str, Any]]:
    """What the queue shows of these accounts, as plain values; the work on them is `work_of`."""
    patients = Patient.objects.filter(account=OuterRef("pk")).order_by("pk")
    attempts = Attempt.objects.filter(case__account=OuterRef("pk")).order_by("-pk")
    instalments = Instalment.objects.filter(
        plan__account=OuterRef("pk"), plan__status=PlanStatus.ACTIVE, status=InstalmentStatus.SCHEDULED
    )
    rows = Account.objects.filter(pk__in=keys).values(
        *("pk", "number", "name", "owes", "oldest_open"),
        in_hand=F("unapplied") + F("deposits"),
        treated=ArraySubquery(patients.values(name=JSONObject(first="first_name", last="last_name"))[:3]),
        attempt=Subquery(attempts.values(said=JSONObject(at="made_at", outcome="outcome"))[:1]),
        instalment=Subquery(instalments.order_by("due_date").values("due_date")[:1]),
    )
    return list(rows)


@dataclass(frozen=True)
class Work:
    """What the open case of an account stands at, and its debt by bucket (minor units)."""

    case: dict[str, Any] | None
    parts: dict[str, int]


def work_of(account_ids: Sequence[int], today: date) -> dict[int, Work]:
    """The work on each of these accounts: two questions for all of them."""
    cases = {row["account"]: row for row in open_cases(account_ids)}
    parts: dict[int, dict[str, int]] = defaultdict(lambda: {bucket.key: 0 for bucket in BUCKETS})
    for account, day, owed in _debt(account_ids):
        parts[account][bucket_of((today - day).days).key] += owed
    return {account: Work(cases.get(account), parts[account]) for account in account_ids}


def open_cases(account_ids: Iterable[int]) -> QuerySet[Case, dict[str, Any]]:
    """The open case of each of these accounts, with its promise and its callback, as plain values."""
    rows = Case.objects.exclude(state=CaseState.CLOSED).filter(account__in=list(account_ids))
    joined = rows.annotate(
        open_promise=FilteredRelation("promises", condition=Q(promises__status=PromiseStatus.OPEN)),
        planned=FilteredRelation("callbacks", condition=Q(callbacks__state=CallbackState.PLANNED)),
    )
    found: QuerySet[Case, dict[str, Any]] = joined.values(
        *("account", "state", "worker", "worker__user__name"),
        promised=F("open_promise__amount"),
        promised_for=F("open_promise__due_date"),
        callback=F("planned__due_at"),
        broken=newest_broken(),
    )
    return found


def _debt(account_ids: Iterable[int]) -> QuerySet[Charge, Any]:
    rows = Charge.objects.filter(account__in=list(account_ids), outstanding__gt=0, invoice__isnull=False)
    return rows.values_list("account", "invoice__invoice_date").annotate(owed=Sum("outstanding")).order_by()
