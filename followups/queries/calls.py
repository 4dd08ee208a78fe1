"""Callbacks and broken promises as tasks, in the calendar, and in the private feed (S2.33–S2.35)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.patients.models import Account
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import TABLE, Can
from followups.models import Callback, Case, Promise, PromisePayment
from followups.states import CallbackState, CaseState, PromiseStatus
from payments.models import Receipt

OWNERLESS = Q(member__active=False) | ~Q(member__role__in=TABLE[Can.FOLLOW_UP])
"""Callbacks of members who have left or follow up no more: everybody's, until somebody takes them."""

KEPT_BACK, MOST = timedelta(days=60), 1_000
"""How long a feed still tells of what is over, and how many it tells of."""


def callbacks(member: Membership | None = None) -> QuerySet[Callback]:
    """Callbacks that are planned or done, with whom they are about: everybody's, or a member's and nobody's."""
    rows = Callback.objects.select_related("case__account", "member__user").order_by("due_at", "pk")
    rows = rows.exclude(state=CallbackState.CANCELLED).annotate(account=F("case__account"))
    return rows if member is None else rows.filter(Q(member=member) | OWNERLESS)


def planned(member: Membership, until: datetime) -> QuerySet[Callback]:
    """What a member has to do by a moment, overdue included, and what nobody would do otherwise."""
    return callbacks(member).filter(state=CallbackState.PLANNED, due_at__lt=until)


def in_feed(member: Membership) -> list[Callback]:
    """A member's callbacks as their calendar reads them: planned, done and cancelled, the newest if there are many."""
    rows = Callback.objects.filter(member=member, due_at__gte=timezone.now() - KEPT_BACK)
    return list(rows.select_related("case__account").order_by("-due_at", "-pk")[:MOST])[::-1]


def planned_callback(account: Account) -> Callback | None:
    """The callback that is planned with an account, if any."""
    rows = Callback.objects.filter(case__account=account, state=CallbackState.PLANNED)
    return rows.select_related("case__account", "member__user").first()


def newest_broken() -> Subquery:
    """Of a case (outer) whose promise was broken: amount (minor units) and day of the newest, as JSON."""
    of_case = {"case": OuterRef("pk"), "case__state": CaseState.PROMISE_BROKEN}
    rows = Promise.objects.filter(status=PromiseStatus.BROKEN, **of_case)
    return Subquery(rows.order_by("-pk").values(said=JSONObject(id="pk", amount="amount", due_date="due_date"))[:1])


def broken_promises(member: Membership) -> QuerySet[Case, Any]:
    """Cases of a member, or of nobody, whose promise was broken and not answered, the oldest debt first (F4)."""
    rows = Case.objects.filter(Q(worker=member) | Q(worker=None), state=CaseState.PROMISE_BROKEN)
    found: QuerySet[Case, Any] = rows.order_by("account__oldest_open", "pk").values(
        number=F("account__number"), name=F("account__name"), broken=newest_broken()
    )
    return found


def with_payments(promises: list[Promise]) -> list[Promise]:
    """Promises as they are, each with `taken`: the receipts of money that was recorded for it, the first one first."""
    found: dict[int, list[Receipt]] = {one.pk: [] for one in promises}
    for row in PromisePayment.objects.filter(promise__in=found).select_related("receipt").order_by("pk"):
        found[row.promise_id].append(row.receipt)
    for one in promises:
        one.taken = found[one.pk]  # type: ignore[attr-defined]
    return promises


def promise_of(receipt_id: int | None) -> Promise | None:
    """The promise for which a receipt's money was recorded, if any."""
    row = PromisePayment.objects.filter(receipt=receipt_id).select_related("promise__case__account").first()
    return row.promise if row else None


def calls_of(account: Account, case: dict[str, Any] | None) -> dict[str, Any]:
    """What the panel shows of the account's callback and of a promise that was broken and not answered."""
    callback = planned_callback(account) if case and case["callback"] else None
    left = callback is not None and not callback.member.can(Can.FOLLOW_UP)
    broken = case["broken"] if case else None
    return {"callback": callback, "has_left": left, "broken": _dated(broken) if broken else None}


def _dated(broken: dict[str, Any]) -> dict[str, Any]:
    return broken | {"due_date": date.fromisoformat(broken["due_date"])}


AHEAD, LISTED, NEXT = timedelta(days=7), 50, 5
"""How far Today looks ahead, how many tasks it lists, and how many of them are of later days."""


@dataclass(frozen=True)
class Tasks:
    """What a member has to do today, in this order (S2.35): promises that were broken, callbacks by when they are."""

    broken: list[dict[str, Any]]
    overdue: list[Callback]
    today: list[Callback]
    later: list[Callback]
    is_cut: bool

    def __iter__(self) -> Iterator[object]:
        return chain(self.broken, self.overdue, self.today, self.later)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def tasks_of(member: Membership, day: date) -> Tasks:
    """The tasks of a business date: two questions."""
    now, tonight = timezone.now(), clock.day_bounds(member.clinic, day)[1]
    rows = list(planned(member, tonight + AHEAD)[: LISTED + 1])
    for row in rows:
        row.is_ownerless = row.member_id != member.pk  # type: ignore[attr-defined]
    later = [one for one in rows if one.due_at >= tonight]
    return Tasks(
        [one | {"broken": _dated(one["broken"])} for one in broken_promises(member)[:LISTED]],
        [one for one in rows[:LISTED] if one.due_at < now],
        [one for one in rows[:LISTED] if now <= one.due_at < tonight],
        later[:NEXT],
        is_cut=len(rows) > LISTED or len(later) > NEXT,
    )
