"""The demo's morning at the front desk: treatments of today on each of the four steps."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from balances.models import Charge
from balances.services import complete_event
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.close.reviews import confirm, review, review_and_flag
from clinicpay.patients.models import Patient
from clinicpay.staff.models import ClinicPayItself, Membership, Practitioner
from clinicpay.staff.roles import Role
from clinicpay.ui.uploads import Checked
from followups.services import Next
from payments.models import Payment
from payments.services import Order, Tender, attach_document, record_payment, reverse_payment
from payments.states import Method
from treatments.models import TreatmentEvent
from treatments.services import Work, schedule_event

SLIP = b"TERMINAL 0412  APPROVED  CARD ****4242\n"


class Morning:
    """Treatments of people who owe nothing else, so that what the board shows of them is about today."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by, self.today = clinic, by, clock.today(clinic)
        self.rita = Membership.objects.filter(role=Role.RECEPTION).first() or by
        self.caller = Membership.objects.filter(role=Role.BILLING).first()
        self.practitioners, self.place = list(Practitioner.objects.order_by("pk")), Location.objects.earliest("pk")
        free = Patient.objects.filter(account__owes=0, account__planned=0, account__cases=None)
        self.patients: Iterator[Patient] = iter(free.distinct("account").order_by("account", "pk"))

    def make(self) -> None:
        """A clinic with too few such people has fewer of each."""
        for n, follow in enumerate(
            (self.confirmed, self.called, self.promised, self.unproven, self.unflagged, self.taken_back, self.free)
        ):
            patient = next(self.patients, None)
            if patient is None:
                return
            follow(self.visit(patient, n, "D9986" if follow == self.free else ("D0120", "D1110", "D1206")[n % 3]))

    def visit(self, patient: Patient, n: int, code: str) -> TreatmentEvent:
        """One that is over, at a quarter of an hour of the morning."""
        at = datetime.combine(self.today, time(8 + n // 4, 15 * (n % 4)), clock.zone(self.clinic)).astimezone(UTC)
        who = self.practitioners[n % len(self.practitioners)]
        event = schedule_event(
            by=self.by, work=[Work(code)], patient=patient, practitioner=who, location=self.place, service_at=at
        )
        complete_event(event, by=self.by)
        return TreatmentEvent.objects.select_related("patient__account").get(pk=event.pk)

    def paid(self, event: TreatmentEvent) -> Payment:
        """Paid by card at the desk, in full."""
        charge = Charge.objects.get(event=event)
        order = Order(
            self.place,
            [Tender(Method.CARD, charge.amount)],
            [(charge.pk, charge.amount)],
            event.patient,
            event=event,
        )
        return Payment.objects.get(receipt=record_payment(event.patient.account, order, by=self.rita))

    def confirmed(self, event: TreatmentEvent) -> None:
        """All four steps: the terminal's slip is beside the payment."""
        payment = self.paid(event)
        review(event, outcome="paid", by=self.rita)
        attach_document(payment, Checked("Terminal slip.txt", "text/plain", SLIP), by=self.rita)
        confirm(event, by=self.rita)

    def called(self, event: TreatmentEvent) -> None:
        """Not paid; billing calls tomorrow."""
        if self.caller:
            at = datetime.combine(self.today + timedelta(days=1), time(10), clock.zone(self.clinic))
            what = Next(self.caller, at, note="Forgot the card")
            review_and_flag(event, outcome="follow_up", what=what, by=self.rita)

    def promised(self, event: TreatmentEvent) -> None:
        """Not paid; promised for Friday."""
        owed = sum(Charge.objects.filter(event=event).values_list("outstanding", flat=True))
        what = Next(promised=owed, promised_for=self.today + timedelta(days=5))
        review_and_flag(event, outcome="outstanding", what=what, by=self.rita)

    def unproven(self, event: TreatmentEvent) -> None:
        """Paid and reviewed, but nobody has handed the receipt over."""
        self.paid(event)
        review(event, outcome="paid", by=self.rita)

    def unflagged(self, event: TreatmentEvent) -> None:
        """Reviewed with a balance, and nothing is agreed."""
        review(event, outcome="outstanding", note="Wants to ask the insurer", by=self.rita)

    def taken_back(self, event: TreatmentEvent) -> None:
        """Reviewed as fully paid; then the payment turned out to be another patient's."""
        payment = self.paid(event)
        review(event, outcome="paid", by=self.rita)
        reverse_payment(payment, by=self.rita, reason="Another patient’s card")

    def free(self, event: TreatmentEvent) -> None:
        """Nothing was charged, and nobody has looked yet."""
