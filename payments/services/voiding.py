"""Taking a whole invoice back: what that does, to be shown before, and doing it only as it was shown."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from balances.ledger import Allocation, open_books
from balances.models import Charge, Invoice
from balances.queries import accounts_that_paid, first_open_day, invoice_charges, live_allocations
from balances.requests import Once
from balances.services import void_invoice, why_not_voided
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.models import Actor
from payments.services.foreseen import Changed


@dataclass(frozen=True)
class Voiding:
    """All that voiding an invoice would do (minor units), or why it can't be done."""

    invoice: Invoice
    lines: list[Charge]
    freed: list[Allocation]
    day: date
    why_not: str = ""

    @property
    def parts(self) -> list[tuple[Charge, int]]:
        """What is taken back of each line; what was credited before is gone already."""
        return [(line, line.amount - line.credited) for line in self.lines]

    @property
    def credited(self) -> int:
        """What is taken back of what was billed."""
        return sum(part for _, part in self.parts)

    @property
    def owed(self) -> int:
        """What is not owed any more."""
        return sum(line.outstanding for line in self.lines)

    @property
    def paid(self) -> int:
        """What is in hand again."""
        return sum(entry.applied for entry in self.freed)

    @property
    def seal(self) -> str:
        """A digest of everything that is shown: who confirms sends it back, and nothing else is done."""
        lines = [(line.pk, line.amount, line.credited, line.outstanding) for line in self.lines]
        shown = [self.invoice.pk, lines, [(entry.pk, entry.applied) for entry in self.freed], str(self.day)]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def foresee_void(invoice: Invoice, clinic: Clinic) -> Voiding:
    """What voiding it would do now."""
    lines = list(invoice_charges(invoice))
    freed = list(live_allocations(charge__invoice=invoice))
    day = first_open_day(invoice.location_id, clock.today(clinic))
    return Voiding(invoice, lines, freed, day, why_not_voided(invoice, lines))


@transaction.atomic
def void_as_shown(invoice: Invoice, seal: str, *, by: Actor, reason: str, once: Once) -> int:
    """Void an invoice if that does what was shown, asked once more under the accounts' locks; returns what is freed.

    Raises Changed when it would do anything else, Refusal when it can't be; a second arrival raises Repeated first.
    """
    with open_books(invoice.account_id, *accounts_that_paid(invoice), by=by, once=once) as books:
        now = foresee_void(invoice, by.clinic)
        if now.why_not:
            raise Refusal(now.why_not)
        if now.seal != seal:
            raise Changed
        void_invoice(invoice, by=by, reason=reason)
        books.answer = {"invoice": invoice.number, "freed": now.paid}
    return now.paid
