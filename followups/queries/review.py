"""How follow-up went, by person and period (S2.47): attempts, promises, callbacks, and the money that came of them.

Each allocation of money counts once at most: for the latest attempt that it can have come of (decision 132).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from balances.models import Entry
from balances.states import DATED, EntryKind
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from followups.models import Attempt, Callback
from followups.states import AttemptOutcome, CallbackState, PromiseStatus

RECOVERY_DAYS = 30
"""Days after an attempt within which money counts as recovered by it."""

LONGEST_GRACE = 366
"""Days after its date by whose end a promise is over, whatever its grace."""

REACHED = (AttemptOutcome.PROMISED, AttemptOutcome.DISPUTE, AttemptOutcome.HUNG_UP, AttemptOutcome.REFUSED)
"""Outcomes that say that somebody answered."""


class Recovered(NamedTuple):
    """Money that was applied to an account after somebody (a user's id) had contacted it (minor units)."""

    day: date
    who: int | None
    account: int
    minor: int


@dataclass
class Review:
    """What one person did in a period, and what came of it; amounts are minor units."""

    attempts: int = 0
    reached: int = 0
    promises: int = 0
    promised: int = 0
    kept: int = 0
    partly: int = 0
    broken: int = 0
    recovered: int = 0
    callbacks: int = 0
    on_time: int = 0

    @property
    def contact_rate(self) -> int | None:
        """Reached of a hundred attempts; None without attempts."""
        return round(100 * self.reached / self.attempts) if self.attempts else None

    def add(self, other: "Review") -> None:
        """Count another's figures in."""
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Span:
    """Business dates of a clinic, both included."""

    clinic: Clinic
    first: date
    last: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first moment, and the first after it."""
        return clock.day_bounds(self.clinic, self.first)[0], clock.day_bounds(self.clinic, self.last)[1]


def reviews(span: Span, recovered: Iterable[Recovered]) -> dict[int | None, Review]:
    """The figures of each person who has any, by user id; None is ClinicPay itself."""
    found: dict[int | None, Review] = defaultdict(Review)
    for row in _said(span):
        who = row.pop("made_by_id")
        found[who] = Review(**row)
    for one in recovered:
        found[one.who].recovered += one.minor
    for who, was_on_time in _callbacks(span):
        found[who].callbacks += 1
        found[who].on_time += was_on_time
    return dict(found)


def _said(span: Span) -> QuerySet[Attempt, Any]:
    """Attempts and the promises that they brought, as those stand now."""
    start, end = span.bounds
    made = Q(outcome=AttemptOutcome.PROMISED, promise__isnull=False)
    rows = Attempt.objects.filter(made_at__gte=start, made_at__lt=end).order_by().values("made_by_id")
    return rows.annotate(
        attempts=Count("pk"),
        reached=Count("pk", filter=Q(outcome__in=REACHED)),
        promises=Count("pk", filter=made),
        promised=Coalesce(Sum("promise__amount", filter=made), 0),
        kept=Count("pk", filter=made & Q(promise__status=PromiseStatus.KEPT)),
        partly=Count("pk", filter=made & Q(promise__status=PromiseStatus.PARTLY_KEPT)),
        broken=Count("pk", filter=made & Q(promise__status=PromiseStatus.BROKEN)),
    )


def _callbacks(span: Span) -> Iterator[tuple[int, bool]]:
    """Whose callback fell due, and whether the account was contacted between its moment and the end of its day."""
    start, end = span.bounds
    due = Callback.objects.filter(due_at__gte=start, due_at__lt=min(end, timezone.now()))
    rows = list(due.exclude(state=CallbackState.CANCELLED).values_list("case", "member__user", "due_at"))
    said: dict[int, list[datetime]] = defaultdict(list)
    for case, moment in Attempt.objects.filter(
        case__in={case for case, _, _ in rows}, made_at__gte=start, made_at__lt=end
    ).values_list("case", "made_at"):
        said[case].append(moment)
    for case, who, moment in rows:
        _, midnight = clock.day_bounds(span.clinic, clock.business_day(span.clinic, moment))
        yield who, any(moment <= made < midnight for made in said[case])


@dataclass(frozen=True)
class Reach:
    """An attempt with the last day on which money counts as having come of it."""

    made_at: datetime
    day: date
    until: date
    who: int | None

    def explains(self, money: "Applied") -> bool:
        """Whether money can have come of it: received and applied after it, in time."""
        return self.made_at <= money.moment and money.day <= self.until and self.day <= money.received_on


class Applied(NamedTuple):
    """Money that was applied to an account (minor units): when, on which business date, and received on which."""

    account: int
    minor: int
    moment: datetime
    day: date
    received_on: date


def recovered(span: Span) -> list[Recovered]:
    """Each allocation of the span that came of an attempt, with who made that attempt; the oldest first."""
    attempts = reaches(span)
    found = []
    for money in _applied(span, list(attempts)):
        reach = next((one for one in attempts[money.account] if one.explains(money)), None)
        if reach:
            found.append(Recovered(money.day, reach.who, money.account, money.minor))
    return sorted(found, key=lambda one: (one.day, one.account))


def reaches(span: Span) -> dict[int, list[Reach]]:
    """The attempts of which money of the span can have come, by account, the latest first."""
    start, end = span.bounds
    lately = Q(made_at__gte=start - timedelta(days=RECOVERY_DAYS + 1))
    promised = Q(promise__due_date__gte=span.first - timedelta(days=LONGEST_GRACE))
    rows = Attempt.objects.filter(lately | promised, made_at__lt=end).order_by("-made_at", "-pk")
    found: dict[int, list[Reach]] = defaultdict(list)
    for account, who, made_at, outcome, due, grace in rows.values_list(
        *("case__account", "made_by_id", "made_at", "outcome", "promise__due_date", "promise__grace")
    ):
        day = clock.business_day(span.clinic, made_at)
        until = day + timedelta(days=RECOVERY_DAYS)
        if due and outcome == AttemptOutcome.PROMISED:
            until = max(until, due + timedelta(days=grace))
        found[account].append(Reach(made_at, day, until, who))
    return found


def _applied(span: Span, accounts: list[int]) -> Iterator[Applied]:
    """What was applied to these accounts on days of the span and still is; what is left of it keeps its moment."""
    rest = Entry.objects.filter(posting=OuterRef("posting"), charge=OuterRef("charge"), kind=EntryKind.UNALLOCATE)
    rows = Entry.objects.filter(
        charge__account__in=accounts,
        kind=EntryKind.ALLOCATE,
        reversed_by=None,
        posting__business_date__gte=span.first,
    ).annotate(rest_of=Subquery(rest.values("reverses")[:1]))
    told = list(rows.values_list("charge__account", "charge_delta", "credit__received_on", *_WHEN, "rest_of"))
    firsts = _Firsts({one[-1] for one in told if one[-1]}, rest)
    for account, delta, received_on, *own, rest_of in told:
        made_at, day, source = firsts.of(rest_of) or own
        if span.first <= day <= span.last:
            moment = clock.noon(span.clinic, day) if source in DATED else made_at
            yield Applied(account, -delta, moment, day, received_on)


_WHEN = ("posting__made_at", "posting__business_date", "posting__source")


@dataclass
class _Firsts:
    """When an allocation was first made, of which a part was undone and the rest made again, perhaps more than once."""

    wanted: set[int]
    rest: QuerySet[Entry]
    known: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = self.wanted
        while wanted:
            rows = Entry.objects.filter(pk__in=wanted).annotate(rest_of=Subquery(self.rest.values("reverses")[:1]))
            self.known |= {pk: tuple(when) for pk, *when in rows.values_list("pk", *_WHEN, "rest_of")}
            wanted = {when[-1] for when in self.known.values() if when[-1]} - set(self.known)

    def of(self, entry: int | None) -> tuple[Any, ...] | None:
        """Moment, business date and source of the first; None for no entry."""
        if entry is None:
            return None
        *when, earlier = self.known[entry]
        return self.of(earlier) or tuple(when)
