"""The demo's bank slips, and deposits of every age: some of a treatment that was cancelled."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from balances.ledger import open_books
from balances.queries import received_credit
from balances.services import hold_credit
from balances.states import CreditKind, Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.numbers import take
from clinicpay.patients.models import Patient
from clinicpay.staff.models import ClinicPayItself, Practitioner
from deposits.queries.slips import items_on, sums, waiting
from deposits.services.slips import Wish, draft_slip, print_slip, seal_of
from payments.models import Payment, Receipt
from payments.services import Order, Tender, record_payment
from payments.states import Method, PaymentStatus, PaymentType
from treatments.services import Work, move_event, schedule_event
from treatments.states import EventState

DEPOSITS = (
    (3, 20_000, Method.CASH),
    (12, 15_000, Method.CHEQUE),
    (38, 40_000, Method.TRANSFER),
    (66, 25_000, Method.CARD),
    (75, 8_000, Method.CASH),
    (140, 60_000, Method.CHEQUE),
)
"""Days ago, minor units, and how they came."""


class Slips:
    """Works on what a year of visits has left in one demo clinic."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by, self.today = clinic, by, clock.today(clinic)
        self.locations = list(Location.objects.order_by("pk"))
        settled = Patient.objects.filter(account__owes=0, account__unapplied=0, account__held=0)
        self.patients = list(settled.order_by("number")[: len(DEPOSITS) + 1])

    def make(self) -> None:
        """Deposits, two slips that went to the bank, a draft, and cash that waits."""
        for n, (patient, (ago, amount, method)) in enumerate(zip(self.patients[1:], DEPOSITS, strict=False)):
            self.deposit(patient, Tender(method, amount), ago, self.locations[n % len(self.locations)])
        if self.patients:
            self.of_a_cancelled_treatment(self.patients[0])
        first, last = self.locations[0], self.locations[-1]
        self.printed(first, self.wish(first, 400, 31))
        self.printed(first, self.wish(first, 30, 8, with_cash_out=True))
        self.draft(last, self.wish(last, 400, 1))

    def deposit(self, patient: Patient, tender: Tender, ago: int, location: Location) -> None:
        """Money that was taken in advance so many days ago, for nothing in particular."""
        day = self.today - timedelta(days=ago)
        moment = clock.noon(self.clinic, day)
        beside = {"account": patient.account, "location": location}
        with open_books(patient.account, by=self.by, source=Source.DEMO, dated=day) as books:
            receipt = Receipt.objects.create(number=take("R")[0], business_date=day, made_at=moment, **beside)
            payment = Payment.objects.create(
                number=take("PAY")[0],
                patient=patient,
                receipt=receipt,
                amount=tender.amount,
                method=tender.method,
                kind=PaymentType.PRE_PAYMENT,
                status=PaymentStatus.PAID,
                paid_at=moment,
                created_at=moment,
                memo="Deposit",
                **beside,
            )
            books.receive(payment, CreditKind.DEPOSIT)

    def of_a_cancelled_treatment(self, patient: Patient) -> None:
        """Money that was held for a treatment which won't be."""
        practitioner, location = Practitioner.objects.order_by("pk")[0], self.locations[0]
        day = datetime.combine(self.today + timedelta(days=6), time(11), clock.zone(self.clinic)).astimezone(UTC)
        beside = {"practitioner": practitioner, "location": location, "discipline": practitioner.discipline}
        work, title = [Work("D2740")], "Crown"
        event = schedule_event(by=self.by, work=work, patient=patient, service_at=day, title=title, **beside)
        ago = self.today - timedelta(days=21)
        order = Order(location, [Tender(Method.CASH, 30_000)], patient=patient, event=event, memo="For the crown")
        receipt = record_payment(patient.account, order, by=self.by, source=Source.DEMO, dated=ago)
        credit = received_credit(Payment.objects.get(receipt=receipt).pk)
        hold_credit(credit, 30_000, by=self.by, event=event)
        move_event(event, EventState.CANCELLED, by=self.by, reason="Moves away")

    def wish(self, location: Location, since: int, until: int, *, with_cash_out: bool = False) -> Wish:
        """All that waits of a span of days, counted back; perhaps with a little cash taken out."""
        first, last = self.today - timedelta(days=since), self.today - timedelta(days=until)
        items = waiting(location, first, last)
        cash_out = 5_000 if with_cash_out and sums(items).cash > 5_000 else 0
        return Wish(first, last, frozenset(one.ref for one in items), cash_out, "Petty cash" if cash_out else "")

    def printed(self, location: Location, wish: Wish) -> None:
        """A slip that went to the bank."""
        if wish.refs:
            slip = draft_slip(location, wish, by=self.by)
            print_slip(location, seal=seal_of(items_on(slip), slip), by=self.by)

    def draft(self, location: Location, wish: Wish) -> None:
        """A draft that leaves the newest payment for the next slip."""
        items = waiting(location, wish.first, wish.last)
        if len(items) > 1:
            draft_slip(location, replace(wish, refs=wish.refs - {items[-1].ref}), by=self.by)
