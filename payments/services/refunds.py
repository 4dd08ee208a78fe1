"""Money of a payment that goes back: refunds from request to success, returns, and the reversals of both.

Amounts are minor units. What going back does is told in `foreseen`.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from balances.ledger import Books, open_books
from balances.queries import entries_of_acts, entries_of_posting
from balances.requests import Once
from balances.services import why_not_uncredited
from balances.states import EntryKind, PostingKind
from clinicpay.audit.services import record
from clinicpay.clinics.numbers import take
from clinicpay.clinics.queries import refund_limit
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused, require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.models import Payment, Refund, RefundLine
from payments.services.desk import accounts_paid_by
from payments.services.foreseen import (
    Effects,
    foresee,
    going_back,
    refundable,
    settled_status,
    why_not_refunded,
    why_not_returned,
)
from payments.services.handing import goes_by_gateway, hand_over
from payments.signals import told_against
from payments.states import (
    REFUND_MOVES,
    Method,
    RefundKind,
    RefundReason,
    RefundStatus,
    ReturnReason,
    returns_of,
)
from treatments.services import lock_events


@dataclass(frozen=True)
class GoingBack:
    """What somebody wants to give back, and why; without a method it goes back the way it came."""

    amount: int
    reason: RefundReason
    notes: str = ""
    reduce_charge: bool = False
    method: Method | None = None


def may_refund(by: Actor, amount: int) -> bool:
    """Whether somebody gives so much back by themselves: billing does up to the clinic's limit."""
    return by.can(Can.REFUND) and (by.can(Can.REFUND_ANY) or _within_limit(by, amount))


def require_refund(by: Actor, amount: int) -> None:
    """Raise Refused unless they may give so much back by themselves; the message says who may."""
    require(by, Can.REFUND)
    if not may_refund(by, amount):
        require(by, Can.REFUND_ANY)


def _within_limit(by: Actor, amount: int) -> bool:
    limit = refund_limit(by.clinic)
    return limit is None or amount <= limit


@transaction.atomic
def request_refund(payment: Payment, wish: GoingBack, *, by: Actor, once: Once | None = None) -> Refund:
    """Ask for a refund. Nothing moves yet, but nobody can ask for the same money twice (R1)."""
    require(by, Can.REQUEST_REFUND)
    with open_books(payment.account_id, by=by, once=once) as books:
        refund = _requested(_lock(payment), wish)
        books.answer = {"number": refund.number}
    record("refund.requested", refund, by=by, after=_kept(refund), reason=refund.why)
    return refund


@transaction.atomic
def reject_refund(refund: Refund, *, by: Actor, reason: str, once: Once | None = None) -> Refund:
    """Turn a request down; its money can be refunded another time."""
    require(by, Can.REFUND)
    if not reason.strip():
        raise Refusal("Say why the refund is rejected.")
    with open_books(refund.payment.account_id, by=by, once=once) as books:
        refund = _move(refund, RefundStatus.REJECTED)
        refund.decided_at = timezone.now()
        refund.save(update_fields=["status", "decided_at"])
        books.answer = {"number": refund.number}
    record(
        "refund.rejected",
        refund,
        by=by,
        before=_kept(refund, RefundStatus.REQUESTED),
        after=_kept(refund),
        reason=reason.strip(),
    )
    return refund


@transaction.atomic
def approve_refund(refund: Refund, *, by: Actor, once: Once | None = None) -> Refund:
    """Set the money aside, out of everybody's reach, until it has gone or failed to go.

    Raises Refused above the limit for billing, and for one's own request unless by the owner (B16).
    """
    if lacking := lacking_to_approve(refund, by):
        raise Refused(lacking)
    return _approve(refund, by=by, once=once)


def lacking_to_approve(refund: Refund, by: Actor) -> Can | None:
    """The permission that somebody lacks to approve this refund, if any."""
    own = refund.requested_by_id is not None and refund.requested_by_id == by.user_id
    needed = {
        Can.REFUND: by.can(Can.REFUND),
        Can.REFUND_ANY: may_refund(by, refund.amount),
        Can.APPROVE_OWN: not own or by.can(Can.APPROVE_OWN),
    }
    return next((can for can, has in needed.items() if not has), None)


def _approve(refund: Refund, *, by: Actor, once: Once | None = None) -> Refund:
    payment = refund.payment
    with open_books(*accounts_paid_by(payment), by=by, once=once) as books:
        refund = _move(refund, RefundStatus.APPROVED)
        effects = _free(books, _lock(payment, books), refund)
        refund.reserved, refund.decided_at = books.reserve(effects.parts(), reason=refund.why), timezone.now()
        refund.save(update_fields=["status", "reserved", "decided_at"])
        books.answer = {"number": refund.number}
    _keep_lines(refund, effects, books)
    record(
        "refund.approved",
        refund,
        by=by,
        before=_kept(refund, RefundStatus.REQUESTED),
        after=_kept(refund),
        reason=refund.why,
    )
    hand_over(refund)
    return refund


@transaction.atomic
def pay_refund(refund: Refund, *, by: Actor, once: Once | None = None) -> Refund:
    """The money has gone out: the payment is Partially Refunded or Refunded from now on (S1.90, S1.91)."""
    require(by, Can.REFUND)
    _leave_to_gateway(refund, by)
    with open_books(refund.payment.account_id, by=by, once=once) as books:
        refund = _move(refund, RefundStatus.SUCCEEDED)
        assert refund.reserved  # an approved refund has its money set aside
        books.refund(refund.reserved, reason=refund.why)
        refund.settled_at = timezone.now()
        _save_settled(refund)
        books.answer = {"number": refund.number}
    _set_posting(refund, books, PostingKind.REFUND)
    record(
        "refund.succeeded",
        refund,
        by=by,
        before=_kept(refund, RefundStatus.APPROVED),
        after=_kept(refund),
        reason=refund.why,
    )
    return refund


@transaction.atomic
def fail_refund(refund: Refund, *, by: Actor, reason: str, once: Once | None = None) -> Refund:
    """The money could not go out: everything is again as it was before the approval."""
    require(by, Can.REFUND)
    _leave_to_gateway(refund, by)
    with open_books(*_accounts_of(refund), by=by, once=once) as books:
        refund = _move(refund, RefundStatus.FAILED)
        assert refund.reserved  # an approved refund has its money set aside
        books.unreserve(refund.reserved, reason=reason)
        _restore(books, refund, reason)
        refund.settled_at = timezone.now()
        refund.save(update_fields=["status", "settled_at"])
        books.answer = {"number": refund.number}
    record(
        "refund.failed", refund, by=by, before=_kept(refund, RefundStatus.APPROVED), after=_kept(refund), reason=reason
    )
    return refund


@transaction.atomic
def refund_payment(payment: Payment, wish: GoingBack, *, by: Actor, once: Once | None = None) -> Refund:
    """Give money back at the desk: request, approval and payment in one act (S1.82–S1.91).

    What a gateway took stays approved until the gateway says that it has gone back. Raises Refused
    above the limit for billing: that is asked for, and somebody else approves it.
    """
    require_refund(by, wish.amount)
    refund = _approve(request_refund(payment, wish, by=by, once=once), by=by)
    return refund if goes_by_gateway(refund) else pay_refund(refund, by=by)


@transaction.atomic
def approve_and_pay(refund: Refund, *, by: Actor) -> Refund:
    """Approve what somebody else has asked for, and pay it out at once where that is done by hand."""
    refund = approve_refund(refund, by=by)
    return refund if goes_by_gateway(refund) else pay_refund(refund, by=by)


@transaction.atomic
def record_return(
    payment: Payment, amount: int, *, by: Actor, reason: ReturnReason, notes: str = "", once: Once | None = None
) -> Refund:
    """Others took money back: a bounced cheque, a chargeback. What it had paid is owed again (R-9)."""
    require(by, Can.REFUND)
    with open_books(*accounts_paid_by(payment), by=by, once=once) as books:
        payment = _lock(payment, books)
        if refused := why_not_returned(payment):
            raise Refusal(refused)
        assert reason in returns_of(payment.method), f"{reason} of {payment.method}"
        _check(payment, amount)
        returned = {"kind": RefundKind.RETURN, "status": RefundStatus.SUCCEEDED, "settled_at": timezone.now()}
        refund = _new(payment, amount, reason=reason, notes=notes, **returned)
        effects = _free(books, payment, refund)
        books.take_back(effects.parts(), reason=refund.why)
        _save_settled(refund)
        books.answer = {"number": refund.number}
    _keep_lines(refund, effects, books)
    _set_posting(refund, books, PostingKind.RETURN)
    record("payment.returned", refund, by=by, after=_kept(refund), reason=refund.why)
    return refund


@transaction.atomic
def reverse_refund(refund: Refund, *, by: Actor, reason: str, once: Once | None = None) -> Refund:
    """Money that went back has come again: in hand as before, and applied again to what still owes it."""
    require(by, Can.REFUND)
    with open_books(*_accounts_of(refund), by=by, once=once) as books:
        refund = _locked(refund)
        if refund.status != RefundStatus.SUCCEEDED or refund.reversed_at:
            raise Refusal(f"{refund.ref} isn't money that went back and stayed away.")
        if refused := told_against(refund):
            raise Refusal(refused)
        if refund.reserved:
            books.reverse_refund(refund.reserved, reason=reason)
        else:
            for entry in entries_of_posting(refund.posting_id):
                books.reverse_return(entry, reason=reason)
        _restore(books, refund, reason)
        refund.reversed_at = timezone.now()
        _save_settled(refund)
        books.answer = {"number": refund.number}
    record(
        "refund.reversed",
        refund,
        by=by,
        before=_kept(refund, RefundStatus.SUCCEEDED),
        after=_kept(refund),
        reason=reason,
    )
    return refund


def _leave_to_gateway(refund: Refund, by: Actor) -> None:
    """A person can't say what became of money that a gateway sends back."""
    if by.user_id and goes_by_gateway(refund):
        raise Refusal(f"{refund.ref} goes back by the gateway that took the card. It says when the money has gone.")


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
    if amount <= 0:
        raise Refusal("Enter an amount greater than zero.")
    if refused := why_not_refunded(payment):
        raise Refusal(refused)
    if amount > refundable(payment):
        raise Refusal("That is more than is left to refund of this payment. Look again: it may have changed.")


def _lock(payment: Payment, books: Books | None = None) -> Payment:
    """The payment as it is now. Raises Refusal when it has paid an account that was not locked."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if books and not accounts_paid_by(payment) <= set(books.accounts):
        raise Refusal(f"{payment.ref} has just been applied to another account. Try again in a moment.")
    return payment


def _move(refund: Refund, to: RefundStatus) -> Refund:
    refund = _locked(refund)
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


class Restored(NamedTuple):
    """A line of a refund whose money is in hand again: how much is applied again, and whether it is billed again."""

    line: RefundLine
    part: int
    billed: bool


def foresee_return(refund: Refund) -> list[Restored]:
    """What failing or reversing a refund would apply again: what was freed, as far as the charge still owes it."""
    owed: dict[int, int] = {}
    found = []
    lines = refund.lines.select_related(
        "charge__invoice", "charge__event", "freed__posting", "freed__credit", "credit_note__charge__invoice"
    )
    for line in lines.order_by("pk"):
        charge, note = line.charge, line.credit_note
        left = owed.setdefault(charge.pk, charge.outstanding)
        billed = bool(note and not why_not_uncredited(charge) and not note.reversed_by.exists())
        left += line.amount if billed else 0
        part = min(left, line.amount)
        found.append(Restored(line, part, billed))
        owed[charge.pk] = left - part
    return found


def _restore(books: Books, refund: Refund, reason: str) -> None:
    """Bill again what was credited, and apply again what was freed."""
    lock_events(refund.lines.values("charge__event"))  # so that nobody cancels one meanwhile
    for line, part, billed in foresee_return(refund):
        if billed and line.credit_note:
            books.reverse_credit_note(line.credit_note, reason=reason)
        if part:
            books.allocate(line.freed.credit, line.charge, part, like=line.freed)


def _accounts_of(refund: Refund) -> set[int]:
    """The payment's account and those whose charges were freed."""
    return {*accounts_paid_by(refund.payment), *refund.lines.values_list("charge__account", flat=True)}


def _save_settled(refund: Refund) -> None:
    """The payment's status follows what has gone back of it in the end."""
    refund.save(update_fields=["status", "settled_at", "reversed_at"])
    payment = Payment.objects.select_for_update(no_key=True).get(pk=refund.payment_id)
    payment.status = settled_status(payment, going_back(payment, {RefundStatus.SUCCEEDED}))
    payment.save(update_fields=["status"])


def _set_posting(refund: Refund, books: Books, kind: PostingKind) -> None:
    refund.posting_id = books.written[kind][0]
    refund.save(update_fields=["posting"])


def _kept(refund: Refund, status: RefundStatus | None = None) -> dict[str, Any]:
    """What the trail keeps of a refund, as it is or as it was in an earlier status."""
    return {"payment": refund.payment.ref, "amount": refund.amount, "refund": str(status or refund.status)}
