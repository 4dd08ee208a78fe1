"""What the ledger knows of a payment, an invoice or a treatment, in words: one sentence for each act and document."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from balances.matchable import holds_of
from balances.models import Invoice, Posting
from balances.queries import entries_of_debt, entries_of_payment
from balances.states import DATED, EntryKind, PostingKind, Source
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.staff.models import Membership
from clinicpay.staff.queries import names_of
from clinicpay.ui.words import day_words
from payments.models import Payment
from treatments.models import TreatmentEvent


@dataclass(frozen=True)
class Line:
    """One line of a history or of the trail."""

    at: datetime
    who: str
    text: str
    icon: str = "history"
    changes: list[str] = field(default_factory=list)
    reason: str = ""


class Moved(NamedTuple):
    """One line of the ledger that touched a document."""

    posting: Posting
    kind: str
    payment: str
    invoice: str
    amount: int
    charge: str = ""
    held_for: str = ""


SAID = {
    EntryKind.CHARGE: ("billed {amount} on {invoice}", "file-invoice"),
    EntryKind.RECEIVE: ("received {amount} as {payment}", "cash"),
    EntryKind.ALLOCATE: ("applied {amount} of {payment} to {invoice}{how}", "arrow-right"),
    EntryKind.UNALLOCATE: ("took back {amount} of {payment} from {invoice}", "arrow-back-up"),
    EntryKind.UNRECEIVE: ("took {amount} of {payment} out again, which was entered in error", "circle-x"),
    EntryKind.CREDIT_NOTE: ("credited {amount} of {invoice}", "file-invoice"),
    EntryKind.UNCREDIT: ("reversed a credit note of {amount} on {invoice}", "file-invoice"),
    EntryKind.REFUND: ("refunded {amount} of {payment}", "receipt-refund"),
    EntryKind.UNREFUND: ("took {amount} of {payment} in again, a refund that came back", "receipt-refund"),
    EntryKind.RETURN: ("recorded that {amount} of {payment} was taken back", "receipt-refund"),
    EntryKind.UNRETURN: ("took {amount} of {payment} in again, which had been taken back", "receipt-refund"),
    EntryKind.WRITE_OFF: ("wrote off {amount} of {invoice}", "scale"),
    EntryKind.UNWRITE_OFF: ("reversed a write-off of {amount} on {invoice}", "scale"),
    EntryKind.RECOVER: ("recovered {amount} of {invoice} after its write-off", "scale"),
    EntryKind.MOVE_OUT: ("{act}: {amount} out", "arrow-right"),
    EntryKind.MOVE_IN: ("{act}: {amount} in", "arrow-right"),
    EntryKind.MOVE_BACK: ("{act}: {amount} back", "arrow-back-up"),
}

HELD = {
    (PostingKind.HOLD, EntryKind.MOVE_IN): ("held {amount} of {payment} as a pre-payment{held_for}", "pig-money"),
    (PostingKind.RELEASE, EntryKind.MOVE_OUT): (
        "released {amount} of {payment}, which was held{held_for}",
        "pig-money",
    ),
}
"""A move inside one payment is told once, by the side that says it best."""

HOW = {
    Source.AUTO: " automatically",
    Source.NIGHTLY: " in the nightly run",
    Source.DEPOSIT_RECON: " by deposits reconciliation",
    Source.PLAN: " for its payment plan",
}
"""How money was applied, if not by hand."""

_MOVES = {EntryKind.MOVE_OUT, EntryKind.MOVE_IN, EntryKind.MOVE_BACK}
_TOLD_BY_TRAIL = {
    *(EntryKind.UNRECEIVE, EntryKind.REFUND, EntryKind.UNREFUND, EntryKind.RETURN, EntryKind.UNRETURN),
}
"""What the trail of a payment and of its refunds says in better words."""


def moved_of_payment(payment: Payment, *, is_collected: bool) -> Iterator[Moved]:
    """What moved a payment's money, apart from what the trail tells; of a request also that it was collected."""
    told_already = _TOLD_BY_TRAIL | ({EntryKind.RECEIVE} if is_collected else set())
    entries = list(entries_of_payment(payment.pk))
    held_for = _held_for(entries)
    for entry in entries:
        kind, act = EntryKind(entry.kind), PostingKind(entry.posting.kind)
        is_move = kind in _MOVES
        if kind in told_already or (is_move and (act, kind) not in HELD):
            continue
        invoice = str(entry.charge.invoice) if entry.charge else ""
        words, held = str(entry.charge or ""), held_for.get(entry.credit_id or 0, "") if is_move else ""
        yield Moved(entry.posting, kind, payment.ref, invoice, abs(entry.credit_delta), words, held)


def _held_for(entries: Iterable[Any]) -> dict[int, str]:
    """What money that was held or released was held for, by its credit; nothing is asked when none was."""
    moved = {entry.credit_id for entry in entries if (entry.posting.kind, entry.kind) in HELD and entry.credit_id}
    return {pk: str(wanted) for pk, wanted in holds_of(moved).items()} if moved else {}


def moved_of_invoice(invoice: Invoice) -> Iterator[Moved]:
    """What moved an invoice's charges."""
    return _moved(entries_of_debt(invoice=invoice))


def moved_of_event(event: TreatmentEvent) -> Iterator[Moved]:
    """What moved a treatment's charges, also those of its payment plans."""
    return _moved(entries_of_debt(event=event))


def _moved(entries: Iterable[Any]) -> Iterator[Moved]:
    for entry in entries:
        payment = str(entry.credit.payment) if entry.credit else ""
        yield Moved(entry.posting, entry.kind, payment, str(entry.charge.invoice or ""), abs(entry.charge_delta))


def told(moved: Iterable[Moved], reader: Membership) -> list[Line]:
    """One sentence for each act and pair of documents, however many charges it moved."""
    sums: dict[Moved, list[Moved]] = defaultdict(list)
    for one in moved:
        sums[one._replace(amount=0, charge="")].append(one)
    people = names_of(one.posting.made_by_id for one in sums)
    return [_line(one, parts, people, reader.clinic) for one, parts in sums.items()]


def _line(one: Moved, parts: list[Moved], people: dict[int, str], clinic: Clinic) -> Line:
    posting = one.posting
    text, icon = HELD.get((PostingKind(posting.kind), EntryKind(one.kind)), SAID[EntryKind(one.kind)])
    return Line(
        at=posting.made_at,
        who=people.get(posting.made_by_id or 0, "ClinicPay"),
        text=text.format(
            amount=money.show(sum(part.amount for part in parts), clinic.currency),
            payment=one.payment,
            invoice=one.invoice,
            act=posting.get_kind_display().lower(),
            how=_how(posting),
            held_for=f" for {one.held_for}" if one.held_for else "",
        ),
        icon=icon,
        changes=_details(one, parts, clinic),
        reason="" if posting.reason == posting.kind else posting.reason,
    )


def _how(posting: Posting) -> str:
    """ " automatically, RUN-007"; nothing for what somebody applied by hand."""
    run = f", {posting.run.ref}" if posting.run and posting.source in HOW else ""
    return HOW.get(Source(posting.source), "") + run


def _details(one: Moved, parts: list[Moved], clinic: Clinic) -> list[str]:
    """The charges, each with its part if there are several; the date of its own that it carries."""
    charges = [part for part in reversed(parts) if part.charge]  # entries come newest first
    said = [
        f"{part.charge}: {money.show(part.amount, clinic.currency)}" if len(charges) > 1 else part.charge
        for part in charges
    ]
    return [*said, *_dated(one.posting, clinic)]


def _dated(posting: Posting, clinic: Clinic) -> list[str]:
    """The date that an import or the demo brought; the earlier day that a closer chose."""
    day, entered = posting.business_date, clock.business_day(clinic, posting.made_at)
    if posting.source in DATED:
        return [f"Dated {day_words(day)}"]
    return [f"Entered on {day_words(entered)} for the business day {day_words(day)}"] if day < entered else []
