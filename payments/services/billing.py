"""Billing a treatment by hand, now or again after a void: what that does, to be shown before, and done as shown.

So is saying why it is not billed again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from balances.billable import (
    Billable,
    Left,
    billable,
    left_unbilled,
    to_bill,
    waiting,
    waits,
    why_not_billed,
    why_not_waived,
)
from balances.ledger import open_books
from balances.models import Charge, Invoice
from balances.queries import first_open_day
from balances.requests import Once
from balances.services import TERMS_DAYS, bill_treatment, waive_billing
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.models import Actor
from payments.services.foreseen import Changed
from treatments.models import Procedure, TreatmentEvent
from treatments.services import lock_event

WAITS = "part of its package, billed when it is marked complete"
"""Why a package's part isn't billed yet."""


@dataclass(frozen=True)
class Billing:
    """All that billing a treatment would do (minor units), or why it can't be done.

    `left` is what somebody has said of procedures that are not billed again; where that is all, `lines` are they.
    `others` are the procedures of which nothing is to be billed, each with why.
    """

    event: TreatmentEvent
    account: Account
    lines: list[Billable]
    left: list[Left]
    others: list[tuple[Procedure, str]]
    today: date
    day: date
    why_not: str = ""

    @property
    def total(self) -> int:
        """What is billed."""
        return sum(one.procedure.fee for one in self.lines)

    @property
    def is_waived(self) -> bool:
        """Whether somebody has said of all of it why it is not billed again."""
        return bool(self.lines) and not waiting(self.lines)

    @property
    def why_not_waived(self) -> str:
        """Why nothing is to be said of what is not billed again; "" when something is."""
        return self.why_not or why_not_waived(self.event, self.lines)

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
        lines = [(one.procedure.pk, one.procedure.fee, one.before and one.before.pk) for one in self.lines]
        account = (self.account.pk, self.account.owes, self.account.credit)
        others = [(one.pk, why) for one, why in self.others]
        said = [one.waiver.pk for one in self.left]
        what = [self.event.pk, self.event.is_completed, lines, said, others]
        shown = [*what, account, str(self.today), str(self.day)]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def foresee_billing(event: TreatmentEvent, clinic: Clinic) -> Billing:
    """What billing it would do now."""
    lines, today = billable(event), clock.today(clinic)
    account = Account.objects.get(pk=event.patient.account_id)
    day = first_open_day(event.location_id, today)
    why_not = why_not_billed(event, lines)
    return Billing(event, account, to_bill(lines), left_unbilled(lines), _others(event, lines), today, day, why_not)


def _others(event: TreatmentEvent, lines: Sequence[Billable]) -> list[tuple[Procedure, str]]:
    rows = event.procedures.exclude(pk__in=[one.procedure.pk for one in lines]).order_by("line")
    charges = Charge.objects.filter(procedure__event=event, voided=False).select_related("invoice")
    billed = {charge.procedure_id: charge.invoice for charge in charges}
    return [(one, _why_not(one, event, billed.get(one.pk))) for one in rows]


def _why_not(procedure: Procedure, event: TreatmentEvent, invoice: Invoice | None) -> str:
    if invoice:
        return f"on {invoice.ref} already"
    if not procedure.fee:
        return "no charge, on no invoice"
    return WAITS if waits(procedure, event) else "no invoice of it was voided"


@transaction.atomic
def bill_as_shown(event: TreatmentEvent, seal: str, *, by: Actor, once: Once) -> Invoice:
    """Bill a treatment by hand if that does what was shown, asked once more under the locks of account and event.

    Raises Changed when it would do anything else, Refusal when it can't be; a second arrival raises Repeated first.
    """
    with open_books(event.patient.account, by=by, once=once) as books:
        now = foresee_billing(lock_event(event), by.clinic)
        if now.why_not:
            raise Refusal(now.why_not)
        if now.seal != seal:
            raise Changed
        invoice = bill_treatment(event, by=by)
        books.answer = {"invoice": invoice.number}
    return invoice


@transaction.atomic
def waive_as_shown(event: TreatmentEvent, seal: str, *, by: Actor, reason: str, once: Once) -> None:
    """Say why a treatment is not billed again, if what waits is what was shown, asked once more under both locks.

    Raises Changed when it is anything else, Refusal when nothing waits; a second arrival raises Repeated first.
    """
    with open_books(event.patient.account, by=by, once=once) as books:
        now = foresee_billing(lock_event(event), by.clinic)
        if not now.why_not_waived and now.seal != seal:
            raise Changed
        books.answer = {"amount": waive_billing(event, by=by, reason=reason)}
