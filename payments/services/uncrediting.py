"""Reversing a credit note: what that does, to be shown before, and done only as it was shown."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from balances.ledger import CreditNote, open_books
from balances.models import Charge
from balances.queries import credit_notes, first_open_day, invoices_with_balance, oldest_open_date
from balances.requests import Once
from balances.services import reverse_credit, why_not_uncredited
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.models import Actor
from payments.models import Refund, RefundLine
from payments.services.foreseen import Changed, Owing

OVER = "This credit note was reversed already."


@dataclass(frozen=True)
class Uncrediting:
    """All that reversing a credit note would do (minor units), or why it can't be done.

    `refund` is the one with which the charge was reduced, if it was.
    """

    note: CreditNote
    charge: Charge
    amount: int
    invoice: Owing
    account: Owing
    refund: Refund | None
    today: date
    day: date
    why_not: str = ""

    @property
    def owed(self) -> int:
        """What the charge owes then."""
        return self.charge.outstanding + self.amount

    @property
    def seal(self) -> str:
        """A digest of everything that is shown: who confirms sends it back, and nothing else is done."""
        owing = [(one.what.pk, one.before, one.after, one.bucket) for one in (self.invoice, self.account)]
        credit = getattr(self.account.what, "credit", 0)
        shown = [self.note.pk, self.amount, self.charge.outstanding, owing, credit, str(self.day)]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def foresee_uncredit(note: CreditNote, clinic: Clinic) -> Uncrediting:
    """What reversing one of `credit_notes` would do now."""
    assert note.charge  # the shape of a credit note
    charge, amount, today = note.charge, -note.charge_delta, clock.today(clinic)
    invoice, account = invoices_with_balance(pk=charge.invoice_id).get(), charge.account
    oldest = min(invoice.invoice_date, oldest_open_date(account.pk) or today)
    refund = RefundLine.objects.filter(credit_note=note.pk).select_related("refund").first()
    return Uncrediting(
        note=note,
        charge=charge,
        amount=amount,
        invoice=Owing(invoice, invoice.outstanding, invoice.outstanding + amount, (today - invoice.invoice_date).days),
        account=Owing(account, account.owes, account.owes + amount, (today - oldest).days),
        refund=refund.refund if refund else None,
        today=today,
        day=first_open_day(invoice.location_id, today),
        why_not=OVER if note.reversed_by.exists() else why_not_uncredited(charge),
    )


@transaction.atomic
def uncredit_as_shown(note: CreditNote, seal: str, *, by: Actor, reason: str, once: Once) -> None:
    """Reverse a credit note if that does what was shown, asked once more under the account's lock.

    Raises Changed when it would do anything else, Refusal when it can't be; a second arrival raises Repeated first.
    """
    assert note.charge  # the shape of a credit note
    with open_books(note.charge.account_id, by=by, once=once) as books:
        now = foresee_uncredit(credit_notes().get(pk=note.pk), by.clinic)
        if now.why_not:
            raise Refusal(now.why_not)
        if now.seal != seal:
            raise Changed
        reverse_credit(note.pk, by=by, reason=reason)
        books.answer = {"amount": now.amount}
