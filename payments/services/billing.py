"""Billing a treatment again whose invoice was voided: what that does, to be shown before, and done only as shown.

So is saying why it is not billed again.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from balances.billable import Again, Left, billable_again, left_unbilled, to_bill, waiting, why_not_billed_again
from balances.ledger import open_books
from balances.models import Invoice
from balances.queries import first_open_day
from balances.requests import Once
from balances.services import TERMS_DAYS, bill_again, waive_billing
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.models import Actor
from payments.services.foreseen import Changed
from treatments.models import Procedure, TreatmentEvent


@dataclass(frozen=True)
class Billing:
    """All that billing a treatment again would do (minor units), or why it can't be done.

    `left` is what somebody has said of procedures that are not billed again; where that is all, `lines` are they.
    """

    event: TreatmentEvent
    account: Account
    lines: list[Again]
    left: list[Left]
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
    def is_waived(self) -> bool:
        """Whether somebody has said of all of it why it is not billed again."""
        return bool(self.lines) and not waiting(self.lines)

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
        said = [one.waiver.pk for one in self.left]
        shown = [self.event.pk, lines, said, account, str(self.today), str(self.day)]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def foresee_billing(event: TreatmentEvent, clinic: Clinic) -> Billing:
    """What billing it again would do now."""
    again, today = billable_again(event.pk), clock.today(clinic)
    account = Account.objects.get(pk=event.patient.account_id)
    free = list(event.procedures.filter(fee=0).order_by("line"))
    day = first_open_day(event.location_id, today)
    why_not = why_not_billed_again(event, again)
    return Billing(event, account, to_bill(again), left_unbilled(again), free, today, day, why_not)


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


@transaction.atomic
def waive_as_shown(event: TreatmentEvent, seal: str, *, by: Actor, reason: str, once: Once) -> None:
    """Say why a treatment is not billed again, if what waits is what was shown, asked once more under its lock.

    Raises Changed when it is anything else, Refusal when nothing waits; a second arrival raises Repeated first.
    """
    with open_books(event.patient.account, by=by, once=once) as books:
        now = foresee_billing(TreatmentEvent.objects.select_related("patient").get(pk=event.pk), by.clinic)
        if not now.why_not and not now.is_waived and now.seal != seal:
            raise Changed
        books.answer = {"amount": waive_billing(event, by=by, reason=reason)}
