"""The verbs that change the money in hand: receipts, pre-payments, applications, refunds, returns."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from balances.ledger.base import Line, Pages, above_zero, check_dated, mirror, needed, place
from balances.models import Charge, Credit, Entry
from balances.queries import received_credit
from balances.states import CreditKind, EntryKind, PostingKind
from clinicpay.clinics.refusals import Refusal

Allocation = Entry
"""An entry that applied money, for those who only pass it on; nobody else handles entries."""


class PaidPayment(Protocol):
    """What the ledger needs of a payment that has just become Paid; payments stand above this app."""

    pk: int
    account_id: int
    location_id: int
    event_id: int | None
    amount: int


class Application(NamedTuple):
    """Money to apply, as it was read under the account's lock; `amount` in minor units.

    `location_id` is the invoice's. `day` is a past date of its own, which only imports and demo data carry.
    """

    account_id: int
    credit_id: int
    charge_id: int
    amount: int
    location_id: int
    day: date | None = None


class Applied(NamedTuple):
    """An application as it was read under the lock of both accounts; `amount` in minor units."""

    entry_id: int
    charge_id: int
    credit_id: int
    amount: int
    location_id: int
    account_ids: tuple[int, ...]


class MoneyVerbs(Pages):
    """Amounts are minor units. What breaks a rule is refused by the database, in the user's words."""

    def receive(self, payment: PaidPayment, kind: CreditKind = CreditKind.UNAPPLIED) -> Credit:
        """Take a paid payment's money in hand; refused by the database unless the payment is Paid."""
        return self.receive_many([(payment, None)], kind)[0]

    def receive_many(
        self,
        payments: Sequence[tuple[PaidPayment, date | None]],
        kind: CreditKind = CreditKind.UNAPPLIED,
        *,
        reason: str = "",
    ) -> list[Credit]:
        """Like `receive` for many payments at once; each may have a past date of its own, or a chosen one."""
        saved = Credit.objects.bulk_create(self._credit(payment, kind, day) for payment, day in payments)
        for (payment, day), credit in zip(payments, saved, strict=True):
            line = Line(EntryKind.RECEIVE, credit_id=credit.pk, credit_delta=credit.amount)
            self._note(PostingKind.RECEIVE, payment.location_id, line, reason=reason, day=day)
        return saved

    def _credit(self, payment: PaidPayment, kind: CreditKind, day: date | None) -> Credit:
        self._own(payment.account_id)
        self._check_dated(payment.location_id, day)
        return Credit(
            account_id=payment.account_id,
            payment_id=payment.pk,
            location_id=payment.location_id,
            event_id=payment.event_id,
            kind=kind,
            received_on=day or self.business_date(payment.location_id),
            amount=payment.amount,
        )

    def hold(self, credit: Credit, amount: int, *, event_id: int | None = None) -> Credit:
        """Set part or all of free money aside as a pre-payment, for a treatment event if one is named."""
        return self._set_aside(PostingKind.HOLD, CreditKind.PRE_PAYMENT, [(credit, amount)], event_id=event_id)

    def release(self, credit: Credit, amount: int, *, reason: str, day: date | None = None) -> None:
        """Free part or all of a pre-payment: it returns to the money that it was held from."""
        self._own(credit.account_id)
        lines = (
            _out(credit, above_zero(amount, "to release")),
            Line(EntryKind.MOVE_BACK, credit_id=received_credit(credit.payment_id).pk, credit_delta=amount),
        )
        self._note(PostingKind.RELEASE, credit.location_id, *lines, reason=needed(reason), day=day)

    def allocate(
        self, credit: Credit, charge: Charge, amount: int, *, like: Entry | None = None, day: date | None = None
    ) -> None:
        """Apply `amount` of a credit to a charge; the database refuses more than either side has.

        `like` names an application that is made again: it stays the work of that one's source and run.
        `day` is one of `days_to_apply`.
        """
        above_zero(amount, "to apply")
        self._own(credit.account_id, charge.account_id)
        line, location_id = _application(credit.pk, charge.pk, amount), place(charge, credit)
        self._check_dated(location_id, day)
        self._note(PostingKind.ALLOCATE, location_id, line, like=like.posting if like else None, day=day)

    def allocate_many(self, applications: Iterable[Application]) -> None:
        """Like `allocate` for many at once: the same lines on the same postings, without a row read for each."""
        places: dict[tuple[int, date | None], list[Line]] = defaultdict(list)
        accounts = set()
        for account_id, credit_id, charge_id, amount, location_id, day in applications:
            accounts.add(account_id)
            line = _application(credit_id, charge_id, above_zero(amount, "to apply"))
            places[location_id, day].append(line)
        self._own(*accounts)
        for (location_id, day), lines in places.items():
            check_dated(self.by, self.source, day)
            self._note(PostingKind.ALLOCATE, location_id, *lines, day=day)

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
        lines = [mirror(EntryKind.UNALLOCATE, entry)]
        if keep:
            lines.append(_application(entry.credit_id, entry.charge_id, keep))
        location, like = place(entry.charge, entry.credit), entry.posting if keep else None
        self._note(PostingKind.UNALLOCATE, location, *lines, reason=needed(reason), day=day, like=like)

    def unallocate_many(self, applied: Iterable[Applied], *, reason: str) -> None:
        """Like `unallocate` for many at once: the same lines on the same postings, without a row read for each."""
        places: dict[int, list[Line]] = defaultdict(list)
        accounts: set[int] = set()
        for entry_id, charge_id, credit_id, amount, location_id, account_ids in applied:
            accounts.update(account_ids)
            line = Line(EntryKind.UNALLOCATE, charge_id, amount, credit_id, amount, entry_id)
            places[location_id].append(line)
        self._own(*accounts)
        for location_id, lines in places.items():
            self._note(PostingKind.UNALLOCATE, location_id, *lines, reason=needed(reason))

    def reserve(self, parts: Sequence[tuple[Credit, int]], *, reason: str) -> Credit:
        """Set money of one payment aside for a refund, (credit, amount) each: nobody else can use it (R2)."""
        return self._set_aside(PostingKind.RESERVE, CreditKind.REFUND_PENDING, parts, reason=needed(reason))

    def unreserve(self, reserved: Credit, *, reason: str) -> None:
        """Give a reserve up: every part returns to the credit that it came from, exactly."""
        self._own(reserved.account_id)
        opening = _entry_of(reserved, EntryKind.MOVE_IN)
        taken = Entry.objects.filter(posting=opening.posting_id, kind=EntryKind.MOVE_OUT).order_by("pk")
        lines = [mirror(EntryKind.MOVE_OUT, opening), *(mirror(EntryKind.MOVE_BACK, entry) for entry in taken)]
        self._note(PostingKind.UNRESERVE, reserved.location_id, *lines, reason=needed(reason))

    def refund(self, reserved: Credit, *, reason: str) -> None:
        """Pay a reserve out: the money is no longer in hand."""
        self._own(reserved.account_id)
        line = Line(EntryKind.REFUND, credit_id=reserved.pk, credit_delta=-reserved.amount)
        self._note(PostingKind.REFUND, reserved.location_id, line, reason=needed(reason))

    def reverse_refund(self, reserved: Credit, *, reason: str) -> None:
        """Money that was refunded is in hand again, where it was taken from."""
        line = mirror(EntryKind.UNREFUND, _entry_of(reserved, EntryKind.REFUND))
        self._note(PostingKind.REVERSE_REFUND, reserved.location_id, line, reason=needed(reason))
        self.unreserve(reserved, reason=reason)

    def take_back(self, parts: Sequence[tuple[Credit, int]], *, reason: str) -> None:
        """Money of one payment was taken back by others, (credit, amount) each: a bounced cheque, a chargeback."""
        for credit, amount in parts:
            self._own(credit.account_id)
            line = Line(EntryKind.RETURN, credit_id=credit.pk, credit_delta=-above_zero(amount, "to take back"))
            self._note(PostingKind.RETURN, credit.location_id, line, reason=needed(reason))

    def reverse_return(self, entry: Entry, *, reason: str) -> None:
        """Money that others took back has come again, to the credit that it was taken from."""
        line, credit = mirror(EntryKind.UNRETURN, entry), entry.credit
        assert credit  # the shape of a return
        self._own(credit.account_id)
        self._note(PostingKind.REVERSE_RETURN, credit.location_id, line, reason=needed(reason))

    def reverse_receipt(self, credits: Sequence[Credit], *, reason: str) -> None:
        """Take a payment's money out again (entry error): undo what it paid, release what is held, give it back.

        The payment must have become Voided; `credits` are all of its. Every line takes the business date of what
        it undoes, so that no date shows half of it; the database refuses it once the payment's day is closed.
        """
        for credit in credits:
            freed = sum(self._free(entry, reason) for entry in _live_allocations(credit))
            if credit.kind == CreditKind.PRE_PAYMENT and credit.available + freed:
                held = _entry_of(credit, EntryKind.MOVE_IN)
                self.release(credit, credit.available + freed, reason=reason, day=self._day_of(held))
        opening = _entry_of(received_credit(credits[0].payment_id), EntryKind.RECEIVE)
        line, posting = mirror(EntryKind.UNRECEIVE, opening), opening.posting
        self._note(
            PostingKind.REVERSE_PAYMENT, posting.location_id, line, reason=needed(reason), day=posting.business_date
        )

    def _free(self, entry: Entry, reason: str) -> int:
        self.unallocate(entry, reason=reason, day=self._day_of(entry))
        return entry.applied

    def _set_aside(
        self,
        act: PostingKind,
        kind: CreditKind,
        parts: Sequence[tuple[Credit, int]],
        *,
        event_id: int | None = None,
        reason: str = "",
    ) -> Credit:
        """A new credit of the same payment, opened by what is moved out of others."""
        first = parts[0][0]
        self._own(*(credit.account_id for credit, _ in parts))
        aside = Credit.objects.create(
            account_id=first.account_id,
            payment_id=first.payment_id,
            location_id=first.location_id,
            event_id=event_id,
            kind=kind,
            received_on=first.received_on,
            amount=sum(above_zero(amount, "to set aside") for _, amount in parts),
        )
        lines = [
            *(_out(credit, amount) for credit, amount in parts),
            Line(EntryKind.MOVE_IN, credit_id=aside.pk, credit_delta=aside.amount),
        ]
        # Each reserve is a posting of its own, so that giving it up finds its lines and no others.
        self._note(act, first.location_id, *lines, reason=reason, apart=aside.pk)
        return aside


def find_allocation(entry_id: int) -> Entry:
    """An allocation with its two sides, undone or not. Raises Refusal when there is none."""
    return find_entry(entry_id, EntryKind.ALLOCATE, "There is no such allocation.")


def find_entry(entry_id: int, kind: EntryKind, missing: str) -> Entry:
    """An entry of a kind with its two sides, undone or not. Raises Refusal with the words `missing`."""
    rows = Entry.objects.filter(pk=entry_id, kind=kind)
    found = rows.select_related("posting", "charge__invoice", "credit").first()
    if not found:
        raise Refusal(missing)
    return found


def _out(credit: Credit, amount: int) -> Line:
    return Line(EntryKind.MOVE_OUT, credit_id=credit.pk, credit_delta=-amount)


def _application(credit_id: int | None, charge_id: int | None, amount: int) -> Line:
    return Line(EntryKind.ALLOCATE, charge_id, -amount, credit_id, -amount)


def _entry_of(credit: Credit, kind: EntryKind) -> Entry:
    """The one entry of a kind that a credit can have."""
    return Entry.objects.select_related("posting").get(credit=credit, kind=kind)


def _live_allocations(credit: Credit) -> Iterable[Entry]:
    """What of a credit is applied now."""
    rows = Entry.objects.filter(credit=credit, kind=EntryKind.ALLOCATE, reversed_by=None)
    return rows.select_related("posting", "charge__invoice", "credit").order_by("pk")
