"""The demo's pre-payments: money held for what is owed, for what is planned, and for what nobody knows of yet."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from balances.models import Charge, Credit
from balances.queries import received_credit
from balances.services import hold_credit, release_credit
from balances.states import Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.patients.models import Patient
from clinicpay.staff.models import ClinicPayItself, Practitioner
from payments.models import Payment
from payments.services import Order, Tender, name_own_fields, record_payment
from payments.states import Method
from treatments.models import TreatmentEvent
from treatments.services import Work, schedule_event

CASE = "Insurance case"
"""What the demo clinic calls its first own field."""


class Holds:
    """Works on what a year of visits has left in one demo clinic."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by, self.today = clinic, by, clock.today(clinic)
        self.location, self.practitioner = Location.objects.order_by("pk")[0], Practitioner.objects.order_by("pk")[0]
        free = Patient.objects.filter(account__unapplied=0, account__held=0).order_by("-number")
        self.patients = list(free[:6])

    def make(self) -> None:
        """A small clinic has the first two."""
        name_own_fields(by=self.by, custom_1=CASE, custom_2="")
        self.for_what_is_owed()
        if self.patients:
            self.for_a_crown(self.patients[0])
        if len(self.patients) > 4:
            self.for_a_case(self.patients[1])
            self.waiting_for_long(self.patients[2])
            self.for_a_practitioner(self.patients[3])

    def for_a_crown(self, patient: Patient) -> None:
        """Part of a payment, held for a treatment that is planned."""
        crown = self.plan(patient, 9, "D2740", "Crown, second stage")
        self.hold(patient, 35_000, 12, held=20_000, event=crown)

    def for_what_is_owed(self) -> None:
        """Held for a procedure that has been done since: it waits to be applied."""
        charges = Charge.objects.filter(outstanding__gt=10_000, invoice__isnull=False, kind="procedure")
        for charge in charges.filter(account__unapplied=0, account__held=0).order_by("pk")[:2]:
            assert charge.patient  # of a procedure
            self.hold(charge.patient, 15_000, 26, criteria={"procedure": charge.code})

    def for_a_case(self, patient: Patient) -> None:
        """Held for one of the clinic's own fields, which a planned treatment has and a check-up has not."""
        self.plan(patient, 4, "D0120", "Check-up")
        self.plan(patient, 16, "D3310", "Root canal", custom_1="BC-20417")
        self.hold(patient, 60_000, 33, criteria={"custom_1": "BC-20417", "discipline": self.practitioner.discipline})

    def waiting_for_long(self, patient: Patient) -> None:
        """Nothing that anybody knows of matches; a part was let go."""
        held = self.hold(patient, 90_000, 84, criteria={"procedure": "D9972", "location": self.location})
        release_credit(held, 20_000, by=self.by, reason="Only one jaw is to be whitened")

    def for_a_practitioner(self, patient: Patient) -> None:
        """Held for whatever one practitioner does."""
        self.hold(patient, 12_000, 2, criteria={"practitioner": self.practitioner})

    def plan(self, patient: Patient, ahead: int, code: str, title: str, **own: str) -> TreatmentEvent:
        """A treatment in so many days."""
        day = self.today + timedelta(days=ahead)
        return schedule_event(
            by=self.by,
            work=[Work(code)],
            patient=patient,
            practitioner=self.practitioner,
            location=self.location,
            service_at=datetime.combine(day, time(10), clock.zone(self.clinic)).astimezone(UTC),
            discipline=self.practitioner.discipline,
            title=title,
            **own,
        )

    def hold(self, patient: Patient, amount: int, ago: int, *, held: int = 0, **asked: Any) -> Credit:
        """Money that came so many days ago, held wholly or in part."""
        order = Order(self.location, [Tender(Method.CARD, amount)], patient=patient, memo="Paid ahead of treatment")
        receipt = record_payment(patient.account, order, by=self.by, source=Source.DEMO, dated=self._day(ago))
        payment = Payment.objects.get(receipt=receipt)
        return hold_credit(received_credit(payment.pk), held or amount, by=self.by, **asked)

    def _day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)
