"""Real rows through the real services: clinics with their people, patients, treatments, payments."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import factory

from balances.models import Charge, ClosedDay, Invoice
from balances.queries import event_balances
from balances.services import bill_event, complete_event
from balances.states import Source
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.clinics.services import create_clinic
from clinicpay.close.denominations import denominations
from clinicpay.close.models import CashCount, DailyClose, EventReview
from clinicpay.close.queries.sheet import facts_of
from clinicpay.close.reviews import confirm, review
from clinicpay.close.services import Counted, close_day, count_cash, start_review
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import register_patient
from clinicpay.staff.models import ClinicPayItself, Membership, Practitioner, User
from clinicpay.staff.roles import Role
from clinicpay.ui.uploads import Checked
from payments.models import Payment, Receipt
from payments.services import Order, Tender, attach_document, record_payment
from payments.states import Method
from treatments.models import TreatmentEvent
from treatments.services import Work, schedule_event
from treatments.states import EventState

PEOPLE = {
    "rita": Role.RECEPTION,
    "bill": Role.BILLING,
    "adam": Role.ADMIN,
    "olga": Role.OWNER,
    "petra": Role.PRACTITIONER,
}


class UserFactory(factory.django.DjangoModelFactory):
    """A person who can sign in with the password "demo-clinic-pay"."""

    class Meta:
        model = User
        django_get_or_create = ("email",)

    email = factory.Sequence(lambda n: f"person{n}@example.test")
    name = factory.LazyAttribute(lambda user: user.email.split("@")[0].title())


@dataclass
class Clinicful:
    """A clinic with its people: `rita` reception, `bill` billing, `adam` admin, `olga` owner, `petra` practitioner."""

    clinic: Clinic
    location: Location
    members: dict[str, Membership]
    practitioner: Practitioner
    itself: ClinicPayItself = field(init=False)

    def __post_init__(self) -> None:
        self.itself = ClinicPayItself(self.clinic, "Tests")

    def __getattr__(self, name: str) -> Membership:
        try:
            return self.__dict__["members"][name]
        except KeyError:
            raise AttributeError(name) from None


def make_clinic(
    slug: str, name: str = "Clinic", timezone: str = "America/New_York", currency: str = "USD"
) -> Clinicful:
    """A clinic with one location, a practitioner and one member per role."""
    clinic = create_clinic(slug=slug, name=name, timezone=timezone, currency=currency)
    users = {who: UserFactory(email=f"{who}@{slug}.test", name=who.title()) for who in PEOPLE}
    with clinic_scope(clinic):
        members = {
            who: Membership.objects.create(clinic=clinic, user=users[who], role=role) for who, role in PEOPLE.items()
        }
        practitioner = Practitioner.objects.create(name="Dr Petra Jones", member=members["petra"])
        return Clinicful(clinic, Location.objects.get(), members, practitioner)


def a_patient(home: Clinicful, first: str = "Ethan", last: str = "Park", account: Account | None = None) -> Patient:
    """A patient with an account of their own, or on the given one."""
    return register_patient(by=home.itself, account=account, first_name=first, last_name=last)


def an_event(home: Clinicful, patient: Patient, *fees: int, **fields: Any) -> TreatmentEvent:
    """A scheduled event with one procedure per fee (minor units)."""
    return schedule_event(
        by=home.itself,
        work=[Work(f"D{1000 + n}", f"Procedure {n}", fee) for n, fee in enumerate(fees, 1)],
        patient=patient,
        practitioner=home.practitioner,
        location=fields.pop("location", home.location),
        service_at=fields.pop("service_at", datetime(2026, 11, 20, 15, 0, tzinfo=UTC)),
        **fields,
    )


def an_invoice(home: Clinicful, patient: Patient, *fees: int, on: date | None = None, **fields: Any) -> Invoice:
    """An invoice of a completed event with one charge per fee (minor units), on a past date if given."""
    event = an_event(home, patient, *fees, **fields)
    if on is None:
        invoice = complete_event(event, by=home.itself)
    else:
        event.state = EventState.CLOSED
        event.save(update_fields=["state"])
        invoice = bill_event(event, by=home.itself, source=Source.DEMO, dated=on)
    assert invoice
    return invoice


def a_charge(home: Clinicful, patient: Patient, fee: int, on: date | None = None, **fields: Any) -> Charge:
    """A single charge on an invoice of its own."""
    return Charge.objects.select_related("invoice").get(invoice=an_invoice(home, patient, fee, on=on, **fields))


def a_receipt(
    home: Clinicful, account: Account, amount: int, *parts: tuple[Charge, int], on: date | None = None, **more: Any
) -> Receipt:
    """Cash, or another `method`, taken on an account and applied to the given (charge, amount) parts."""
    order = Order(
        location=more.pop("location", home.location),
        tenders=[Tender(more.pop("method", Method.CASH), amount)],
        parts=[(charge.pk, part) for charge, part in parts],
        **more,
    )
    dated = {"source": Source.DEMO, "dated": on} if on else {}
    return record_payment(account, order, by=home.itself, **dated)


def a_payment(home: Clinicful, account: Account, amount: int, *parts: tuple[Charge, int], **more: Any) -> Payment:
    """The one payment of `a_receipt`."""
    return Payment.objects.get(receipt=a_receipt(home, account, amount, *parts, **more))


def a_closed_day(home: Clinicful, day: date) -> DailyClose:
    """A day of the clinic's location, reviewed, counted as it must be and closed over whatever doesn't block."""
    start_review(home.location, day, by=home.itself)
    a_count(home, day)
    return close_day(home.location, day, by=home.itself, reason="For a test")


def a_count(home: Clinicful, day: date, off: int = 0, **more: Any) -> CashCount:
    """The drawer of a day in review as it must be, or `off` minor units of that; all of it stays there if not said."""
    drawer = facts_of(home.clinic, home.location, day).drawer
    left = total = max(drawer.before + drawer.cash.expected + off, 0)
    pieces = {}
    for value in denominations(home.clinic.currency):
        pieces[value], left = divmod(left, value)
    counted = Counted(drawer.before, pieces, kept=more.pop("kept", total), **more)
    return count_cash(home.location, day, counted, by=home.itself)


def a_locked_day(location: Location, day: date) -> None:
    """A closed day that nobody reviewed, perhaps one to come: what the ledger sees of a close."""
    close = DailyClose.objects.create(location=location, day=day)
    DailyClose.objects.filter(pk=close.pk).update(state="reviewing")
    DailyClose.objects.filter(pk=close.pk).update(state="closed", number=close.pk, snapshot={})
    ClosedDay.objects.create(location=location, day=day)


def a_review(home: Clinicful, event: TreatmentEvent, outcome: str = "") -> EventReview:
    """A closed event reviewed as what the ledger says of it, unless told."""
    balance = event_balances([event.pk]).get(event.pk)
    owed = balance.outstanding if balance else 0
    return review(event, outcome=outcome or ("outstanding" if owed else "paid"), by=home.itself)


def some_evidence(home: Clinicful, about: TreatmentEvent | Payment, name: str = "slip.txt") -> None:
    """A document attached to a treatment or a payment."""
    attach_document(about, Checked(name, "text/plain", name.encode()), by=home.itself)


def a_ready_event(home: Clinicful, event: TreatmentEvent) -> TreatmentEvent:
    """A closed event of which nothing is owed, reviewed and confirmed; a document shows that it was paid."""
    a_review(home, event)
    some_evidence(home, event)
    return confirm(event, by=home.itself)
