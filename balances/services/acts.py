"""Acts on debt: billing a treatment, applying money, undoing an application."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from balances.billable import billable, to_bill, to_credit, uncharged, why_not_billed
from balances.ledger import Books, find_allocation, find_entry, open_books
from balances.matchable import held_for, traits_of
from balances.matching import failed
from balances.models import Charge, Credit, Invoice
from balances.queries import accounts_that_paid, invoice_charges, live_allocations, open_charges
from balances.requests import Once
from balances.seen import Seen
from balances.services.packages import leave_package
from balances.states import ChargeKind, CreditKind, EntryKind, Source
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.db.arrays import CompiledRows
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


def let_wait(payment_id: int, *, waits: bool) -> None:
    """Keep what was received with a payment from automatic runs, or leave it to them again; people may use it."""
    free = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)
    Credit.objects.filter(payment=payment_id, kind__in=free).update(waits=waits)


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
    """Cancel an event that will not happen. Refused once something was charged for it, until that is credited.

    What it was to bill of a package's price goes to the package's other treatments.
    """
    require(by, Can.SCHEDULE)
    return leave_package(event, partial(_cancel, by=by), by=by) if event.package_id else _cancel(event, by=by)


def _cancel(event: TreatmentEvent, *, by: Actor) -> TreatmentEvent:
    event = lock_event(event)
    if to_credit(event):
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
    """Put the event's uncharged procedures on a new invoice of its patient's account; 0.00 ones are never charged.

    Whatever its state, as who brings data in does; people bill with `bill_treatment`.
    """
    require(by, Can.BILL)
    with open_books(event.patient.account, by=by, source=source, once=once, dated=dated) as books:
        return _bill(lock_event(event), books)


@transaction.atomic
def bill_treatment(event: TreatmentEvent, *, by: Actor, once: Once | None = None) -> Invoice:
    """Put on an invoice what can be billed of an event in progress ("Bill now"), or again of a complete one (W-6).

    Those of which somebody has said why not stay out, unless that was said of all. Raises Refusal when there is
    nothing, or when the event is neither.
    """
    require(by, Can.BILL)
    with open_books(event.patient.account, by=by, once=once) as books:
        event = lock_event(event)
        lines = billable(event)
        if refused := why_not_billed(event, lines):
            raise Refusal(refused)
        lines = to_bill(lines)
        invoice = _issue(event, [one.procedure for one in lines], books)
        kept = {"amount": sum(one.procedure.fee for one in lines), "invoice": invoice.ref}
        if before := dict.fromkeys(str(one.before.invoice) for one in lines if one.before):
            kept["instead_of"] = ", ".join(before)
        if event.is_completed:
            books.record("event.billed_again", event, after=kept)
        else:
            books.record("event.billed_now", event, after=kept)
    return invoice


def _bill(event: TreatmentEvent, books: Books) -> Invoice | None:
    procedures = list(uncharged(event).order_by("line"))
    return _issue(event, procedures, books) if procedures else None


def _issue(event: TreatmentEvent, procedures: Sequence[Procedure], books: Books) -> Invoice:
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


@transaction.atomic
def apply_credit(
    credit: Credit,
    parts: Sequence[tuple[Charge, int]],
    *,
    by: Actor,
    once: Once | None = None,
    override: str = "",
    seen: Seen | None = None,
) -> None:
    """Apply a credit to charges by hand: (charge, amount) each, all or nothing. Raises Refusal.

    A pre-payment pays what it is not held for only with a reason to `override` its criteria (A5, S3.19); without
    one the refusal names each criterion that fails. What was `seen` must still be so once the accounts are locked,
    or Changed is raised (C16).
    """
    require(by, Can.ALLOCATE)
    if wrong := mismatches(credit, [charge for charge, _ in parts]):
        if not override.strip():
            raise Refusal(f"This money is held for {held_for(credit)}. {' '.join(wrong)}")
        require(by, Can.OVERRIDE_HOLD)
        record("hold.overridden", credit, by=by, after={"mismatch": wrong}, reason=override.strip())
    accounts = {credit.account_id, *(charge.account_id for charge, _ in parts)}
    with open_books(*accounts, by=by, once=once) as books:
        if seen:
            seen.check(by.clinic.currency)
        for charge, amount in parts:
            books.allocate(credit, charge, amount)


def mismatches(credit: Credit, charges: Sequence[Charge]) -> list[str]:
    """What speaks against paying these charges with this money, a sentence for each charge (S3.42)."""
    wrong = failing(credit, charges)
    return [f"{charge}: {' and '.join(wrong[charge.pk])}." for charge in charges if charge.pk in wrong]


def failing(credit: Credit, charges: Sequence[Charge]) -> dict[int, list[str]]:
    """The criteria of a pre-payment that each charge does not meet, in words, by the charge's id; met ones are absent.

    Three queries for however many charges; none for money that is held for nothing.
    """
    if credit.kind != CreditKind.PRE_PAYMENT or not charges:
        return {}
    clinic = Clinic.objects.get()
    wanted, own = held_for(credit), (clinic.custom_1, clinic.custom_2)
    found = {pk: list(failed(wanted, traits, own)) for pk, traits in traits_of(one.pk for one in charges).items()}
    return {pk: why for pk, why in found.items() if why}


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


@transaction.atomic
def reverse_credit(entry_id: int, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Owe again what one credit note took back. Raises Refusal for what is void, or of a cancelled treatment."""
    require(by, Can.CREDIT)
    entry = find_entry(entry_id, EntryKind.CREDIT_NOTE, "There is no such credit note.")
    assert entry.charge  # the shape of a credit note
    with open_books(entry.charge.account_id, by=by, once=once) as books:
        charge = Charge.objects.select_related("invoice", "event").get(pk=entry.charge.pk)
        if charge.event:
            charge.event = lock_event(charge.event)  # so that nobody cancels it meanwhile
        if refused := why_not_uncredited(charge):
            raise Refusal(refused)
        books.reverse_credit_note(entry, reason=reason)


def why_not_uncredited(charge: Charge) -> str:
    """Why what was credited of a charge can't be owed again, in the user's words; "" when it can."""
    if charge.voided:
        return f"{charge.invoice} is void. What was wrong is billed again on another invoice."
    if charge.event and charge.event.state == EventState.CANCELLED:
        return f"{charge.event.ref} was cancelled, so what was charged for it stays credited."
    return ""


@transaction.atomic
def void_invoice(invoice: Invoice, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Take a whole invoice back: what paid it is in hand again, and its procedures can be billed anew (W-6).

    Raises Refusal when part of it is on a plan or written off: that is undone first.
    """
    require(by, Can.CREDIT)
    paid_by = accounts_that_paid(invoice)
    with open_books(invoice.account_id, *paid_by, by=by, once=once) as books:
        charges = list(invoice_charges(invoice))
        if refused := why_not_voided(invoice, charges):
            raise Refusal(refused)
        for entry in live_allocations(charge__invoice=invoice):
            books.unallocate(entry, reason=reason)
        taken_back = {charge: left for charge in charges if (left := charge.amount - charge.credited)}
        for charge, left in taken_back.items():
            books.credit_note(charge, left, reason=reason)
    Charge.objects.filter(invoice=invoice).update(voided=True)
    record("invoice.voided", invoice, by=by, after={"amount": sum(taken_back.values())}, reason=reason)


def why_not_voided(invoice: Invoice, charges: Sequence[Charge]) -> str:
    """Why an invoice with these lines can't be taken back, in the user's words; "" when it can."""
    if all(charge.voided for charge in charges):
        return f"{invoice.ref} is void already."
    if any(charge.moved or charge.written_off or charge.source_id for charge in charges):
        return f"{invoice.ref} is on a payment plan or written off. Undo that first."
    return ""


def recover(charge: Charge, amount: int, credit: Credit, *, by: Actor, once: Once | None = None) -> None:
    """Somebody pays what was written off: owe `amount` of it again and pay it from a credit, in one act (W4)."""
    require(by, Can.ALLOCATE)
    with open_books(charge.account_id, credit.account_id, by=by, once=once) as books:
        books.recover(charge, amount)
        books.allocate(credit, charge, amount)


_owed = CompiledRows(open_charges, "invoice", "event", "patient")


def suggest(account: Account, amount: int, *, event: TreatmentEvent | None = None) -> list[tuple[Charge, int]]:
    """Where `amount` of new money should go: the event's own charges first, then the oldest (A1, A3)."""
    charges = _owed([account.pk])
    if event:
        charges.sort(key=lambda charge: charge.event_id != event.pk)  # stable: age is kept within each part
    parts = []
    for charge in charges:
        part = min(amount, charge.outstanding)
        parts.append((charge, part))
        amount -= part
    return parts
