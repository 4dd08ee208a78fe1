"""How the verbs of money note their lines, and how all lines of an act are written at once."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from balances.models import AutoApplyRun, Charge, Credit, Entry, Posting
from balances.states import DATED, UNDOES, EntryKind, PostingKind, Source
from clinicpay.audit.models import Actor, AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.db.arrays import bigints
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.patients.models import Account


class Act(NamedTuple):
    """One posting to write. Lines that share all of this share the posting; `apart` keeps some from sharing."""

    kind: PostingKind
    location_id: int
    business_date: date
    reason: str
    source: str
    run_id: int | None
    apart: int = 0


class Line(NamedTuple):
    """One entry to write."""

    kind: EntryKind
    charge_id: int | None = None
    charge_delta: int = 0
    credit_id: int | None = None
    credit_delta: int = 0
    reverses_id: int | None = None


@dataclass
class Pages:
    """What the verbs share: the locked accounts, whose act it is, its dates, and the lines noted so far."""

    by: Actor
    accounts: dict[int, Account]
    source: Source
    run: AutoApplyRun | None
    dated: date | None
    key: UUID | None
    answer: dict[str, Any] | None = None
    acts: dict[Act, list[Line]] = field(default_factory=dict)
    said: list[AuditEvent] = field(default_factory=list)
    """Lines of the trail beside those of the accounts."""
    written: dict[PostingKind, list[int]] = field(default_factory=dict)
    """Ids of the postings of each kind, once the block has ended."""
    _dates: dict[tuple[int, date], date] = field(default_factory=dict)
    _chosen: set[tuple[int, date]] = field(default_factory=set)
    """Locations with an earlier day that a closer chose for money; it is held open."""

    def business_date(self, location_id: int, first: date | None = None) -> date:
        """The first open business date of a location on or after today (or `first`), held open until commit.

        Imports, opening balances and demo data bring their own date instead; a closed day still refuses it.
        """
        if self.dated:
            return first or self.dated
        first = first or clock.today(self.by.clinic)
        if (location_id, first) not in self._dates:
            self._dates[location_id, first] = _open_date(location_id, first)
        return self._dates[location_id, first]

    @contextmanager
    def on(self, day: date | None) -> Iterator[None]:
        """Let the block's verbs carry a past date of their own; None leaves the dates as they are."""
        check_dated(self.by, self.source, day)
        before, self.dated = self.dated, day or self.dated
        try:
            yield
        finally:
            self.dated = before

    def write(self) -> None:
        """Write everything noted: all postings, then all their lines in one statement."""
        if not self.acts:
            return
        postings = self._insert_postings(list(self.acts))
        for act, posting in zip(self.acts, postings, strict=True):
            self.written.setdefault(act.kind, []).append(posting)
        _insert_entries(
            (posting, line) for posting, lines in zip(postings, self.acts.values(), strict=True) for line in lines
        )

    def _day_of(self, entry: Entry) -> date | None:
        """The entry's own business date while that is open."""
        posting = entry.posting
        is_open = self.business_date(posting.location_id, posting.business_date) == posting.business_date
        return posting.business_date if is_open else None

    def _check_dated(self, location_id: int, day: date | None) -> None:
        """Refuse a date of its own, unless it was chosen for this location or the source may bring one."""
        if (location_id, day) not in self._chosen:
            check_dated(self.by, self.source, day)

    def _own(self, *account_ids: int) -> None:
        missing = set(account_ids) - set(self.accounts)
        if missing:
            raise RuntimeError(f"open_books was not given the accounts {sorted(missing)}")

    def _note(
        self,
        kind: PostingKind,
        location_id: int,
        *lines: Line,
        reason: str = "",
        day: date | None = None,
        like: Posting | None = None,
        apart: int = 0,
    ) -> None:
        day = day or self.business_date(location_id)
        source, run_id = (like.source, like.run_id) if like else (str(self.source), self.run.pk if self.run else None)
        self.acts.setdefault(Act(kind, location_id, day, reason, source, run_id, apart), []).extend(lines)

    def _insert_postings(self, acts: list[Act]) -> list[int]:
        kinds, *columns, _ = [list(column) for column in zip(*acts, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(
                """
                insert into balances_posting (clinic_id, kind, business_date, location_id, reason,
                                              source, run_id, request_key, transaction_id)
                select %s, a.kind, a.day, a.location, a.reason, a.source, a.run, %s, 0
                from unnest(%s::text[], %s::bigint[], %s::date[], %s::text[], %s::text[], %s::bigint[])
                     with ordinality as a (kind, location, day, reason, source, run, position)
                order by a.position
                returning id
                """,
                [current_clinic_id(), self.key, [str(kind) for kind in kinds], *columns],
            )
            return sorted(row[0] for row in cursor.fetchall())


def check_dated(by: Actor, source: Source, day: date | None) -> None:
    """Refuse a date of its own to whoever may not bring one. Raises Refusal."""
    if day and (source not in DATED or day > clock.today(by.clinic)):
        raise Refusal("Only imports, opening balances and demo data may carry a past date, and none a future one.")


def mirror(kind: EntryKind, entry: Entry) -> Line:
    """The line that reverses an entry exactly. Raises Refusal when a line of this kind doesn't."""
    if UNDOES[kind] != entry.kind:
        raise Refusal("That is not what can be undone here.")
    return Line(kind, entry.charge_id, -entry.charge_delta, entry.credit_id, -entry.credit_delta, entry.pk)


def needed(reason: str) -> str:
    """The reason of an act that can't go without one. Raises Refusal."""
    if not reason.strip():
        raise Refusal("Say why: a reason is kept with every correction.")
    return reason.strip()[:500]


def above_zero(amount: int, what: str) -> int:
    """An amount (minor units) that moves something. Raises Refusal otherwise."""
    if amount <= 0:
        raise Refusal(f"Enter an amount greater than zero {what}.")
    return amount


def place(charge: Charge, credit: Credit | None = None) -> int:
    """The location at which an act on a charge stands: its invoice's, or the money's if it is on none."""
    if charge.invoice:
        return int(charge.invoice.location_id)
    if credit is None:
        raise Refusal("This isn't billed yet.")
    return int(credit.location_id)


def _open_date(location_id: int, first: date) -> date:
    with connection.cursor() as cursor:
        cursor.execute("select ledger_open_date(%s, %s)", [location_id, first])
        day: date = cursor.fetchone()[0]
        return day


def _insert_entries(lines: Iterable[tuple[int, Line]]) -> None:
    """All lines in one statement: the trigger runs once, and totals move once."""
    posting, kind, *numbers = zip(*((posting, *line) for posting, line in lines), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta,
                                        credit_id, credit_delta, reverses_id)
            select %s, l.* from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
                                       %s::bigint[], %s::bigint[], %s::bigint[]) as l
            """,
            [current_clinic_id(), bigints(posting), "{" + ",".join(kind) + "}", *map(bigints, numbers)],
        )
