"""The one writer of money. `open_books` is the only way to the verbs, so the lock can't be forgotten.

    with open_books(account, by=member, once=once) as books:
        credit = books.receive(payment)
        books.allocate(credit, charge, 5000)

Verbs only note their lines; they are written in one INSERT when the block ends. Amounts are
minor units. The database refuses whatever breaks a rule, and the refusal comes in the user's words.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db import connection, transaction

from balances.models import AutoApplyRun, Charge, Credit, Entry, Invoice, Posting
from balances.refusals import database_refusals
from balances.requests import Once, answer, claim
from balances.signals import account_changed
from balances.states import DATED, CreditKind, EntryKind, PostingKind, Source
from clinicpay.audit.models import Actor
from clinicpay.audit.services import record_many
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.patients.models import Account

TOTALS = ("owes", "planned", "unapplied", "deposits", "held")


class PaidPayment(Protocol):
    """What the ledger needs of a payment that has just become Paid; payments stand above this app."""

    pk: int
    account_id: int
    location_id: int
    event_id: int | None
    amount: int


class Act(NamedTuple):
    """One posting to write. Lines that share all of this share the posting."""

    kind: PostingKind
    location_id: int
    business_date: date
    reason: str
    source: str
    run_id: int | None


class Line(NamedTuple):
    """One entry to write."""

    kind: EntryKind
    charge_id: int | None = None
    charge_delta: int = 0
    credit_id: int | None = None
    credit_delta: int = 0
    reverses_id: int | None = None


@dataclass
class Books:
    """The verbs of money on accounts that are locked. Get one from `open_books`."""

    by: Actor
    accounts: dict[int, Account]
    source: Source
    run: AutoApplyRun | None
    dated: date | None
    key: UUID | None
    answer: dict[str, Any] | None = None
    _acts: dict[Act, list[Line]] = field(default_factory=dict)
    _dates: dict[tuple[int, date], date] = field(default_factory=dict)

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
        _check_dated(self.by, self.source, day)
        before, self.dated = self.dated, day or self.dated
        try:
            yield
        finally:
            self.dated = before

    def charge(self, invoice: Invoice, charges: Sequence[Charge]) -> list[Charge]:
        """Bill unsaved charges on a saved invoice: debt grows by their amounts."""
        return self.charge_many([(invoice, charge, None) for charge in charges])

    def charge_many(self, bills: Sequence[tuple[Invoice, Charge, date | None]]) -> list[Charge]:
        """Like `charge` for many invoices at once; an import gives each charge a past date of its own."""
        for invoice, charge, day in bills:
            self._own(invoice.account_id)
            _check_dated(self.by, self.source, day)
            charge.invoice, charge.account_id = invoice, invoice.account_id
        saved = Charge.objects.bulk_create(charge for _, charge, _ in bills)
        for (invoice, _, day), charge in zip(bills, saved, strict=True):
            line = Line(EntryKind.CHARGE, charge_id=charge.pk, charge_delta=charge.amount)
            self._note(PostingKind.CHARGE, invoice.location_id, line, day=day)
        return saved

    def receive(self, payment: PaidPayment, kind: CreditKind = CreditKind.UNAPPLIED) -> Credit:
        """Take a paid payment's money in hand; refused by the database unless the payment is Paid."""
        return self.receive_many([(payment, None)], kind)[0]

    def receive_many(
        self, payments: Sequence[tuple[PaidPayment, date | None]], kind: CreditKind = CreditKind.UNAPPLIED
    ) -> list[Credit]:
        """Like `receive` for many payments at once; an import gives each a past date of its own."""
        saved = Credit.objects.bulk_create(self._credit(payment, kind, day) for payment, day in payments)
        for (payment, day), credit in zip(payments, saved, strict=True):
            line = Line(EntryKind.RECEIVE, credit_id=credit.pk, credit_delta=credit.amount)
            self._note(PostingKind.RECEIVE, payment.location_id, line, day=day)
        return saved

    def _credit(self, payment: PaidPayment, kind: CreditKind, day: date | None) -> Credit:
        self._own(payment.account_id)
        _check_dated(self.by, self.source, day)
        return Credit(
            account_id=payment.account_id,
            payment_id=payment.pk,
            location_id=payment.location_id,
            event_id=payment.event_id,
            kind=kind,
            received_on=day or self.business_date(payment.location_id),
            amount=payment.amount,
        )

    def allocate(self, credit: Credit, charge: Charge, amount: int) -> None:
        """Apply `amount` of a credit to a charge; the database refuses more than either side has."""
        if amount <= 0:
            raise Refusal("Enter an amount greater than zero to apply.")
        self._own(credit.account_id, charge.account_id)
        location = charge.invoice.location_id if charge.invoice else credit.location_id
        self._note(PostingKind.ALLOCATE, location, _application(credit.pk, charge.pk, amount))

    def unallocate(self, entry: Entry, *, reason: str, keep: int = 0, day: date | None = None) -> None:
        """Undo one allocation exactly (A6), or all of it but `keep`, which is applied again.

        The money returns to the same credit; the same allocation is never undone twice. What is kept
        stays the work of the source and the run that applied it.
        """
        applied = -entry.charge_delta
        if entry.kind != EntryKind.ALLOCATE or entry.charge is None or entry.credit is None:
            raise Refusal("Only money that was applied can be undone.")
        if not 0 <= keep < applied:
            raise Refusal("Keep less than what was applied.")
        self._own(entry.credit.account_id, entry.charge.account_id)
        location = entry.charge.invoice.location_id if entry.charge.invoice else entry.credit.location_id
        lines = [_mirror(EntryKind.UNALLOCATE, entry)]
        if keep:
            lines.append(_application(entry.credit_id, entry.charge_id, keep))
        like = entry.posting if keep else None
        self._note(PostingKind.UNALLOCATE, location, *lines, reason=_needed(reason), day=day, like=like)

    def reverse_receipt(self, credit: Credit, *, reason: str) -> None:
        """Take a payment's money out again (entry error): undo what it paid, then give it back.

        The payment must have become Voided. Every line takes the business date of what it undoes, so that
        no date shows half of it; the database refuses it once the payment's day is closed.
        """
        entries = list(_live_entries(credit))
        opening = next(entry for entry in entries if entry.kind == EntryKind.RECEIVE)
        for entry in entries:
            if entry.kind == EntryKind.ALLOCATE:
                self.unallocate(entry, reason=reason, day=self._day_of(entry))
        line, day = _mirror(EntryKind.UNRECEIVE, opening), opening.posting.business_date
        self._note(PostingKind.REVERSE_PAYMENT, credit.location_id, line, reason=_needed(reason), day=day)

    def _day_of(self, entry: Entry) -> date | None:
        """The entry's own business date while that is open."""
        posting = entry.posting
        is_open = self.business_date(posting.location_id, posting.business_date) == posting.business_date
        return posting.business_date if is_open else None

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
    ) -> None:
        day = day or self.business_date(location_id)
        source, run_id = (like.source, like.run_id) if like else (str(self.source), self.run.pk if self.run else None)
        self._acts.setdefault(Act(kind, location_id, day, reason, source, run_id), []).extend(lines)

    def _write(self) -> None:
        if self._acts:
            postings = self._insert_postings(list(self._acts))
            _insert_entries(
                (posting, line) for posting, lines in zip(postings, self._acts.values(), strict=True) for line in lines
            )

    def _insert_postings(self, acts: list[Act]) -> list[int]:
        columns = [list(column) for column in zip(*acts, strict=True)]
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
                [current_clinic_id(), self.key, [str(kind) for kind in columns[0]], *columns[1:]],
            )
            return sorted(row[0] for row in cursor.fetchall())


@contextmanager
def open_books(
    *accounts: Account | int,
    by: Actor,
    source: Source = Source.MANUAL,
    once: Once | None = None,
    run: AutoApplyRun | None = None,
    dated: date | None = None,
) -> Iterator[Books]:
    """Lock the accounts in id order, collect the verbs of the block, write them, audit them, and tell followers.

    `once` makes a second arrival of the same form raise `requests.Repeated` with the first one's answer.
    `dated` is for sources that carry past business dates of their own. Raises Refusal in the user's words;
    then nothing of the block has happened.
    """
    _check_dated(by, source, dated)
    with database_refusals(), transaction.atomic():
        if once:
            claim(once, user_id=by.user_id)
        locked = lock_accounts(account if isinstance(account, int) else account.pk for account in accounts)
        books = Books(by, locked, source, run, dated, once.key if once else None)
        yield books
        books._write()
        if books._acts:
            _tell(books)
        if once:
            answer(once, books.answer or {})


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """Lock account rows in id order, so that two acts never wait for each other crosswise."""
    wanted = set(ids)
    rows = Account.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    found = {account.pk: account for account in rows}
    if len(found) != len(wanted):
        raise Refusal("This account no longer exists.")
    return found


def _tell(books: Books) -> None:
    """One line of the trail per account whose totals have moved, with these before and after, and the signal."""
    rows = Account.objects.filter(pk__in=books.accounts).order_by("pk")
    fresh = {account.pk: account for account in rows if _totals(account) != _totals(books.accounts[account.pk])}
    action = "ledger." + "+".join(dict.fromkeys(act.kind for act in books._acts))
    reason = next((act.reason for act in books._acts if act.reason), "")
    record_many(
        action,
        [(account, _totals(books.accounts[pk]), _totals(account)) for pk, account in fresh.items()],
        by=books.by,
        reason=reason,
    )
    for account in fresh.values():
        account_changed.send(sender=Account, account=account, by=books.by)


def _check_dated(by: Actor, source: Source, day: date | None) -> None:
    if day and (source not in DATED or day > clock.today(by.clinic)):
        raise Refusal("Only imports, opening balances and demo data may carry a past date, and none a future one.")


def _totals(account: Account) -> dict[str, int]:
    return {name: getattr(account, name) for name in TOTALS}


def _open_date(location_id: int, first: date) -> date:
    with connection.cursor() as cursor:
        cursor.execute("select ledger_open_date(%s, %s)", [location_id, first])
        day: date = cursor.fetchone()[0]
        return day


def _application(credit_id: int | None, charge_id: int | None, amount: int) -> Line:
    return Line(EntryKind.ALLOCATE, charge_id, -amount, credit_id, -amount)


def _mirror(kind: EntryKind, entry: Entry) -> Line:
    return Line(kind, entry.charge_id, -entry.charge_delta, entry.credit_id, -entry.credit_delta, entry.pk)


def _needed(reason: str) -> str:
    if not reason.strip():
        raise Refusal("Say why: a reason is kept with every reversal.")
    return reason.strip()


def _live_entries(credit: Credit) -> Iterable[Entry]:
    """The entries of a credit that nothing has reversed."""
    return (
        Entry.objects.filter(credit=credit, reverses=None, reversed_by=None)
        .select_related("posting", "charge__invoice", "credit")
        .order_by("pk")
    )


def find_allocation(entry_id: int) -> Entry:
    """An allocation with its two sides, undone or not. Raises Refusal when there is none."""
    found = (
        Entry.objects.filter(pk=entry_id, kind=EntryKind.ALLOCATE)
        .select_related("posting", "charge__invoice", "credit")
        .first()
    )
    if not found:
        raise Refusal("There is no such allocation.")
    return found


def _insert_entries(lines: Iterable[tuple[int, Line]]) -> None:
    """All lines in one statement: the trigger runs once, and totals move once."""
    rows = [(posting, str(line.kind), *line[1:]) for posting, line in lines]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta,
                                        credit_id, credit_delta, reverses_id)
            select %s, l.* from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
                                       %s::bigint[], %s::bigint[], %s::bigint[]) as l
            """,
            [current_clinic_id(), *(list(column) for column in zip(*rows, strict=True))],
        )
