"""Billing what is not part of a treatment, such as copies of records or a missed appointment."""

from typing import NamedTuple

from django.utils import timezone

from balances.ledger import open_books
from balances.models import Charge, Invoice
from balances.requests import Once
from balances.services.acts import new_invoice
from balances.states import ChargeKind
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can


class OfficeCharge(NamedTuple):
    """What is charged (minor units) where, and for which patient of the account, if for any."""

    description: str
    amount: int
    location: Location
    patient: Patient | None = None


def bill_office_charge(account: Account, asked: OfficeCharge, *, by: Actor, once: Once | None = None) -> Invoice:
    """Put a charge without a treatment on an invoice of its own.

    Raises Refusal for an insurer or a third party on whose account no patient is, and for a patient of another account.
    """
    require(by, Can.BILL)
    if account.is_payer and not account.patients.exists():
        raise Refusal(f"{account.name} pays for patients of other accounts. Charge the patient’s account.")
    if asked.patient and asked.patient.account_id != account.pk:
        raise Refusal(f"{asked.patient.name} is on another account.")
    today = clock.today(by.clinic)
    with open_books(account, by=by, once=once) as books:
        # After a close the posting lands on the next day, but no invoice is dated in the future.
        day = min(books.business_date(asked.location.pk), today)
        invoice = new_invoice(account.pk, asked.location.pk, day, issued_at=timezone.now())
        line = Charge(
            kind=ChargeKind.OFFICE,
            patient=asked.patient,
            description=asked.description,
            service_date=today,
            amount=asked.amount,
        )
        books.charge(invoice, [line])
        kept = {"amount": asked.amount, "description": asked.description}
        books.record("invoice.office_charge", invoice, after=kept)
        books.answer = {"invoice": invoice.number}
    return invoice
