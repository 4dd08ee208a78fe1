"""The demo’s money to allocate by hand: a family’s, with every kind of charge; an insurer’s, for several patients."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from balances.ledger import open_books
from balances.models import Charge
from balances.queries import open_charges, received_credit
from balances.services import bill_event, hold_credit, new_invoice
from balances.states import ChargeKind, Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import open_account, register_patient
from clinicpay.staff.models import ClinicPayItself, Practitioner
from followups.schedule import Terms
from followups.services import bill_instalment, start_plan
from followups.states import Frequency
from payments.models import Payment
from payments.services import Order, Tender, record_payment
from payments.states import Method
from treatments.models import TreatmentEvent
from treatments.services import Work, move_event, schedule_event
from treatments.states import EventState

REMITTED = 96_500
"""What the insurer has sent (minor units)."""


@dataclass
class ByHand:
    """Fills one clinic with money that waits to be allocated."""

    clinic: Clinic
    by: ClinicPayItself

    def make(self) -> None:
        """A guardian with three children, and the newest remittance of the insurer."""
        self.today, self.place = clock.today(self.clinic), Location.objects.order_by("pk")[0]
        self.a_family()
        self.a_remittance()

    def a_family(self) -> None:
        """Treatments done and under way, an office charge, an instalment; money in hand and a pre-payment."""
        account = open_account(by=self.by, kind=Account.Kind.GUARDIAN, name="Rosalind Achterberg")
        ada, ben, cleo = (self.child(account, name) for name in ("Ada", "Benjamin", "Cleo"))
        self.visit(ada, 41, "D0120", "D1110")
        self.visit(ben, 24, "D2391")
        self.visit(cleo, 6, "D3310", begun=True)
        self.office_charge(account, "Copies of records", 1500)
        self.instalments(account, self.visit(ben, 75, "D9972"))
        self.pay(account, 40_000, 3, "Sent by the guardian")
        ahead = self.pay(account, 125_000, 20, "For Cleo’s crown")
        criteria = {"procedure": "D2740", "discipline": "Restorative"}
        hold_credit(received_credit(ahead.pk), 100_000, by=self.by, criteria=criteria)

    def a_remittance(self) -> None:
        """One payment of the insurer for several of its patients; they owe what it doesn't name."""
        insurer = Account.objects.get(kind=Account.Kind.INSURANCE)
        self.pay(insurer, REMITTED, 2, "Remittance 4471, seven claims")

    def child(self, account: Account, first: str) -> Patient:
        """One of the family."""
        return register_patient(by=self.by, account=account, first_name=first, last_name="Achterberg")

    def visit(self, patient: Patient, ago: int, *codes: str, begun: bool = False) -> list[Charge]:
        """A treatment some days ago, billed; one that has `begun` is billed before it is complete."""
        practitioner = Practitioner.objects.order_by("pk")[0]
        event = schedule_event(
            by=self.by,
            work=[Work(code) for code in codes],
            patient=patient,
            practitioner=practitioner,
            location=self.place,
            service_at=self.at(ago),
            discipline=practitioner.discipline,
        )
        move_event(event, EventState.IN_PROGRESS if begun else EventState.CLOSED, by=self.by)
        if not begun:
            TreatmentEvent.objects.filter(pk=event.pk).update(closed_at=event.service_at)
        day = self.today - timedelta(days=ago)
        invoice = bill_event(event, by=self.by, source=Source.DEMO, dated=day)
        return [one for one in open_charges([patient.account]) if invoice and one.invoice_id == invoice.pk]

    def at(self, ago: int) -> datetime:
        """Ten in the morning some days ago."""
        day = self.today - timedelta(days=ago)
        return datetime.combine(day, time(10), clock.zone(self.clinic)).astimezone(UTC)

    def office_charge(self, account: Account, words: str, amount: int) -> None:
        """A charge with no treatment, for nobody in particular."""
        day = self.today - timedelta(days=12)
        with open_books(account, by=self.by, source=Source.DEMO, dated=day) as books:
            invoice = new_invoice(account.pk, self.place.pk, day, issued_at=clock.noon(self.clinic, day))
            charge = Charge(kind=ChargeKind.OFFICE, description=words, service_date=day, amount=amount)
            books.charge(invoice, [charge])

    def instalments(self, account: Account, charges: list[Charge]) -> None:
        """A plan for these charges, its first instalment billed."""
        plan = start_plan(account, charges, Terms(12_500, Frequency.MONTHLY, self.today), by=self.by)
        bill_instalment(plan.instalments.order_by("position")[0], by=self.by)

    def pay(self, account: Account, amount: int, ago: int, memo: str) -> Payment:
        """Money that nobody has applied."""
        order = Order(self.place, [Tender(Method.TRANSFER, amount)], memo=memo)
        day = self.today - timedelta(days=ago)
        receipt = record_payment(account, order, by=self.by, source=Source.DEMO, dated=day)
        return Payment.objects.get(receipt=receipt)
