"""Billing a treatment again whose invoice was voided: what that does, to be shown before, and done only as shown."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from balances.billable import Again, billable_again, why_not_billed_again
from balances.ledger import open_books
from balances.models import Invoice
from balances.queries import first_open_day
from balances.requests import Once
from balances.services import TERMS_DAYS, bill_again
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.models import Actor
from payments.services.foreseen import Changed
from treatments.models import Procedure, TreatmentEvent


@dataclass(frozen=True)
class Billing:
    """All that billing a treatment again would do (minor units), or why it can't be done."""

    event: TreatmentEvent
    account: Account
    lines: list[Again]
    free: list[Procedure]
    today: date
    day: date
    why_not: str = ""

    @property
    def total(self) -> int:
        """What is billed."""
        return sum(one.procedure.fee for one in self.lines)

    @property
    def before(self) -> int:
        """What the void invoices had billed of the same."""
        return sum(one.before.amount for one in self.lines)

    @property
    def due(self) -> date:
        """By when it is to be paid."""
        return self.today + timedelta(days=TERMS_DAYS)

    @property
    def owed(self) -> int:
        """What the account owes then."""
        return self.account.owes + self.total

    @property
    def seal(self) -> str:
        """A digest of everything that is shown: who confirms sends it back, and nothing else is done."""
        lines = [(one.procedure.pk, one.procedure.fee, one.before.pk) for one in self.lines]
        account = (self.account.pk, self.account.owes, self.account.credit)
        shown = [self.event.pk, lines, account, str(self.today), str(self.day)]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def foresee_billing(event: TreatmentEvent, clinic: Clinic) -> Billing:
    """What billing it again would do now."""
    lines, today = billable_again(event.pk), clock.today(clinic)
    account = Account.objects.get(pk=event.patient.account_id)
    free = list(event.procedures.filter(fee=0).order_by("line"))
    day = first_open_day(event.location_id, today)
    return Billing(event, account, lines, free, today, day, why_not_billed_again(event, lines))


@transaction.atomic
def bill_as_shown(event: TreatmentEvent, seal: str, *, by: Actor, once: Once) -> Invoice:
    """Bill a treatment again if that does what was shown, asked once more under the account's lock.

    Raises Changed when it would do anything else, Refusal when it can't be; a second arrival raises Repeated first.
    """
    with open_books(event.patient.account, by=by, once=once) as books:
        now = foresee_billing(TreatmentEvent.objects.select_related("patient").get(pk=event.pk), by.clinic)
        if now.why_not:
            raise Refusal(now.why_not)
        if now.seal != seal:
            raise Changed
        invoice = bill_again(event, by=by)
        books.answer = {"invoice": invoice.number}
    return invoice
