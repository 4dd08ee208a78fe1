"""An import's charges on invoices and its payments on receipts, entered in the ledger account by account."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from balances.ledger import Books, open_books
from balances.models import Charge, Invoice
from balances.services import TERMS_DAYS
from balances.states import ChargeKind, CreditKind, Source
from clinicpay.clinics.refusals import Refusal
from clinicpay.imports.people import People, Visited
from clinicpay.imports.practice import Owed, Paid, Work
from clinicpay.imports.rows import create, grouped, known, known_refs, make, next_lines, numbered, refs, unknown
from clinicpay.staff.models import ClinicPayItself
from payments.models import Payment, Receipt
from payments.states import PaymentStatus
from treatments.models import Procedure

Bills = dict[str, list[Work | Owed]]
"""What is to be billed, by the bill's id at the source."""


class New(NamedTuple):
    """The source's rows of money that the clinic doesn't have yet, by their dates."""

    works: list[Work]
    owed: list[Owed]
    paid: list[Paid]

    @classmethod
    def of(cls, works: Sequence[Work], owed: Sequence[Owed], paid: Sequence[Paid]) -> "New":
        """These works and payments, and what was owed unless an earlier import has brought it."""
        new_owed = unknown(owed, known_refs(Charge, refs(owed)))
        return cls(
            sorted(works, key=lambda one: one.on),
            sorted(new_owed, key=lambda one: one.on),
            sorted(paid, key=lambda one: one.at),
        )


class Bookkeeper:
    """Gives invoices, receipts and payments their numbers by date, then enters them account by account."""

    def __init__(self, people: People, new: New) -> None:
        self.people = people
        bills = _bills(new.works, new.owed)
        fresh = set(bills) - known_refs(Invoice, bills)
        by_date = sorted((ref for ref in bills if ref in fresh), key=lambda ref: _dated(bills[ref]))
        self.invoice_numbers = numbered(Invoice, by_date)
        self.receipt_numbers = numbered(Receipt, dict.fromkeys(one.slip for one in new.paid if one.slip))
        self.payment_numbers = numbered(Payment, refs(new.paid))
        self.works = grouped(new.works, lambda one: people.visits[one.visit].account_id)
        self.owed = grouped(new.owed, lambda one: people.accounts[one.account])
        self.paid = grouped(new.paid, lambda one: people.accounts[one.account])

    def sizes(self) -> dict[int, int]:
        """How many rows each account gets."""
        sizes: Counter[int] = Counter()
        for rows in (self.works, self.owed, self.paid):
            sizes.update({account_id: len(some) for account_id, some in rows.items()})
        return sizes

    def enter(self, account_ids: Sequence[int], *, by: ClinicPayItself) -> None:
        """Each charge on the date of its service, each payment on its own."""
        works = [one for account_id in account_ids for one in self.works.get(account_id, ())]
        owed = [one for account_id in account_ids for one in self.owed.get(account_id, ())]
        paid = [one for account_id in account_ids for one in self.paid.get(account_id, ())]
        with open_books(*account_ids, by=by, source=Source.IMPORT) as books:
            self._charge(books, works, owed)
            self._receive(books, paid)

    def _charge(self, books: Books, works: Sequence[Work], owed: Sequence[Owed]) -> None:
        procedures, bills = self._procedures(works), _bills(works, owed)
        invoices = self._invoices(bills)
        lines = next_lines(Charge, "invoice", [invoice.pk for invoice in invoices.values()])
        ready = []
        for ref, parts in bills.items():
            invoice = invoices[ref]
            for part in parts:
                charge = self._line(part, procedures)
                charge.line = next(lines[invoice.pk])
                ready.append((invoice, charge, part.on))
        books.charge_many(ready)

    def _line(self, part: Work | Owed, procedures: dict[str, Procedure]) -> Charge:
        if isinstance(part, Work):
            return _charge(part, procedures[part.ref], self.people.visits[part.visit])
        return _opening(part, self._patient(part.person))

    def _procedures(self, works: Sequence[Work]) -> dict[str, Procedure]:
        events = {work.visit: self.people.visits[work.visit] for work in works}
        lines = next_lines(Procedure, "event", [event.pk for event in events.values()])
        return make(
            Procedure,
            works,
            lambda work: Procedure(
                event_id=events[work.visit].pk,
                line=next(lines[events[work.visit].pk]),
                code=work.code,
                description=work.description,
                fee=work.fee,
                external_ref=work.ref,
            ),
        )

    def _invoices(self, bills: Bills) -> dict[str, Invoice]:
        invoices = known(Invoice, bills)
        for ref, invoice in invoices.items():
            if invoice.account_id != self._account_of(bills[ref][0]):
                raise Refusal(f"The invoice {ref} was imported before, for another account.")
        fresh = [self._invoice(ref, parts) for ref, parts in bills.items() if ref not in invoices]
        return invoices | {invoice.external_ref: invoice for invoice in create(Invoice, fresh)}

    def _invoice(self, ref: str, parts: Sequence[Work | Owed]) -> Invoice:
        """The invoice of one bill, dated when the last of what it bills was done."""
        last = parts[-1]
        return Invoice(
            number=self.invoice_numbers[ref],
            account_id=self._account_of(last),
            location_id=self.people.places[last.place],
            event_id=self.people.visits[last.visit].pk if isinstance(last, Work) else None,
            invoice_date=last.on,
            due_date=last.on + timedelta(days=TERMS_DAYS),
            external_ref=ref,
        )

    def _account_of(self, part: Work | Owed) -> int:
        if isinstance(part, Work):
            return self.people.visits[part.visit].account_id
        return self.people.accounts[part.account]

    def _patient(self, ref: str) -> int | None:
        return self.people.patients[ref].pk if ref else None

    def _receive(self, books: Books, paid: Sequence[Paid]) -> None:
        first = {one.slip: one for one in reversed(paid) if one.slip}
        receipts = dict(zip(first, create(Receipt, [self._receipt(one) for one in first.values()]), strict=True))
        payments = create(Payment, [self._payment(one, receipts.get(one.slip)) for one in paid])
        dated = list(zip(payments, paid, strict=True))
        for kind in CreditKind:
            of_kind = [(payment, one.on) for payment, one in dated if one.kind == kind]
            if of_kind:
                books.receive_many(of_kind, kind)

    def _receipt(self, paid: Paid) -> Receipt:
        return Receipt(
            number=self.receipt_numbers[paid.slip],
            account_id=self.people.accounts[paid.account],
            location_id=self.people.places[paid.place],
            business_date=paid.on,
            made_at=paid.at,
        )

    def _payment(self, paid: Paid, receipt: Receipt | None) -> Payment:
        return Payment(
            number=self.payment_numbers[paid.ref],
            account_id=self.people.accounts[paid.account],
            patient_id=self._patient(paid.person),
            payer_id=self.people.accounts[paid.payer] if paid.payer else None,
            event_id=self.people.visits[paid.visit].pk if paid.visit else None,
            receipt=receipt,
            location_id=self.people.places[paid.place],
            amount=paid.amount,
            method=paid.method,
            status=PaymentStatus.PAID,
            paid_at=paid.at,
            created_at=paid.at,
            memo=paid.memo,
            external_ref=paid.ref,
        )


def _bills(works: Sequence[Work], owed: Sequence[Owed]) -> Bills:
    bills: Bills = {}
    for work in works:
        if work.fee:
            bills.setdefault(work.bill, []).append(work)
    for one in owed:
        bills[f"opening {one.ref}"] = [one]  # a blank, which no id of a source has
    return bills


def _dated(parts: Sequence[Work | Owed]) -> date:
    return parts[-1].on


def _charge(work: Work, procedure: Procedure, visit: Visited) -> Charge:
    return Charge(
        procedure=procedure,
        event_id=visit.pk,
        patient_id=visit.patient_id,
        code=work.code,
        description=work.description,
        service_date=work.on,
        amount=work.fee,
        external_ref=work.ref,
    )


def _opening(owed: Owed, patient_id: int | None) -> Charge:
    return Charge(
        kind=ChargeKind.OFFICE,
        patient_id=patient_id,
        description=owed.description,
        service_date=owed.on,
        amount=owed.amount,
        external_ref=owed.ref,
    )
