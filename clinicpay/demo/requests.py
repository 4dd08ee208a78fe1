"""Requests to collect in every status, as a clinic has them on any day."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Actor
from payments.models import Payment
from payments.services import PaymentRequest, collect_payment, create_payment, move_payment
from payments.states import Method, PaymentStatus, PaymentType
from treatments.models import TreatmentEvent
from treatments.states import EventState

_S = PaymentStatus


class Wanted(NamedTuple):
    """One request: how many days ago it was made, when it is due, and the statuses that it went through."""

    amount: int
    ago: int
    due_in: int | None
    road: tuple[PaymentStatus, ...]
    memo: str
    kind: PaymentType | str = ""


WANTED = [
    Wanted(18_000, 1, 12, (), "Whitening, first part"),
    Wanted(6_200, 0, None, (), ""),
    Wanted(24_500, 6, 8, (_S.PENDING,), "Night guard", PaymentType.PRE_PAYMENT),
    Wanted(12_000, 3, 0, (_S.PENDING,), "Cleaning", PaymentType.OFFICE_VISIT),
    Wanted(31_050, 40, -10, (_S.PENDING,), "Sent by email, no answer", PaymentType.PRIVATE_PAY),
    Wanted(9_900, 75, -45, (_S.PENDING,), "Second reminder sent"),
    Wanted(15_500, 1, 5, (_S.PENDING, _S.PROCESSING), "Bank transfer announced"),
    Wanted(8_750, 12, -2, (_S.PENDING, _S.FAILED), "Card declined"),
    Wanted(42_000, 20, 4, (_S.PENDING, _S.FAILED, _S.PENDING), "New card promised"),
    Wanted(5_000, 30, -20, (_S.CANCELLED,), ""),
    Wanted(11_000, 25, -15, (_S.PENDING, _S.PROCESSING, _S.VOIDED), "Authorisation released"),
]
"""Amounts in minor units."""

WHY = {
    _S.CANCELLED: "Asked twice; the other one stays",
    _S.VOIDED: "The patient pays at the desk instead",
    _S.FAILED: "Insufficient funds",
}


@dataclass
class Requests:
    """Fills one clinic with requests, the newest last."""

    clinic: Clinic
    by: Actor

    def make(self) -> None:
        """Every status that no money stands behind, then one that is collected."""
        patients = list(Patient.objects.select_related("account").order_by("pk")[: 2 * len(WANTED) : 2])
        for wanted, patient in sorted(zip(WANTED, patients, strict=False), key=lambda pair: -pair[0].ago):
            self.walk(self.ask(wanted, patient), wanted)
        if patients:
            paid = self.ask(Wanted(20_000, 2, 5, (), "Deposit for a crown", PaymentType.PRE_PAYMENT), patients[-1])
            collect_payment(paid, by=self.by, method=Method.CARD)

    def ask(self, wanted: Wanted, patient: Patient) -> Payment:
        """The request, for the patient's newest treatment where there is one that lies ahead or has just been."""
        event = TreatmentEvent.objects.filter(patient=patient).exclude(state=EventState.CANCELLED).last()
        today = clock.today(self.clinic)
        request = PaymentRequest(
            patient=patient,
            amount=wanted.amount,
            location=event.location if event else Location.objects.order_by("pk")[0],
            event=event,
            kind=wanted.kind,
            due_date=None if wanted.due_in is None else today + timedelta(days=wanted.due_in),
            memo=wanted.memo,
        )
        made_at = clock.noon(self.clinic, today - timedelta(days=wanted.ago)) if wanted.ago else None
        return create_payment(request, by=self.by, made_at=made_at)

    def walk(self, payment: Payment, wanted: Wanted) -> None:
        """Along the statuses that it went through."""
        for status in wanted.road:
            move_payment(payment, status, by=self.by, reason=WHY.get(status, ""))
