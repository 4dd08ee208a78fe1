"""Treatments along the four steps for the attacks: what each may not do, somebody tries."""

from django.utils import timezone

from clinicpay.patients.models import Patient
from payments.models import Payment
from payments.services import reverse_payment
from tests.factories import Clinicful, a_charge, a_patient, a_payment, a_ready_event, a_review, an_event, some_evidence
from treatments.models import TreatmentEvent
from treatments.services import reopen_record


def a_paid_event(home: Clinicful, patient: Patient) -> tuple[TreatmentEvent, Payment]:
    """A treatment of now that is closed and paid, and its payment."""
    charge = a_charge(home, patient, 100, service_at=timezone.now())
    assert charge.event
    return charge.event, a_payment(home, patient.account, 100, (charge, 100))


def some_reviewed_events(home: Clinicful) -> dict[str, int]:
    """Paid without evidence; paid, reviewed and taken back; the same after its confirmation; re-opened; to come."""
    patient = a_patient(home)
    (paid, _), (false, gone), (taken, lost), (unread, _) = (a_paid_event(home, patient) for _ in range(4))
    for event in (paid, false, unread):
        a_review(home, event)
    some_evidence(home, false)
    a_ready_event(home, taken)
    for payment in (gone, lost):
        reverse_payment(payment, by=home.bill, reason="wrong patient")
    reopen_record(unread, by=home.petra, reason="forgot a tooth")
    return {
        "paid_event": paid.pk,
        "false_event": false.pk,
        "taken_event": taken.pk,
        "unread_event": unread.pk,
        "coming_event": an_event(home, patient, 100).pk,
    }
