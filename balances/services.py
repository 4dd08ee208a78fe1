"""Acts on debt: billing a completed treatment, applying money, undoing an application, automatic runs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from balances import auto_apply
from balances.ledger import Books, find_allocation, find_entry, open_books
from balances.models import AutoApplyRun, Charge, Credit, Decision, Invoice
from balances.queries import accounts_that_paid, invoice_charges, live_allocations, open_charges, open_credits
from balances.requests import Once
from balances.states import DATED, ChargeKind, CreditKind, EntryKind, Source
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from treatments.models import Procedure, TreatmentEvent
from treatments.services import lock_event, move_event
from treatments.states import EventState

TERMS_DAYS = 30
"""Days from an invoice's date to its due date."""

CHUNK = 500
"""Accounts that one automatic transaction locks at once."""


@transaction.atomic
def complete_event(event: TreatmentEvent, *, by: Actor, once: Once | None = None) -> Invoice | None:
    """Mark the clinical record complete, then bill the procedures that have not been charged (S0.28, S0.29).

    Returns the invoice, or None when there was nothing to charge. Raises Refusal when the event is complete already.
    """
    require(by, Can.MARK_COMPLETE)
    with open_books(event.patient.account, by=by, once=once) as books:
        return _bill(move_event(event, EventState.CLOSED, by=by), books)


@transaction.atomic
def cancel_event(event: TreatmentEvent, *, by: Actor) -> TreatmentEvent:
    """Cancel an event that will not happen. Refused once something was charged for it, until that is credited."""
    require(by, Can.SCHEDULE)
    event = lock_event(event)
    if Charge.objects.filter(event=event, credited__lt=F("amount")).exists():
        raise Refusal(f"{event.ref} has charges. They must be credited before it can be cancelled.")
    return move_event(event, EventState.CANCELLED, by=by)


@transaction.atomic
def bill_event(
    event: TreatmentEvent,
    *,
    by: Actor,
    once: Once | None = None,
    source: Source = Source.MANUAL,
    dated: date | None = None,
) -> Invoice | None:
    """Put the event's uncharged procedures on a new invoice of its patient's account; 0.00 ones are never charged."""
    with open_books(event.patient.account, by=by, source=source, once=once, dated=dated) as books:
        return _bill(lock_event(event), books)


def _bill(event: TreatmentEvent, books: Books) -> Invoice | None:
    billed = Charge.objects.filter(procedure=OuterRef("pk"), voided=False)
    procedures = list(event.procedures.filter(~Exists(billed), fee__gt=0).order_by("line"))
    if not procedures:
        return None
    # After a close the posting lands on the next day, but no invoice is dated in the future.
    day = min(books.business_date(event.location_id), clock.today(books.by.clinic))
    issued_at = clock.noon(books.by.clinic, day) if books.dated else timezone.now()
    invoice = new_invoice(event.patient.account_id, event.location_id, day, event=event, issued_at=issued_at)
    books.charge(invoice, [_charge_for(procedure, event, books.by.clinic) for procedure in procedures])
    books.answer = {"invoice": invoice.number}
    return invoice


def new_invoice(account_id: int, location_id: int, day: date, *, due: date | None = None, **fields: Any) -> Invoice:
    """The next invoice of an account, still without charges; due in thirty days unless told."""
    return Invoice.objects.create(
        number=take(Invoice.KIND)[0],
        account_id=account_id,
        location_id=location_id,
        invoice_date=day,
        due_date=due or day + timedelta(days=TERMS_DAYS),
        **fields,
    )


def _charge_for(procedure: Procedure, event: TreatmentEvent, clinic: Clinic) -> Charge:
    return Charge(
        kind=ChargeKind.PROCEDURE,
        procedure=procedure,
        event=event,
        patient_id=event.patient_id,
        line=procedure.line,
        code=procedure.code,
        description=procedure.description,
        service_date=clock.business_day(clinic, event.service_at),
        amount=procedure.fee,
    )


def apply_credit(credit: Credit, parts: Sequence[tuple[Charge, int]], *, by: Actor, once: Once | None = None) -> None:
    """Apply a credit to charges by hand: (charge, amount) each, all or nothing. Raises Refusal."""
    require(by, Can.ALLOCATE)
    accounts = {credit.account_id, *(charge.account_id for charge, _ in parts)}
    with open_books(*accounts, by=by, once=once) as books:
        for charge, amount in parts:
            books.allocate(credit, charge, amount)


def undo_allocation(entry_id: int, *, by: Actor, reason: str, keep: int = 0, once: Once | None = None) -> None:
    """Undo one allocation, wholly or all but `keep` minor units; the money returns to its credit (A6)."""
    require(by, Can.ALLOCATE)
    entry = find_allocation(entry_id)
    assert entry.credit  # the shape of an allocation
    assert entry.charge
    with open_books(entry.credit.account_id, entry.charge.account_id, by=by, once=once) as books:
        books.unallocate(entry, reason=reason, keep=keep)


def credit_charge(charge: Charge, amount: int, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Take back part or all of what a charge still owes, in minor units. What was paid is un-applied first, by hand."""
    require(by, Can.CREDIT)
    with open_books(charge.account_id, by=by, once=once) as books:
        books.credit_note(charge, amount, reason=reason)


def reverse_credit(entry_id: int, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Owe again what one credit note took back."""
    require(by, Can.CREDIT)
    entry = find_entry(entry_id, EntryKind.CREDIT_NOTE, "There is no such credit note.")
    assert entry.charge  # the shape of a credit note
    with open_books(entry.charge.account_id, by=by, once=once) as books:
        books.reverse_credit_note(entry, reason=reason)


@transaction.atomic
def void_invoice(invoice: Invoice, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Take a whole invoice back: what paid it is in hand again, and its procedures can be billed anew (W-6).

    Raises Refusal when part of it is on a plan or written off: that is undone first.
    """
    require(by, Can.CREDIT)
    paid_by = accounts_that_paid(invoice)
    with open_books(invoice.account_id, *paid_by, by=by, once=once) as books:
        charges = list(invoice_charges(invoice))
        if all(charge.voided for charge in charges):
            raise Refusal(f"{invoice.ref} is void already.")
        if any(charge.moved or charge.written_off or charge.source_id for charge in charges):
            raise Refusal(f"{invoice.ref} is on a payment plan or written off. Undo that first.")
        for entry in live_allocations(charge__invoice=invoice):
            books.unallocate(entry, reason=reason)
        for charge in charges:
            if left := charge.amount - charge.credited:
                books.credit_note(charge, left, reason=reason)
    Charge.objects.filter(invoice=invoice).update(voided=True)
    record("invoice.voided", invoice, by=by, reason=reason)


def hold_credit(
    credit: Credit, amount: int, *, by: Actor, event: TreatmentEvent | None = None, once: Once | None = None
) -> None:
    """Set free money aside as a pre-payment, for a treatment event if one is named; nothing else uses it by itself."""
    require(by, Can.HOLD)
    with open_books(credit.account_id, by=by, once=once) as books:
        books.hold(credit, amount, event_id=event.pk if event else None)


def release_credit(credit: Credit, amount: int, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Free part or all of a pre-payment: it is unapplied, or a deposit, as before it was held."""
    require(by, Can.RELEASE)
    if credit.kind != CreditKind.PRE_PAYMENT:
        raise Refusal("Only a pre-payment is released.")
    with open_books(credit.account_id, by=by, once=once) as books:
        books.release(credit, amount, reason=reason)


def recover(charge: Charge, amount: int, credit: Credit, *, by: Actor, once: Once | None = None) -> None:
    """Somebody pays what was written off: owe `amount` of it again and pay it from a credit, in one act (W4)."""
    require(by, Can.ALLOCATE)
    with open_books(charge.account_id, credit.account_id, by=by, once=once) as books:
        books.recover(charge, amount)
        books.allocate(credit, charge, amount)


def suggest(account: Account, amount: int, *, event: TreatmentEvent | None = None) -> list[tuple[Charge, int]]:
    """Where `amount` of new money should go: the event's own charges first, then the oldest (A1, A3)."""
    charges = list(open_charges([account]))
    if event:
        charges.sort(key=lambda charge: charge.event_id != event.pk)  # stable: age is kept within each part
    parts = []
    for charge in charges:
        part = min(amount, charge.outstanding)
        parts.append((charge, part))
        amount -= part
    return parts


def plan_auto_apply(account_ids: Sequence[int]) -> tuple[list[auto_apply.Decided], list[auto_apply.Skipped]]:
    """What the automatic run would do for these accounts now, and what it would leave, with reasons."""
    targets: dict[int, list[auto_apply.Target]] = defaultdict(list)
    for charge in open_charges(account_ids):
        targets[charge.account_id].append(_target(charge))
    decided: list[auto_apply.Decided] = []
    skipped: list[auto_apply.Skipped] = []
    sources: dict[int, list[auto_apply.Source]] = defaultdict(list)
    for credit in open_credits(account_ids):
        sources[credit.account_id].append(_source(credit))
    for account_id, own in sources.items():
        done, left = auto_apply.decide(own, targets[account_id])
        decided += done
        skipped += left
    return decided, skipped


def run_auto_apply(*, by: Actor, source: Source = Source.AUTO, accounts: Sequence[int] | None = None) -> AutoApplyRun:
    """Apply free money to the oldest debt, account by account, and store every decision and skip.

    It runs over all accounts with money in hand, or over the given ones.
    """
    require(by, Can.AUTO_APPLY)
    run = AutoApplyRun.objects.create(source=source)
    for chunk in chunked(accounts_with_money() if accounts is None else sorted(accounts), CHUNK):
        run.allocated += _run_chunk(chunk, run, by)
    run.finished_at = timezone.now()
    run.save(update_fields=["allocated", "finished_at"])
    return run


@transaction.atomic
def _run_chunk(account_ids: list[int], run: AutoApplyRun, by: Actor) -> int:
    with open_books(*account_ids, by=by, source=Source(run.source), run=run) as books:
        decided, skipped = plan_auto_apply(account_ids)
        credits = Credit.objects.in_bulk({decision.credit_id for decision in decided})
        charges = Charge.objects.select_related("invoice").in_bulk({decision.charge_id for decision in decided})
        for decision in decided:
            credit, charge = credits[decision.credit_id], charges[decision.charge_id]
            with books.on(_history_date(credit, charge) if run.source in DATED else None):
                books.allocate(credit, charge, decision.amount)
    Decision.objects.bulk_create(_stored(run, decided, skipped), batch_size=2000)
    return sum(decision.amount for decision in decided)


def _history_date(credit: Credit, charge: Charge) -> date:
    """When imported money can first have paid an imported charge: once both were there.

    With today's date an import of settled years would show them all as owed until today.
    """
    assert charge.invoice  # open_charges gives billed ones only
    first: date = max(credit.received_on, charge.service_date, charge.invoice.invoice_date)
    return first


def _stored(
    run: AutoApplyRun, decided: Iterable[auto_apply.Decided], skipped: Iterable[auto_apply.Skipped]
) -> Iterator[Decision]:
    for one in decided:
        yield Decision(run=run, credit_id=one.credit_id, charge_id=one.charge_id, amount=one.amount, reason=one.reason)
    for left in skipped:
        yield Decision(run=run, credit_id=left.credit_id, amount=0, reason=left.reason)


def accounts_with_money() -> list[int]:
    """Accounts that have something in hand, in id order."""
    rows = Credit.objects.filter(available__gt=0).order_by("account").values_list("account", flat=True)
    return list(rows.distinct())


def chunked(ids: Sequence[int], size: int) -> Iterator[list[int]]:
    """The ids in lists of at most `size`."""
    remaining = iter(ids)
    while chunk := list(islice(remaining, size)):
        yield chunk


def _source(credit: Credit) -> auto_apply.Source:
    return auto_apply.Source(
        credit.pk, str(credit.payment), credit.kind, credit.received_on, credit.available, credit.event_id
    )


def _target(charge: Charge) -> auto_apply.Target:
    assert charge.invoice  # open_charges gives billed ones only
    invoice = charge.invoice
    return auto_apply.Target(charge.pk, invoice.ref, invoice.invoice_date, charge.outstanding, charge.event_id)
