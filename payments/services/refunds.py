"""Money of a payment that goes back: refunds from request to success, returns, and the reversals of both.

Amounts are minor units. What goes back is taken from money in hand first, then from what the payment has
paid, the newest application first (R2); what that re-opens stays owed unless the charge is reduced too (R3).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from balances.ledger import Allocation, Books, open_books
from balances.models import Credit
from balances.queries import entries_of_acts, entries_of_posting, in_hand, live_allocations
from balances.requests import Once
from balances.states import EntryKind, PostingKind
from clinicpay.audit.services import record
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.models import Payment, Refund, RefundLine
from payments.services.desk import accounts_paid_by
from payments.states import (
    MONEY,
    REFUND_MOVES,
    REFUND_OPEN,
    Method,
    PaymentStatus,
    RefundKind,
    RefundReason,
    RefundStatus,
    ReturnReason,
)


@dataclass(frozen=True)
class GoingBack:
    """What somebody wants to give back, and why; without a method it goes back the way it came."""

    amount: int
    reason: RefundReason
    notes: str = ""
    reduce_charge: bool = False
    method: Method | None = None


@dataclass
class Effects:
    """What giving an amount back does: money taken from hand, and applications undone, (which, how much) each."""

    in_hand: list[tuple[Credit, int]] = field(default_factory=list)
    undone: list[tuple[Allocation, int]] = field(default_factory=list)

    def parts(self) -> list[tuple[Credit, int]]:
        """How much is taken of each credit, once the applications are undone."""
        credits: dict[int, Credit] = {}
        taken: Counter[int] = Counter()
        for credit, amount in [*self.in_hand, *((entry.credit, part) for entry, part in self.undone)]:
            assert credit  # the shape of an allocation
            credits[credit.pk] = credit
            taken[credit.pk] += amount
        return [(credits[pk], amount) for pk, amount in taken.items()]


def refundable(payment: Payment) -> int:
    """What can still go back of a payment: its amount less what went back or is about to (R1, S1.83)."""
    if payment.status not in MONEY:
        return 0
    return payment.amount - _going_back(payment, {*REFUND_OPEN, RefundStatus.SUCCEEDED})


def foresee(payment: Payment, amount: int) -> Effects:
    """What giving `amount` back would do now, to be shown before anybody confirms it (R2). Raises Refusal."""
    effects, left = Effects(), amount
    for credit in in_hand(payment.pk):
        if part := min(left, credit.available):
            effects.in_hand.append((credit, part))
            left -= part
    for entry in live_allocations(credit__payment=payment):
        if part := min(left, entry.applied):
            effects.undone.append((entry, part))
            left -= part
    if left:
        raise Refusal("That is more than is left of this payment.")
    return effects


@transaction.atomic
def request_refund(payment: Payment, wish: GoingBack, *, by: Actor, once: Once | None = None) -> Refund:
    """Ask for a refund. Nothing moves yet, but nobody can ask for the same money twice (R1)."""
    require(by, Can.REQUEST_REFUND)
    with open_books(payment.account_id, by=by, once=once) as books:
        refund = _requested(_lock(payment), wish)
        books.answer = {"refund": refund.number}
    record("refund.requested", refund, by=by, after=_kept(refund), reason=refund.why)
    return refund


@transaction.atomic
def reject_refund(refund: Refund, *, by: Actor, reason: str) -> Refund:
    """Turn a request down; its money can be refunded another time."""
    require(by, Can.REFUND)
    if not reason.strip():
        raise Refusal("Say why the refund is rejected.")
    refund = _move(refund, RefundStatus.REJECTED)
    refund.decided_at = timezone.now()
    refund.save(update_fields=["status", "decided_at"])
    record("refund.rejected", refund, by=by, after=_kept(refund), reason=reason.strip())
    return refund


@transaction.atomic
def approve_refund(refund: Refund, *, by: Actor, once: Once | None = None) -> Refund:
    """Set the money aside, out of everybody's reach, until it has gone or failed to go."""
    require(by, Can.REFUND)
    payment = refund.payment
    with open_books(*accounts_paid_by(payment), by=by, once=once) as books:
        refund = _move(refund, RefundStatus.APPROVED)
        effects = _free(books, _lock(payment, books), refund)
        refund.reserved, refund.decided_at = books.reserve(effects.parts(), reason=refund.why), timezone.now()
        refund.save(update_fields=["status", "reserved", "decided_at"])
        books.answer = {"refund": refund.number}
    _keep_lines(refund, effects, books)
    record("refund.approved", refund, by=by, after=_kept(refund), reason=refund.why)
    return refund


@transaction.atomic
def pay_refund(refund: Refund, *, by: Actor) -> Refund:
    """The money has gone out: the payment is Partially Refunded or Refunded from now on (S1.90, S1.91)."""
    require(by, Can.REFUND)
    with open_books(refund.payment.account_id, by=by) as books:
        refund = _move(refund, RefundStatus.SUCCEEDED)
        assert refund.reserved  # an approved refund has its money set aside
        books.refund(refund.reserved, reason=refund.why)
        refund.settled_at = timezone.now()
        _save_settled(refund)
    _set_posting(refund, books, PostingKind.REFUND)
    record("refund.succeeded", refund, by=by, after=_kept(refund), reason=refund.why)
    return refund


@transaction.atomic
def fail_refund(refund: Refund, *, by: Actor, reason: str) -> Refund:
    """The money could not go out: everything is again as it was before the approval."""
    require(by, Can.REFUND)
    with open_books(*_accounts_of(refund), by=by) as books:
        refund = _move(refund, RefundStatus.FAILED)
        assert refund.reserved  # an approved refund has its money set aside
        books.unreserve(refund.reserved, reason=reason)
        _restore(books, refund, reason)
        refund.settled_at = timezone.now()
        refund.save(update_fields=["status", "settled_at"])
    record("refund.failed", refund, by=by, after=_kept(refund), reason=reason)
    return refund


@transaction.atomic
def refund_payment(payment: Payment, wish: GoingBack, *, by: Actor, once: Once | None = None) -> Refund:
    """Give money back at the desk: request, approval and payment in one act (S1.82–S1.91)."""
    require(by, Can.REFUND)
    refund = request_refund(payment, wish, by=by, once=once)
    return pay_refund(approve_refund(refund, by=by), by=by)


@transaction.atomic
def record_return(
    payment: Payment, amount: int, *, by: Actor, reason: ReturnReason, notes: str = "", once: Once | None = None
) -> Refund:
    """Others took money back: a bounced cheque, a chargeback. What it had paid is owed again (R-9)."""
    require(by, Can.REFUND)
    with open_books(*accounts_paid_by(payment), by=by, once=once) as books:
        payment = _lock(payment, books)
        _check(payment, amount)
        returned = {"kind": RefundKind.RETURN, "status": RefundStatus.SUCCEEDED, "settled_at": timezone.now()}
        refund = _new(payment, amount, reason=reason, notes=notes, **returned)
        effects = _free(books, payment, refund)
        books.take_back(effects.parts(), reason=refund.why)
        _save_settled(refund)
        books.answer = {"refund": refund.number}
    _keep_lines(refund, effects, books)
    _set_posting(refund, books, PostingKind.RETURN)
    record("payment.returned", refund, by=by, after=_kept(refund), reason=refund.why)
    return refund


@transaction.atomic
def reverse_refund(refund: Refund, *, by: Actor, reason: str, once: Once | None = None) -> Refund:
    """Money that went back has come again: in hand as before, and applied again to what still owes it."""
    require(by, Can.REFUND)
    with open_books(*_accounts_of(refund), by=by, once=once) as books:
        refund = (
            Refund.objects.select_for_update(no_key=True, of=("self",))
            .select_related("payment", "reserved")
            .get(pk=refund.pk)
        )
        if refund.status != RefundStatus.SUCCEEDED or refund.reversed_at:
            raise Refusal(f"{refund.ref} isn't money that went back and stayed away.")
        if refund.reserved:
            books.reverse_refund(refund.reserved, reason=reason)
        else:
            for entry in entries_of_posting(refund.posting_id):
                books.reverse_return(entry, reason=reason)
        _restore(books, refund, reason)
        refund.reversed_at = timezone.now()
        _save_settled(refund)
        books.answer = {"refund": refund.number}
    record("refund.reversed", refund, by=by, after=_kept(refund), reason=reason)
    return refund


def _requested(payment: Payment, wish: GoingBack) -> Refund:
    _check(payment, wish.amount)
    return _new(
        payment,
        wish.amount,
        reason=wish.reason,
        notes=wish.notes,
        reduce_charge=wish.reduce_charge,
        method=wish.method or payment.method,
    )


def _new(payment: Payment, amount: int, **fields: object) -> Refund:
    fields.setdefault("method", payment.method)
    return Refund.objects.create(number=take(Refund.KIND)[0], payment=payment, amount=amount, **fields)


def _check(payment: Payment, amount: int) -> None:
    if payment.status not in {PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED}:
        state = payment.get_status_display()
        raise Refusal(f"{payment.ref} is {state}: only a Paid or Partially Refunded payment can be refunded.")
    if amount <= 0:
        raise Refusal("Enter an amount greater than zero.")
    if amount > refundable(payment):
        raise Refusal("That is more than is left to refund of this payment. Look again: it may have changed.")


def _lock(payment: Payment, books: Books | None = None) -> Payment:
    """The payment as it is now. Raises Refusal when it has paid an account that was not locked."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if books and not accounts_paid_by(payment) <= set(books.accounts):
        raise Refusal(f"{payment.ref} has just been applied to another account. Try again in a moment.")
    return payment


def _move(refund: Refund, to: RefundStatus) -> Refund:
    refund = (
        Refund.objects.select_for_update(no_key=True, of=("self",))
        .select_related("payment", "reserved")
        .get(pk=refund.pk)
    )
    if to not in REFUND_MOVES[refund.status]:
        raise Refusal(f"{refund.ref} is {refund.get_status_display().lower()}: it can't become {to.label.lower()}.")
    refund.status = to
    return refund


def _locked(refund: Refund) -> Refund:
    rows = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("payment", "reserved")
    return rows.get(pk=refund.pk)


def _free(books: Books, payment: Payment, refund: Refund) -> Effects:
    """Undo what the refund needs of what the payment has paid, and credit the charges if they are reduced too."""
    effects = foresee(payment, refund.amount)
    for entry, part in effects.undone:
        books.unallocate(entry, reason=refund.why, keep=entry.applied - part)
        if refund.reduce_charge and entry.charge:
            books.credit_note(entry.charge, part, reason=refund.why)
    return effects


def _keep_lines(refund: Refund, effects: Effects, books: Books) -> None:
    """Remember what was freed, with its credit note, so that a failure can restore it."""
    notes = entries_of_acts(books.written.get(PostingKind.CREDIT_NOTE, []), EntryKind.CREDIT_NOTE)
    lines = []
    for entry, part in effects.undone:
        note = next((one for one in notes if (one.charge_id, one.charge_delta) == (entry.charge_id, -part)), None)
        if note:
            notes.remove(note)
        lines.append(RefundLine(refund=refund, freed=entry, charge=entry.charge, amount=part, credit_note=note))
    RefundLine.objects.bulk_create(lines)


def _restore(books: Books, refund: Refund, reason: str) -> None:
    """Bill again what was credited, and apply again what was freed, as far as the charge still owes it."""
    owed: dict[int, int] = {}
    lines = refund.lines.select_related(
        "charge__invoice", "freed__posting", "freed__credit", "credit_note__charge__invoice"
    )
    for line in lines.order_by("pk"):
        charge, note = line.charge, line.credit_note
        left = owed.setdefault(charge.pk, charge.outstanding)
        if note and not charge.voided and not note.reversed_by.exists():
            books.reverse_credit_note(note, reason=reason)
            left += line.amount
        part = min(left, line.amount)
        if part:
            books.allocate(line.freed.credit, charge, part, like=line.freed)
        owed[charge.pk] = left - part


def _accounts_of(refund: Refund) -> set[int]:
    """The payment's account and those whose charges were freed."""
    return {*accounts_paid_by(refund.payment), *refund.lines.values_list("charge__account", flat=True)}


def _save_settled(refund: Refund) -> None:
    """The payment's status follows what has gone back of it in the end."""
    refund.save(update_fields=["status", "settled_at", "reversed_at"])
    payment = Payment.objects.select_for_update(no_key=True).get(pk=refund.payment_id)
    gone = _going_back(payment, {RefundStatus.SUCCEEDED})
    payment.status = (
        PaymentStatus.PAID
        if gone == 0
        else PaymentStatus.REFUNDED
        if gone == payment.amount
        else PaymentStatus.PARTIALLY_REFUNDED
    )
    payment.save(update_fields=["status"])


def _going_back(payment: Payment, statuses: Sequence[str] | set[RefundStatus]) -> int:
    rows = Refund.objects.filter(payment=payment, status__in=statuses, reversed_at=None)
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def _set_posting(refund: Refund, books: Books, kind: PostingKind) -> None:
    refund.posting_id = books.written[kind][0]
    refund.save(update_fields=["posting"])


def _kept(refund: Refund) -> dict[str, Any]:
    """What the trail keeps of a refund."""
    return {"payment": refund.payment.ref, "amount": refund.amount, "refund": str(refund.status)}
