"""The history of one record: who did what, when, why, before and after, as its reader may know it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Model, Q, QuerySet

from balances.models import Charge, Invoice, Posting
from balances.queries import entries_of_payment
from balances.states import DATED, EntryKind
from clinicpay import money
from clinicpay.audit.models import ACCESS, AuditEvent
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Membership
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.trail import words
from clinicpay.ui.words import day_words
from payments.models import Payment, Receipt

NEWEST = 50
"""Lines of a history; the trail has the rest."""


@dataclass(frozen=True)
class Line:
    """One line of a history or of the trail."""

    at: datetime
    who: str
    text: str
    icon: str = "history"
    changes: list[str] = field(default_factory=list)
    reason: str = ""


def history(record: Model, reader: Membership) -> list[Line]:
    """What happened to a record, newest first; to those who see no money, the clinical part alone."""
    rows = [line(row, reader) for row in _rows(record, reader)[:NEWEST]]
    return sorted([*rows, *_money(record, reader)], key=lambda one: one.at, reverse=True)[:NEWEST]


def history_of_kinds(kinds: Iterable[str], reader: Membership) -> list[Line]:
    """What happened to all records of some kinds: the settings of a page."""
    rows = AuditEvent.objects.filter(subject_type__in=list(kinds)).exclude(action__in=ACCESS).order_by("-pk")
    return [line(row, reader) for row in rows[:NEWEST]]


def line(row: AuditEvent, reader: Membership) -> Line:
    """A row of the trail in words."""
    currency, sees_money = reader.clinic.currency, reader.can(Can.SEE_MONEY)
    return Line(
        at=row.at,
        who=row.actor,
        text=words.sentence(row.action, row.subject, row.before | row.after, currency),
        icon=words.action_of(row.action).icon,
        changes=words.changes(row.action, row.before, row.after, currency=currency, is_money_seen=sees_money),
        reason=row.reason,
    )


def _rows(record: Model, reader: Membership) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(_about(record)).exclude(action__in=ACCESS).order_by("-pk")
    if reader.can(Can.SEE_MONEY):
        return rows
    return rows.filter(action__in=[name for name, action in words.ACTIONS.items() if reader.can(action.sees)])


def _about(record: Model) -> Q:
    """Which rows tell of a record: its own; a patient's are all that are about them, a receipt's its payments' too."""
    if isinstance(record, Patient):
        return Q(patient_id=record.pk)
    own = _of(record._meta.label_lower, [record.pk])
    if isinstance(record, Receipt):
        return own | _of(Payment._meta.label_lower, [payment.pk for payment in record.payments.all()])
    return own


def _of(kind: str, ids: list[int]) -> Q:
    return Q(subject_type=kind, subject_id__in=ids)


class Moved(NamedTuple):
    """One line of the ledger that touched a document."""

    posting: Posting
    kind: str
    payment: str
    invoice: str
    amount: int


def _money(record: Model, reader: Membership) -> list[Line]:
    """What the ledger knows of a payment or an invoice; its lines name who, when and why by themselves."""
    if isinstance(record, Payment):
        return _told(_moved_of_payment(record), reader)
    if isinstance(record, Invoice):
        return _told(_moved_of_invoice(record), reader)
    return []


def _moved_of_payment(payment: Payment) -> Iterator[Moved]:
    for entry in entries_of_payment(payment.pk):
        invoice = str(entry.charge.invoice) if entry.charge else ""
        yield Moved(entry.posting, entry.kind, payment.ref, invoice, abs(entry.credit_delta))


def _moved_of_invoice(invoice: Invoice) -> Iterator[Moved]:
    for charge in Charge.objects.filter(invoice=invoice).prefetch_related(
        "entries__posting", "entries__credit__payment"
    ):
        for entry in charge.entries.all():
            payment = str(entry.credit.payment) if entry.credit else ""
            yield Moved(entry.posting, entry.kind, payment, invoice.ref, abs(entry.charge_delta))


_SAID = {
    EntryKind.CHARGE: ("billed {amount} on {invoice}", "file-invoice"),
    EntryKind.RECEIVE: ("received {amount} as {payment}", "cash"),
    EntryKind.ALLOCATE: ("applied {amount} of {payment} to {invoice}", "arrow-right"),
    EntryKind.UNALLOCATE: ("took back {amount} of {payment} from {invoice}", "arrow-back-up"),
    EntryKind.UNRECEIVE: ("took {amount} of {payment} out again, which was entered in error", "circle-x"),
    EntryKind.CREDIT_NOTE: ("credited {amount} of {invoice}", "file-invoice"),
    EntryKind.UNCREDIT: ("reversed a credit note of {amount} on {invoice}", "file-invoice"),
    EntryKind.REFUND: ("refunded {amount} of {payment}", "receipt-refund"),
    EntryKind.UNREFUND: ("took {amount} of {payment} in again, a refund that came back", "receipt-refund"),
    EntryKind.RETURN: ("recorded that {amount} of {payment} were taken back", "receipt-refund"),
    EntryKind.UNRETURN: ("took {amount} of {payment} in again, which had been taken back", "receipt-refund"),
    EntryKind.WRITE_OFF: ("wrote off {amount} of {invoice}", "scale"),
    EntryKind.UNWRITE_OFF: ("reversed a write-off of {amount} on {invoice}", "scale"),
    EntryKind.RECOVER: ("recovered {amount} of {invoice} after its write-off", "scale"),
    EntryKind.MOVE_OUT: ("{act}: {amount} out", "arrow-right"),
    EntryKind.MOVE_IN: ("{act}: {amount} in", "arrow-right"),
    EntryKind.MOVE_BACK: ("{act}: {amount} back", "arrow-back-up"),
}


def _told(moved: Iterable[Moved], reader: Membership) -> list[Line]:
    """One line for each act and pair of documents, however many charges it moved."""
    sums: dict[Moved, int] = defaultdict(int)
    for one in moved:
        sums[one._replace(amount=0)] += one.amount
    people = names_of(one.posting.made_by_id for one in sums)
    return [_line(one._replace(amount=amount), people, reader.clinic.currency) for one, amount in sums.items()]


def _line(one: Moved, people: dict[int, str], currency: str) -> Line:
    text, icon = _SAID.get(EntryKind(one.kind), (one.posting.get_kind_display() + " {amount}", "scale"))
    posting = one.posting
    dated = [f"Dated {day_words(posting.business_date)}"] if posting.source in DATED else []
    return Line(
        at=posting.made_at,
        who=people.get(posting.made_by_id or 0, "ClinicPay"),
        text=text.format(
            amount=money.show(one.amount, currency),
            payment=one.payment,
            invoice=one.invoice,
            act=posting.get_kind_display().lower(),
        ),
        icon=icon,
        changes=dated,
        reason="" if posting.reason == posting.kind else posting.reason,
    )
