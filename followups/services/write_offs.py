"""Write-offs: asked for by some, decided by others, reversible, and in the ledger only once approved (W1–W4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from balances.ledger import Books, find_entry, lock_accounts, open_books
from balances.models import Charge, Invoice
from balances.queries import entries_of_acts, open_charges
from balances.requests import Once
from balances.states import EntryKind, PostingKind
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.delegations import leave_to_approve
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from followups.models import WriteOff, WriteOffLine
from followups.queries.write_offs import Usable, active_plans, owed_by_charge, unbilled, usable_money
from followups.services.cases import follow, settle_case
from followups.services.plans import cancel_plan
from followups.states import WRITE_OFF_MOVES, CaseState, WriteOffCause, WriteOffStatus

CHANGED = "What is owed has changed since you opened this page. Look again: the figures are new."
OUTDATED = "What these invoices owe has changed since this was asked for. Decline it and ask anew."


@dataclass(frozen=True)
class Wish:
    """How debt is to be given up: why, for the auditor's sums, and whether active plans are ended for it.

    `shown` is what the page showed of the chosen invoices, by id, with what is unbilled under 0 (minor units).
    """

    cause: WriteOffCause = WriteOffCause.OTHER
    with_plans: bool = False
    shown: Mapping[int, int] = field(default_factory=dict)


@transaction.atomic
def request_write_off(
    account: Account,
    invoices: Sequence[Invoice],
    *,
    by: Actor,
    reason: str,
    wish: Wish = Wish(),
    once: Once | None = None,
) -> WriteOff:
    """Ask to give up all that these invoices still owe (W1). Refused while the account has usable money (W3)."""
    require(by, Can.REQUEST_WRITE_OFF)
    with open_books(account.pk, by=by, once=once) as books:
        locked = books.accounts[account.pk]
        write_off = _written_down(locked, invoices, wish, by=by, reason=reason)
        follow(locked, CaseState.WRITE_OFF_REQUESTED, by=by)
        after = {"amount": write_off.amount, "cause": write_off.cause}
        record("write_off.requested", write_off, by=by, after=after, reason=write_off.reason)
        books.answer = {"write_off": write_off.number}
    return write_off


@transaction.atomic
def write_off_now(
    account: Account,
    invoices: Sequence[Invoice],
    *,
    by: Actor,
    reason: str,
    wish: Wish = Wish(),
    once: Once | None = None,
) -> WriteOff:
    """Give the debt up without asking anybody: an owner's act, or a delegate's within their leave (C10)."""
    require(by, Can.REQUEST_WRITE_OFF)
    with open_books(account.pk, by=by, once=once) as books:
        write_off = _written_down(books.accounts[account.pk], invoices, wish, by=by, reason=reason, at_once=True)
        _approve(write_off, books, by=by, own=False)
    _note_entries(write_off, books)
    return write_off


@transaction.atomic
def approve_write_off(write_off: WriteOff, *, by: Actor, once: Once | None = None) -> WriteOff:
    """Give the debt up: each chosen invoice owes exactly 0 afterwards, and plans that are part of it have ended.

    Raises NotDelegated for who is neither owner nor a delegate within limit and time, or asked for it and is no
    owner; Refusal when the account can pay after all, or owes something else than was asked for.
    """
    with open_books(write_off.account_id, by=by, once=once) as books:
        write_off = _locked(write_off)
        _approve(write_off, books, by=by, own=write_off.requested_by_id == by.user_id)
    _note_entries(write_off, books)
    return write_off


@transaction.atomic
def reject_write_off(write_off: WriteOff, *, by: Actor, reason: str, once: Once | None = None) -> WriteOff:
    """Turn a request down: the debt stays, and so does the work on it."""
    with open_books(write_off.account_id, by=by, once=once) as books:
        write_off = _locked(write_off)
        leave_to_approve(by, write_off.amount, own=False)
        write_off.decline_reason = _reason(reason, "Say why the write-off is declined.")
        _move(write_off, WriteOffStatus.REJECTED, "decline_reason")
        settle_case(books.accounts[write_off.account_id], by=by)
        record("write_off.rejected", write_off, by=by, after={"amount": write_off.amount}, reason=reason)
        books.answer = {"write_off": write_off.number}
    return write_off


@transaction.atomic
def reverse_write_off(write_off: WriteOff, *, by: Actor, reason: str, once: Once | None = None) -> WriteOff:
    """The debt stands again, on its own invoices with their own age. Refused once part of it was recovered."""
    with open_books(write_off.account_id, by=by, once=once) as books:
        write_off = _locked(write_off)
        leave_to_approve(by, write_off.amount, own=False)
        write_off.reversal_reason = _reason(reason, "Say why the write-off is reversed.")
        _move(write_off, WriteOffStatus.REVERSED, "reversal_reason")
        for line in write_off.lines.order_by("pk"):
            assert line.entry_id  # approved ones have their entries
            entry = find_entry(line.entry_id, EntryKind.WRITE_OFF, "There is no such write-off.")
            books.reverse_write_off(entry, reason=reason)
        books.answer = {"write_off": write_off.number}
    record("write_off.reversed", write_off, by=by, after={"amount": write_off.amount}, reason=reason)
    return write_off


def _written_down(
    account: Account, invoices: Sequence[Invoice], wish: Wish, *, by: Actor, reason: str, at_once: bool = False
) -> WriteOff:
    """The request with its lines, of a locked account; nothing moves yet."""
    said = _reason(reason, "Say why this should be written off.")
    owed = _chosen(account, invoices, wish)
    refuse_with_money(account, [charge for charge, _ in owed], by)
    waiting = WriteOffLine.objects.filter(
        charge__in=[charge for charge, _ in owed], write_off__status=WriteOffStatus.REQUESTED
    )
    if other := waiting.select_related("write_off").first():
        raise Refusal(f"{other.write_off.ref}, of one of these invoices, is already waiting for its decision.")
    write_off = WriteOff.objects.create(
        number=take(WriteOff.KIND)[0],
        account=account,
        amount=sum(amount for _, amount in owed),
        cause=wish.cause,
        reason=said,
        with_plans=wish.with_plans,
        at_once=at_once,
    )
    WriteOffLine.objects.bulk_create(
        WriteOffLine(write_off=write_off, charge=charge, amount=amount) for charge, amount in owed
    )
    return write_off


def _chosen(account: Account, invoices: Sequence[Invoice], wish: Wish) -> list[tuple[Charge, int]]:
    """Each charge that is chosen with what it owes, what its plan gives back included."""
    wanted = {invoice.pk for invoice in invoices}
    _refuse_changed(account, wanted, wish)
    owed = {one.pk: one.outstanding for one in open_charges([account]) if one.invoice_id in wanted}
    if wish.with_plans:
        for charge_id, amount in unbilled(account).items():
            owed[charge_id] = owed.get(charge_id, 0) + amount
    if not owed:
        raise Refusal("Choose invoices of this account that still owe something.")
    charges = Charge.objects.filter(pk__in=owed).select_related("invoice").order_by("invoice__invoice_date", "pk")
    return [(one, owed[one.pk]) for one in charges]


def _refuse_changed(account: Account, wanted: set[int], wish: Wish) -> None:
    """What the page showed is what is owed now: of each chosen invoice, and of what is unbilled."""
    if not wish.shown:
        return
    now = dict.fromkeys(wanted, 0)
    for one in open_charges([account]):
        if one.invoice_id in wanted:
            now[one.invoice_id] += one.outstanding
    if wish.with_plans:
        now[0] = sum(unbilled(account).values())
    if any(wish.shown.get(pk, 0) != amount for pk, amount in now.items()):
        raise Refusal(CHANGED)


def _approve(write_off: WriteOff, books: Books, *, by: Actor, own: bool) -> None:
    """Under the account's lock: the right, the plans, the figures, the entries."""
    account = books.accounts[write_off.account_id]
    leave = leave_to_approve(by, write_off.amount, own=own)
    lines = list(write_off.lines.select_related("charge__invoice").order_by("pk"))
    write_off.delegation = leave
    _move(write_off, WriteOffStatus.APPROVED, "delegation")
    refuse_with_money(account, [line.charge for line in lines], by)
    if write_off.with_plans:
        _end_plans(write_off, lines, by)
        books.accounts |= lock_accounts([account.pk])  # the plans' own line of the trail tells what they moved
    now = owed_by_charge([line.charge_id for line in lines])
    for line in lines:
        if now[line.charge_id] != line.amount:
            raise Refusal(OUTDATED)
        books.write_off(line.charge, line.amount, reason=_why(write_off))
    books.answer = {"write_off": write_off.number}
    after = {"amount": write_off.amount, "cause": write_off.cause} | ({"delegation": leave.pk} if leave else {})
    record("write_off.approved", write_off, by=by, after=after, reason=write_off.reason)


def _end_plans(write_off: WriteOff, lines: list[WriteOffLine], by: Actor) -> None:
    if not set(unbilled(write_off.account)) <= {line.charge_id for line in lines}:
        raise Refusal(OUTDATED)  # a plan was made since, of something else
    for plan in active_plans(write_off.account):
        cancel_plan(plan, by=by, reason=_why(write_off))


def _note_entries(write_off: WriteOff, books: Books) -> None:
    """Let each line name its entry, once the books have written them."""
    entries = {
        entry.charge_id: entry for entry in entries_of_acts(books.written[PostingKind.WRITE_OFF], EntryKind.WRITE_OFF)
    }
    lines = list(write_off.lines.all())
    for line in lines:
        line.entry = entries[line.charge_id]
    WriteOffLine.objects.bulk_update(lines, ["entry"])


def refuse_with_money(account: Account, charges: Sequence[Charge], by: Actor) -> None:
    """W3: what could pay these charges is applied first. Raises Refusal that says how much, and where it is."""
    if usable := usable_money(account, [charge.pk for charge in charges]):
        raise Refusal(words_of(account, usable, by))


def words_of(account: Account, usable: Sequence[Usable], by: Actor) -> str:
    """What an account has in hand, and on which payments."""
    currency = by.clinic.currency
    has = money.show(sum(one.amount for one in usable), currency)
    where = ", ".join(f"{money.show(one.amount, currency)} {one.words} {one.payment.ref}" for one in usable[:4])
    more = f" and {len(usable) - 4} more" if len(usable) > 4 else ""
    return f"{account.name} has {has} in hand: {where}{more}. Apply that first; what is left can be written off."


def _reason(text: str, missing: str) -> str:
    if not text.strip():
        raise Refusal(missing)
    return text.strip()[:500]


def _why(write_off: WriteOff) -> str:
    return f"{write_off.ref}: {write_off.reason}"[:500]


def _locked(write_off: WriteOff) -> WriteOff:
    return WriteOff.objects.select_for_update(no_key=True, of=["self"]).select_related("account").get(pk=write_off.pk)


def _move(write_off: WriteOff, to: WriteOffStatus, *also: str) -> None:
    """Of a locked row; who and when are set by the database."""
    if to not in WRITE_OFF_MOVES[write_off.status]:
        state = write_off.get_status_display().lower()
        raise Refusal(f"{write_off.ref} is {state}: it can't become {to.label.lower()}.")
    write_off.status = to
    write_off.save(update_fields=["status", *also])
    write_off.refresh_from_db(fields=["decided_by_id", "decided_at", "reversed_by_id", "reversed_at"])
