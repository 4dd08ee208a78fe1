"""Money that comes after a write-off stays in hand until somebody presses "Recover" (W4)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from balances.ledger import open_books
from balances.models import Charge, Credit, Invoice
from balances.queries import open_credits
from balances.requests import Once
from balances.states import CreditKind
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can

FREE = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)


@dataclass(frozen=True)
class Recoverable:
    """What was given up of an invoice, and the money in hand that may pay it; both oldest first."""

    charges: list[Charge]
    credits: list[Credit]

    @property
    def given_up(self) -> int:
        """Written off and not recovered (minor units)."""
        return sum(one.written_off for one in self.charges)

    @property
    def in_hand(self) -> int:
        """Free money of the account (minor units)."""
        return sum(one.available for one in self.credits)

    @property
    def most(self) -> int:
        """What can be recovered now (minor units)."""
        return min(self.given_up, self.in_hand)


def recoverable(invoice: Invoice) -> Recoverable:
    """What could be recovered of an invoice now."""
    charges = Charge.objects.filter(invoice=invoice, written_off__gt=0).select_related("invoice").order_by("line", "pk")
    credits = open_credits([invoice.account_id]).filter(kind__in=FREE)
    return Recoverable(list(charges), list(credits))


@transaction.atomic
def recover_invoice(invoice: Invoice, amount: int, *, by: Actor, once: Once | None = None) -> None:
    """Owe `amount` (minor units) of what was written off again and pay it with money in hand, in one act.

    Raises Refusal when there is not so much written off, or in hand.
    """
    require(by, Can.ALLOCATE)
    with open_books(invoice.account_id, by=by, once=once) as books:
        found = recoverable(invoice)
        if not 0 < amount <= found.most:
            most = money.show(found.most, by.clinic.currency)
            raise Refusal(f"At most {most} can be recovered now. It may have changed since you opened this page.")
        for charge, credit, part in _pieces(found, amount):
            books.recover(charge, part)
            books.allocate(credit, charge, part)
        books.answer = {"invoice": invoice.number}
    record("invoice.recovered", invoice, by=by, after={"amount": amount})


def _pieces(found: Recoverable, amount: int) -> Iterator[tuple[Charge, Credit, int]]:
    """Which money pays which charge, each oldest first, until `amount` is reached."""
    money_left = [(credit, credit.available) for credit in found.credits]
    for charge in found.charges:
        part = min(amount, charge.written_off)
        amount -= part
        while part:
            credit, available = money_left.pop(0)
            piece = min(part, available)
            if available > piece:
                money_left.insert(0, (credit, available - piece))
            part -= piece
            yield charge, credit, piece
