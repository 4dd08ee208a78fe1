"""What happened, for timelines."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from balances.queries import invoices_with_balance
from clinicpay import money
from clinicpay.patients.models import Patient
from clinicpay.ui.words import day_words
from payments.queries.lists import receipts_of
from treatments.models import TreatmentEvent

TIMELINE = 20
"""Lines of a timeline; older ones stand in the lists."""


@dataclass(frozen=True)
class Happened:
    """One line of a timeline, as templates/ui/timeline.html draws it."""

    at: datetime | date
    text: str
    who: str = ""
    note: str = ""
    icon: str = ""
    url: str = ""


def patient_timeline(patient: Patient, currency: str, family: Iterable[Patient] = ()) -> list[Happened]:
    """What happened between a patient, their treatments and their account's money, newest first.

    With a `family` on the account, what belongs to one of them says whose it is.
    """
    names = {one.pk: one.name for one in family}
    events = TreatmentEvent.objects.filter(patient=patient).order_by("-service_at")[:TIMELINE]
    invoices = invoices_with_balance(account=patient.account_id).order_by("-pk")[:TIMELINE]
    receipts = receipts_of(patient.account_id)[:TIMELINE]
    happened = [
        *(
            Happened(event.service_at, f"{event.ref} {event.title}", note=event.get_state_display(), icon="stethoscope")
            for event in events
        ),
        *(
            Happened(
                one.issued_at,
                f"{one.ref} billed {money.show(one.charged, currency)}",
                note=_whose(names, one.event and one.event.patient_id),
                icon="file-invoice",
            )
            for one in invoices
        ),
        *(_received(one, currency, names) for one in receipts),
    ]
    return sorted(happened, key=lambda one: one.at, reverse=True)[:TIMELINE]


def _received(receipt: Any, currency: str, names: dict[int, str]) -> Happened:
    if not receipt.amount:
        return Happened(receipt.made_at, f"{receipt.ref} was reversed", icon="circle-x")
    words = f"{receipt.ref} paid {money.show(receipt.amount, currency)}"
    whose = [_whose(names, payment.patient_id) for payment in receipt.payments.all()]
    notes = [next(filter(None, whose), ""), _late(receipt)]
    return Happened(receipt.made_at, words, note=", ".join(filter(None, notes)), icon="cash")


def _late(receipt: Any) -> str:
    """The earlier day for which it was entered."""
    is_late = receipt.business_date < timezone.localdate(receipt.made_at)
    return f"for the business day {day_words(receipt.business_date)}" if is_late else ""


def _whose(names: dict[int, str], patient_id: int | None) -> str:
    """ "for Noah Park" when others of the family could be meant."""
    return f"for {names[patient_id]}" if patient_id in names else ""
