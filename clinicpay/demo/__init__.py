"""Demo clinics with about a year of believable activity, made through the real services.

Deterministic apart from the calendar: it ends today. Money is dated in the past by the source `demo`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from balances.models import Charge
from balances.queries import open_charges
from balances.services import bill_event, complete_event
from balances.states import Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.clinics.services import create_clinic
from clinicpay.demo.allocation import ByHand
from clinicpay.demo.benefits import insure
from clinicpay.demo.callbacks import Calls
from clinicpay.demo.closes import Closes
from clinicpay.demo.contexts import make_contexts
from clinicpay.demo.corrections import Corrections
from clinicpay.demo.deposits import Deposits
from clinicpay.demo.exports import make_exports
from clinicpay.demo.files import Files
from clinicpay.demo.holds import Holds
from clinicpay.demo.links import Links
from clinicpay.demo.morning import Morning
from clinicpay.demo.nights import make_a_night, make_a_preview
from clinicpay.demo.packages import Packages
from clinicpay.demo.people import make_people
from clinicpay.demo.plans import PaymentPlans
from clinicpay.demo.refunds import make_refunds
from clinicpay.demo.requests import Requests
from clinicpay.demo.slips import Slips
from clinicpay.demo.statements import make_statements
from clinicpay.demo.write_offs import WriteOffs
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import add_payer, open_account, register_patient
from clinicpay.staff.models import ClinicPayItself, Membership, Practitioner, User
from clinicpay.staff.roles import Role
from payments.services import Order, Tender, record_payment
from payments.states import Method
from treatments.models import PriceItem, TreatmentEvent
from treatments.services import Work, move_event, schedule_event
from treatments.states import EventState

PASSWORD = "demo-clinic-pay"  # noqa: S105 - of demo people only, printed beside their names

DAYS = 360
"""How far back the activity goes."""

PRICES = [
    ("D0120", "Periodic oral evaluation", "General", 6200),
    ("D0274", "Bitewing X-rays, four images", "General", 7800),
    ("D1110", "Adult cleaning", "Hygiene", 12000),
    ("D1206", "Fluoride varnish", "Hygiene", 4250),
    ("D2391", "Composite filling, one surface", "General", 19500),
    ("D2740", "Crown, porcelain", "Restorative", 124900),
    ("D3310", "Root canal, front tooth", "Endodontics", 89900),
    ("D7140", "Extraction", "Surgery", 21050),
    ("D9972", "Whitening", "Cosmetic", 35000),
    ("D9986", "Recall reminder (no charge)", "Hygiene", 0),
]

VISITS = [
    ("Check-up and cleaning", ["D0120", "D1110"]),
    ("Hygiene recall", ["D1110", "D9986"]),
    ("X-rays and check-up", ["D0120", "D0274"]),
    ("Filling", ["D2391"]),
    ("Crown, first stage", ["D2740"]),
    ("Root canal", ["D3310", "D0274"]),
    ("Extraction", ["D7140"]),
    ("Whitening", ["D9972"]),
    ("Fluoride", ["D1206", "D1110"]),
]

FIRST = (
    *("Ethan", "Maya", "Noah", "Hannah", "Ibrahim", "Grace", "Daniel", "Sofia", "Oliver", "Amara"),
    *("Lucas", "Mei", "Jonas", "Priya", "Víctor", "Chloë", "Samuel", "Ines", "Tariq", "Freya"),
)
LAST = (
    *("Park", "Okafor", "Klein", "Sesay", "O’Brien", "Nguyen", "García", "Lindqvist", "Haddad"),
    *("Kowalski", "Moreno", "Tane", "Whitfield-Montgomery", "Rossi", "Ahmed", "Walker"),
)


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in to a demo clinic."""

    email: str
    name: str
    role: Role


@dataclass(frozen=True)
class Plan:
    """One demo clinic."""

    slug: str
    name: str
    timezone: str
    currency: str
    locations: tuple[str, ...]
    practitioners: tuple[tuple[str, str], ...]
    people: tuple[Person, ...]
    patients: int
    visits: int


HARBOR = Plan(
    "harbor",
    "Harbor Clinic",
    "America/New_York",
    "USD",
    ("Harbor Point", "Main Street"),
    (("Dr Petra Jones", "General"), ("Dr Amos Field", "Endodontics"), ("Lena Ortiz, RDH", "Hygiene")),
    (
        Person("rita@harbor.test", "Rita Moreno", Role.RECEPTION),
        Person("bill@harbor.test", "Bill Chandra", Role.BILLING),
        Person("adam@harbor.test", "Adam Novak", Role.ADMIN),
        Person("olga@harbor.test", "Olga Reyes", Role.OWNER),
        Person("petra@harbor.test", "Petra Jones", Role.PRACTITIONER),
    ),
    patients=48,
    visits=150,
)
LAKESIDE = Plan(
    "lakeside",
    "Lakeside Dental",
    "Pacific/Auckland",
    "NZD",
    ("Lakeside",),
    (("Dr Wiremu Tane", "General"), ("Ana Fox", "Hygiene")),
    (
        Person("stella@lakeside.test", "Stella Brown", Role.OWNER),
        Person("rob@lakeside.test", "Rob Hale", Role.RECEPTION),
    ),
    patients=12,
    visits=30,
)
PLANS = (HARBOR, LAKESIDE)


def logins() -> Iterator[tuple[Plan, Person]]:
    """Everybody who can sign in, clinic by clinic."""
    for plan in PLANS:
        for person in plan.people:
            yield plan, person


def missing() -> list[Plan]:
    """Demo clinics that this database doesn't have yet."""
    with connection.cursor() as cursor:
        cursor.execute("select slug from all_clinics()")
        existing = {slug for (slug,) in cursor.fetchall()}
    return [plan for plan in PLANS if plan.slug not in existing]


def build(plan: Plan, *, bare: bool = False) -> None:
    """Make one demo clinic, all or nothing: with everything in it, or with nothing but people, patients and prices."""
    clinic = create_clinic(slug=plan.slug, name=plan.name, timezone=plan.timezone, currency=plan.currency)
    with clinic_scope(clinic):
        builder = Builder(plan, clinic)
        builder.furnish()
        if not bare:
            builder.build()


class Builder:
    """Fills one clinic; `chance` makes every run the same."""

    def __init__(self, plan: Plan, clinic: Clinic) -> None:
        self.plan, self.clinic = plan, clinic
        self.by = ClinicPayItself(clinic, "Demo data")
        self.chance = random.Random(plan.slug)  # noqa: S311 - believable, not secret
        self.today = clock.today(clinic)
        self.latest: Patient | None = None

    def furnish(self) -> None:
        """People, prices, patients."""
        self.settings()
        self.patients = [self.patient(n) for n in range(self.plan.patients)]

    def build(self) -> None:
        """A year of visits, and today's."""
        insure(self.clinic, self.patients, by=self.by)
        days = sorted(self.chance.randrange(1, DAYS) for _ in range(self.plan.visits))
        for back in reversed(days):
            self.past_visit(self.today - timedelta(days=back))
        make_a_night(self.clinic)
        self.a_deposit_that_waits()
        self.visits_of_today()
        Corrections(self.clinic, self.by).make()
        PaymentPlans(self.clinic, self.by).make()
        Requests(self.clinic, self.by).make()
        Holds(self.clinic, self.by).make()
        Packages(self.clinic, self.by).make()
        Deposits(self.clinic, self.by).make()
        Files(self.clinic).make()
        if self.plan is HARBOR:
            Links(self.clinic, self.by).make()
        make_refunds(self.by)
        if self.plan is HARBOR:
            ByHand(self.clinic, self.by).make()
            WriteOffs(self.clinic).make()
        Calls(self.clinic, self.by).make()
        make_people(self.clinic, by=self.by)
        make_a_preview(self.by)
        Slips(self.clinic, self.by).make()
        make_contexts(self.by)
        if self.plan is HARBOR:
            make_statements()
        Closes(self.clinic).make()  # last: nothing is dated on a closed day
        make_exports(self.clinic)
        if self.plan is HARBOR:
            Morning(self.clinic, self.by).make()

    def settings(self) -> None:
        """Locations, people, practitioners and the price list."""
        first, *others = self.plan.locations
        Location.objects.update(name=first)
        Location.objects.bulk_create(Location(name=name) for name in others)
        members = {person.role: self.member(person) for person in self.plan.people}
        Practitioner.objects.bulk_create(
            Practitioner(
                name=name, discipline=discipline, member=members.get(Role.PRACTITIONER) if "Petra" in name else None
            )
            for name, discipline in self.plan.practitioners
        )
        PriceItem.objects.bulk_create(
            PriceItem(code=code, description=words, discipline=discipline, fee=fee)
            for code, words, discipline, fee in PRICES
        )
        self.locations, self.practitioners = list(Location.objects.all()), list(Practitioner.objects.all())
        self.insurer = open_account(by=self.by, kind=Account.Kind.INSURANCE, name="Beacon Dental Insurance")

    def member(self, person: Person) -> Membership:
        """A person with their membership; the same person may come from an earlier demo."""
        user = User.objects.filter(email=person.email).first() or User.objects.create_user(
            person.email, PASSWORD, name=person.name
        )
        return Membership.objects.create(user=user, role=person.role)

    def patient(self, n: int) -> Patient:
        """A patient; every fifth belongs to the family of the one before."""
        first, last = FIRST[n % len(FIRST)], LAST[(n * 7 + n // len(FIRST)) % len(LAST)]
        family = self.latest if n % 5 == 4 else None
        born = date(1950, 3, 1) + timedelta(days=self.chance.randrange(25_000))
        patient = register_patient(
            by=self.by,
            account=family.account if family else None,
            first_name=first,
            last_name=family.last_name if family else last,
            birth_date=born,
            phone=f"+1 555 01{n:02d}" if self.clinic.currency == "USD" else f"+64 9 555 01{n:02d}",
            email=f"patient{n}@example.test",
        )
        if n % 3 == 0:
            add_payer(patient, self.insurer, by=self.by)
        self.latest = patient
        return patient

    def schedule(self, day: date, hour: int, minute: int = 0) -> TreatmentEvent:
        """A visit on a day, on the clinic's clock."""
        title, codes = self.chance.choice(VISITS)
        practitioner = self.chance.choice(self.practitioners)
        return schedule_event(
            by=self.by,
            work=[Work(code) for code in codes],
            patient=self.chance.choice(self.patients),
            practitioner=practitioner,
            location=self.chance.choice(self.locations),
            service_at=datetime.combine(day, time(hour, minute), clock.zone(self.clinic)).astimezone(UTC),
            discipline=practitioner.discipline,
            title=title,
        )

    def past_visit(self, day: date) -> None:
        """A completed visit, billed that day, and paid in full, in part, late or not at all."""
        event = self.schedule(day, self.chance.randrange(8, 17))
        event = move_event(event, EventState.CLOSED, by=self.by)
        TreatmentEvent.objects.filter(pk=event.pk).update(closed_at=event.service_at)
        invoice = bill_event(event, by=self.by, source=Source.DEMO, dated=day)
        if invoice is None:
            return
        owed = sum(
            charge.outstanding for charge in open_charges([invoice.account_id]) if charge.invoice_id == invoice.pk
        )
        share = self.chance.choices([0, 0.4, 1], weights=[10, 14, 76])[0]
        later = min(day + timedelta(days=self.chance.choice([0, 0, 0, 4, 19])), self.today)
        if share:
            self.pay(event, int(owed * share), later)

    def pay(self, event: TreatmentEvent, amount: int, day: date) -> None:
        """Money for a visit, sometimes by two tenders, sometimes a little more than is owed."""
        account = event.patient.account
        method = self.chance.choice([Method.CARD, Method.CARD, Method.CASH, Method.CHEQUE, Method.TRANSFER])
        extra = self.chance.choice([0] * 18 + [2500, 5000])
        tenders = [Tender(method, amount + extra)]
        if amount > 20_000 and self.chance.random() < 0.15:
            tenders = [Tender(Method.CARD, amount + extra - 10_000), Tender(Method.CASH, 10_000)]
        record_payment(
            account,
            Order(event.location, tenders, list(self.parts(event, amount)), event.patient, event=event),
            by=self.by,
            source=Source.DEMO,
            dated=day if day < self.today else None,  # noon stands for a past day; today's may be still to come
        )

    def parts(self, event: TreatmentEvent, amount: int) -> Iterator[tuple[int, int]]:
        """The event's charges from the top, as far as the amount goes."""
        for charge in Charge.objects.filter(event=event, outstanding__gt=0).order_by("line"):
            part = min(amount, charge.outstanding)
            if part:
                yield charge.pk, part
            amount -= part

    def a_deposit_that_waits(self) -> None:
        """Money that nobody has applied yet."""
        for patient in self.patients[:3]:
            order = Order(self.locations[0], [Tender(Method.CARD, 15_000)], patient=patient, memo="Paid ahead")
            record_payment(patient.account, order, by=self.by, source=Source.DEMO, dated=self.today - timedelta(days=9))

    def visits_of_today(self) -> None:
        """A day in progress: some paid, some closed and owing, one in the chair, some to come."""
        events = [self.schedule(self.today, 8 + n, 30 * (n % 2)) for n in range(8)]
        for n, event in enumerate(events[:5]):
            complete_event(event, by=self.by)
            owed = sum(event.charges.values_list("outstanding", flat=True))
            if n < 2 and owed:
                self.pay(event, owed if n else owed // 2, self.today)
        move_event(events[5], EventState.IN_PROGRESS, by=self.by)
