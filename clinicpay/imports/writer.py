"""Writing a practice into the clinic in scope: all of it in the caller's transaction, and each row once.

Money goes through the ledger like any other, account by account, with the business dates of its source.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TypeVar

from django.db import connection

from balances.ledger import Books, open_books
from balances.models import Charge, Invoice
from balances.services import TERMS_DAYS, run_auto_apply
from balances.states import Source
from clinicpay.audit.services import record
from clinicpay.imports.people import People, import_people
from clinicpay.imports.practice import Paid, Practice, Skipped, Work
from clinicpay.imports.rows import by_ref, create, known, make, next_lines, refs, unknown
from clinicpay.staff.models import ClinicPayItself
from payments.models import Payment, Receipt
from payments.states import PaymentStatus
from treatments.models import Procedure

Bills = dict[int, list[tuple[Invoice, list[Charge]]]]
"""Per account its invoices, each with charges that are not on it yet."""

Money = dict[int, list[Payment]]
"""Per account the payments that are not in its books yet."""

R = TypeVar("R")
K = TypeVar("K")

# A second import of the same files waits for the first one, and then finds everything there.
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('import/' || app_clinic(), 0))"


@dataclass(frozen=True)
class Imported:
    """What an import has added; amounts are minor units."""

    patients: int
    events: int
    procedures: int
    charges: int
    charges_total: int
    payments: int
    payments_total: int


def import_practice(practice: Practice, *, by: ClinicPayItself, allocate: bool) -> tuple[Imported, list[Skipped]]:
    """Add what the clinic doesn't have yet; with `allocate`, apply the new money to the oldest debt.

    Returns what was added, and what was left out with the reasons. Raises Refusal when a date of the
    source is closed. Call it inside one transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
    people = import_people(practice, by=by)
    works = unknown(practice.works, known(Procedure, refs(practice.works)))
    paid = unknown(practice.payments, known(Payment, refs(practice.payments)))
    bills, money = _bills(works, people), _payments(paid, people)
    for account_id in sorted({*bills, *money}):
        with open_books(account_id, by=by, source=Source.IMPORT) as books:
            _enter(books, bills.get(account_id, []), money.get(account_id, []))
    if allocate and (bills or money):
        run_auto_apply(by=by, source=Source.IMPORT, accounts=sorted({*bills, *money}))
    added = _counted(people, works, paid)
    record("practice.imported", by.clinic, by=by, after=asdict(added))
    return added, [*practice.skipped, *_known_before(practice, added)]


def _enter(books: Books, bills: Iterable[tuple[Invoice, list[Charge]]], payments: Iterable[Payment]) -> None:
    """Each charge on the date of its service, each payment on its receipt's."""
    books.charge_many([(invoice, charge, charge.service_date) for invoice, charges in bills for charge in charges])
    books.receive_many([(payment, payment.receipt.business_date) for payment in payments if payment.receipt])


def _bills(works: Sequence[Work], people: People) -> Bills:
    works = sorted(works, key=lambda work: work.on)
    procedures = _procedures(works, people)
    owed = _grouped([work for work in works if work.fee], lambda work: work.bill)
    invoices = known(Invoice, owed)
    fresh = [_invoice(parts, people) for ref, parts in owed.items() if ref not in invoices]
    invoices |= by_ref(create(Invoice, sorted(fresh, key=lambda invoice: invoice.invoice_date)))
    lines = next_lines(Charge, "invoice", [invoice.pk for invoice in invoices.values()])
    bills: Bills = defaultdict(list)
    for ref, parts in owed.items():
        invoice = invoices[ref]
        charges = [_charge(work, procedures[work.ref], next(lines[invoice.pk])) for work in parts]
        bills[invoice.account_id].append((invoice, charges))
    return bills


def _procedures(works: Sequence[Work], people: People) -> dict[str, Procedure]:
    events = {work.visit: people.visits[work.visit] for work in works}
    lines = next_lines(Procedure, "event", [event.pk for event in events.values()])
    return make(
        Procedure,
        works,
        lambda work: Procedure(
            event=events[work.visit],
            line=next(lines[events[work.visit].pk]),
            code=work.code,
            description=work.description,
            fee=work.fee,
            external_ref=work.ref,
        ),
    )


def _invoice(works: Sequence[Work], people: People) -> Invoice:
    """The invoice of one bill, dated when the last of what it bills was done."""
    last = works[-1]
    event = people.visits[last.visit]
    return Invoice(
        account_id=event.patient.account_id,
        location=people.places[last.place],
        event=event,
        invoice_date=last.on,
        due_date=last.on + timedelta(days=TERMS_DAYS),
        external_ref=last.bill,
    )


def _charge(work: Work, procedure: Procedure, line: int) -> Charge:
    return Charge(
        procedure=procedure,
        event=procedure.event,
        patient_id=procedure.event.patient_id,
        line=line,
        code=work.code,
        description=work.description,
        service_date=work.on,
        amount=work.fee,
        external_ref=work.ref,
    )


def _payments(paid: Sequence[Paid], people: People) -> Money:
    """Paid payments in the order of their dates; what one payer paid of a bill on one day is one receipt."""
    paid = sorted(paid, key=lambda one: one.at)
    groups = _grouped(paid, lambda one: (one.bill, one.visit, one.on, one.place, one.insurer))
    receipts = create(Receipt, [_receipt(parts[0], people) for parts in groups.values()])
    receipt_of = {one.ref: receipt for receipt, parts in zip(receipts, groups.values(), strict=True) for one in parts}
    payments = make(Payment, paid, lambda one: _payment(one, receipt_of[one.ref], people))
    return _grouped(payments.values(), lambda payment: payment.account_id)


def _receipt(paid: Paid, people: People) -> Receipt:
    account_id = people.visits[paid.visit].patient.account_id
    return Receipt(account_id=account_id, location=people.places[paid.place], business_date=paid.on, made_at=paid.at)


def _payment(paid: Paid, receipt: Receipt, people: People) -> Payment:
    event = people.visits[paid.visit]
    return Payment(
        account_id=receipt.account_id,
        patient_id=event.patient_id,
        payer=people.insurers[paid.insurer] if paid.insurer else None,
        event=event,
        receipt=receipt,
        location_id=receipt.location_id,
        amount=paid.amount,
        method=paid.method,
        status=PaymentStatus.PAID,
        paid_at=paid.at,
        created_at=paid.at,
        external_ref=paid.ref,
    )


def _counted(people: People, works: Sequence[Work], paid: Sequence[Paid]) -> Imported:
    fees = [work.fee for work in works if work.fee]
    return Imported(
        patients=people.new_patients,
        events=people.new_visits,
        procedures=len(works),
        charges=len(fees),
        charges_total=sum(fees),
        payments=len(paid),
        payments_total=sum(one.amount for one in paid),
    )


def _known_before(practice: Practice, added: Imported) -> Iterable[Skipped]:
    for what, rows, new in (
        ("patients", practice.persons, added.patients),
        ("events", practice.visits, added.events),
        ("procedures", practice.works, added.procedures),
        ("payments", practice.payments, added.payments),
    ):
        if len(rows) > new:
            yield Skipped(what, len(rows) - new, "imported before")


def _grouped(rows: Iterable[R], key: Callable[[R], K]) -> dict[K, list[R]]:
    """Rows by key, in the order in which the keys first come."""
    groups: dict[K, list[R]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
