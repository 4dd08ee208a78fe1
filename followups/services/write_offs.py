"""Write-offs: asked for by some, decided by others, reversible, and in the ledger only once approved (W1–W4)."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from balances.ledger import find_entry, lock_accounts, open_books
from balances.models import Invoice
from balances.queries import entries_of_acts, open_charges
from balances.requests import Once
from balances.states import EntryKind, PostingKind
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from followups.models import WriteOff, WriteOffLine
from followups.services.cases import bring_case, settle_case
from followups.states import WRITE_OFF_MOVES, CaseState, WriteOffStatus


@transaction.atomic
def request_write_off(account: Account, invoices: Sequence[Invoice], *, by: Actor, reason: str) -> WriteOff:
    """Ask to give up all that these invoices still owe (W1). Refused while the account has usable money (W3)."""
    require(by, Can.REQUEST_WRITE_OFF)
    if not reason.strip():
        raise Refusal("Say why this should be written off.")
    [locked] = lock_accounts([account.pk]).values()
    _refuse_with_money(locked, by)
    charges = [one for one in open_charges([locked]) if one.invoice_id in {invoice.pk for invoice in invoices}]
    if not charges:
        raise Refusal("Choose invoices of this account that still owe something.")
    if WriteOffLine.objects.filter(charge__in=charges, write_off__status=WriteOffStatus.REQUESTED).exists():
        raise Refusal("A write-off of one of these invoices is already waiting for its decision.")
    amount = sum(one.outstanding for one in charges)
    write_off = WriteOff.objects.create(
        number=take(WriteOff.KIND)[0], account=locked, amount=amount, reason=reason.strip()[:500]
    )
    WriteOffLine.objects.bulk_create(
        WriteOffLine(write_off=write_off, charge=one, amount=one.outstanding) for one in charges
    )
    bring_case(locked, CaseState.WRITE_OFF_REQUESTED, by=by)
    record("write_off.requested", write_off, by=by, after={"amount": amount}, reason=write_off.reason)
    return write_off


@transaction.atomic
def approve_write_off(write_off: WriteOff, *, by: Actor, once: Once | None = None) -> WriteOff:
    """Give the debt up: each chosen invoice owes exactly 0 afterwards.

    Raises Refusal when the account can pay after all, or owes something else than was asked for.
    """
    require(by, Can.APPROVE_WRITE_OFF)
    with open_books(write_off.account_id, by=by, once=once) as books:
        write_off = _move(write_off, WriteOffStatus.APPROVED)
        _refuse_with_money(books.accounts[write_off.account_id], by)
        lines = list(write_off.lines.select_related("charge__invoice").order_by("pk"))
        for line in lines:
            if line.charge.outstanding != line.amount:
                raise Refusal("What these invoices owe has changed since this was asked for. Reject it and ask anew.")
            books.write_off(line.charge, line.amount, reason=_why(write_off))
        books.answer = {"write_off": write_off.number}
    entries = {
        entry.charge_id: entry for entry in entries_of_acts(books.written[PostingKind.WRITE_OFF], EntryKind.WRITE_OFF)
    }
    for line in lines:
        line.entry = entries[line.charge_id]
    WriteOffLine.objects.bulk_update(lines, ["entry"])
    record("write_off.approved", write_off, by=by, after={"amount": write_off.amount}, reason=write_off.reason)
    return write_off


@transaction.atomic
def reject_write_off(write_off: WriteOff, *, by: Actor, reason: str) -> WriteOff:
    """Turn a request down: the debt stays, and so does the work on it."""
    require(by, Can.APPROVE_WRITE_OFF)
    if not reason.strip():
        raise Refusal("Say why the write-off is rejected.")
    [locked] = lock_accounts([write_off.account_id]).values()
    write_off = _move(write_off, WriteOffStatus.REJECTED)
    settle_case(locked, by=by)
    record("write_off.rejected", write_off, by=by, reason=reason)
    return write_off


@transaction.atomic
def reverse_write_off(write_off: WriteOff, *, by: Actor, reason: str, once: Once | None = None) -> WriteOff:
    """The debt stands again, on its own invoices with their own age. Refused once part of it was recovered."""
    require(by, Can.APPROVE_WRITE_OFF)
    with open_books(write_off.account_id, by=by, once=once) as books:
        write_off = _move(write_off, WriteOffStatus.REVERSED)
        for line in write_off.lines.order_by("pk"):
            assert line.entry_id  # approved ones have their entries
            entry = find_entry(line.entry_id, EntryKind.WRITE_OFF, "There is no such write-off.")
            books.reverse_write_off(entry, reason=reason)
        books.answer = {"write_off": write_off.number}
    record("write_off.reversed", write_off, by=by, after={"amount": write_off.amount}, reason=reason)
    return write_off


def _refuse_with_money(account: Account, by: Actor) -> None:
    if account.credit:
        has = money.show(account.credit, by.clinic.currency)
        raise Refusal(f"{account.name} has {has} in hand. Apply that first; what is left can be written off.")


def _why(write_off: WriteOff) -> str:
    return f"{write_off.ref}: {write_off.reason}"[:500]


def _move(write_off: WriteOff, to: WriteOffStatus) -> WriteOff:
    write_off = WriteOff.objects.select_for_update(no_key=True).get(pk=write_off.pk)
    if to not in WRITE_OFF_MOVES[write_off.status]:
        state = write_off.get_status_display().lower()
        raise Refusal(f"{write_off.ref} is {state}: it can't become {to.label.lower()}.")
    write_off.status, write_off.decided_at = to, timezone.now()
    write_off.save(update_fields=["status", "decided_at"])
    return write_off
