"""The demo's packages: cleanings at one price with money held for them, a crown in stages, an exception."""

from datetime import UTC, datetime, time, timedelta

from balances.models import Charge
from balances.packages import events_of
from balances.queries import received_credit
from balances.services import Agreed, Visit, add_package, apply_credit, bill_event, hold_credit, make_exception
from balances.states import Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.patients.models import Patient
from clinicpay.staff.models import ClinicPayItself, Practitioner
from payments.models import Payment
from payments.services import Order, Tender, record_payment
from payments.states import Method
from treatments.models import TreatmentEvent
from treatments.services import move_event
from treatments.states import EventState, Origin


class Packages:
    """Works on patients of one demo clinic that owe nothing and have nothing in hand."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by, self.today = clinic, by, clock.today(clinic)
        self.location, self.practitioner = Location.objects.order_by("pk")[0], Practitioner.objects.order_by("pk")[0]
        free = Patient.objects.filter(account__unapplied=0, account__held=0, account__owes=0)
        self.patients = list(free.order_by("number")[:2])

    def make(self) -> None:
        """Nothing in a clinic without such patients."""
        if self.patients:
            self.cleanings(self.patients[0])
        if len(self.patients) > 1:
            self.crown(self.patients[1])

    def cleanings(self, patient: Patient) -> None:
        """Four cleanings for 440.00: two are done, paid from 300.00 that are held for all of them, two are to come."""
        visits = [self.visit(days, "Cleaning", "D1110") for days in (-150, -30, 60, 150)]
        package = add_package(patient, Agreed("4 cleanings", Origin.PACKAGE, visits, 44_000), by=self.by)
        money = received_credit(self.pay(patient, 30_000, 151).pk)
        held = hold_credit(money, 30_000, by=self.by, criteria={"package": package})
        first, second, *_ = events_of(package)
        apply_credit(held, [(self.close(first, 150), 11_000)], by=self.by)
        self.close(second, 30)

    def crown(self, patient: Patient) -> None:
        """A crown in three stages: the first is done and paid in part, with the owner's word about the rest."""
        stages = (("Preparation", -9, 62_000), ("Try-in", 8, 18_000), ("Crown is fitted", 22, 90_001))
        visits = [self.visit(days, title, "", price) for title, days, price in stages]
        package = add_package(patient, Agreed("Crown, lower left", Origin.STAGED, visits), by=self.by)
        first = events_of(package)[0]
        charge = self.close(first, 9)
        apply_credit(received_credit(self.pay(patient, 25_000, 9).pk), [(charge, 25_000)], by=self.by)
        make_exception(first, by=self.by, note="The owner agreed: the rest is paid when the crown is fitted.")

    def visit(self, days: int, title: str, code: str, price: int = 0) -> Visit:
        """At nine in the morning, so many days from today."""
        at = datetime.combine(self.today + timedelta(days=days), time(9), clock.zone(self.clinic)).astimezone(UTC)
        return Visit(at, self.practitioner, self.location, title, code, price)

    def close(self, event: TreatmentEvent, ago: int) -> Charge:
        """Complete so many days ago, its part billed that day."""
        move_event(event, EventState.CLOSED, by=self.by)
        TreatmentEvent.objects.filter(pk=event.pk).update(closed_at=event.service_at)
        bill_event(event, by=self.by, source=Source.DEMO, dated=self.today - timedelta(days=ago))
        return Charge.objects.get(event=event)

    def pay(self, patient: Patient, amount: int, ago: int) -> Payment:
        """By card, so many days ago, applied to nothing yet."""
        order = Order(self.location, [Tender(Method.CARD, amount)], patient=patient)
        day = self.today - timedelta(days=ago)
        receipt = record_payment(patient.account, order, by=self.by, source=Source.DEMO, dated=day)
        return Payment.objects.get(receipt=receipt)
