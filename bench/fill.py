"""Clinics of any size, from a seed: patients, treatments, invoices, payments and what was applied of them.

The rows are written by set-based SQL, because a million payments through the services takes most of an hour. It is
the application's role that writes them, through the same triggers: these move every total and refuse what is wrong.
"""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, connections

from balances.checks import run_checks
from clinicpay.clinics.commands import clinic_id, long_scope
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.scope import clinic_scope
from clinicpay.clinics.services import create_clinic
from clinicpay.demo import FIRST, PRICES
from clinicpay.patients.models import Account, Patient, PatientWord
from clinicpay.patients.search import words
from clinicpay.patients.services import search_key
from clinicpay.staff.models import Membership, Practitioner, User
from clinicpay.staff.roles import Role
from payments.models import Payment, Receipt
from payments.services import fold_tallies
from treatments.models import PriceItem, TreatmentEvent

SEED = 20_251_231
ENDS = datetime.now(UTC).replace(hour=22, minute=0, second=0, microsecond=0) - timedelta(days=1)
BEGINS = ENDS - timedelta(days=1093)
"""Three years to yesterday, so that debt is of every age."""
PAYMENTS_PER_PATIENT = 20
PAYMENTS_PER_EVENT = 1.12
"""As sql/4_payments.sql deals them."""
CHUNK = 5_000
"""Treatments of one transaction: one that is much larger holds locks and memory to no avail."""
LITTLE = 100
"""Those of the first transaction: the planner knows nothing of a new clinic yet, and plans for one row."""
STEPS = [path.read_text() for path in sorted((Path(__file__).parent / "sql").glob("*.sql"))]
SYLLABLES = (
    "ka",
    "ri",
    "mo",
    "len",
    "dor",
    "vas",
    "tin",
    "bel",
    "shu",
    "gar",
    "no",
    "hal",
    "per",
    "wick",
    "sto",
    "ane",
)


@dataclass(frozen=True)
class Filled:
    """A clinic that stands ready: its name in addresses, its size, and how long it took to write it."""

    slug: str
    payments: int
    seconds: float


def fill(slug: str, payments: int, *, seed: int = SEED, span: tuple[datetime, datetime] = (BEGINS, ENDS)) -> Filled:
    """A new clinic with so many payments in `span` and all that belongs to them; its owner is owner@<slug>.test."""
    begin = time.monotonic()
    clinic = create_clinic(slug=slug, name=f"{slug.title()} Clinic", timezone="America/New_York", currency="USD")
    with clinic_scope(clinic):
        _people(clinic, slug)
        patients = _patients(max(payments // PAYMENTS_PER_PATIENT, 1), random.Random(seed))  # noqa: S311 - no secret
    events = int(payments / PAYMENTS_PER_EVENT * 1.1) + 20
    facts = _facts(clinic.pk, patients, seed) | {"pace": (span[1] - span[0]) / events, "most": payments}
    facts["begins"] = span[0]
    made, first, learnt = 0, 1, 0
    while made < payments:
        last = first + min(CHUNK, LITTLE + first, max(int((payments - made) / PAYMENTS_PER_EVENT), 10))
        made = _chunk(clinic.pk, facts | {"first": first, "last": last, "payments": made})
        first = last + 1
        if first > 2 * learnt:  # as autovacuum would in time
            as_owner("analyze")
            learnt = first
    with clinic_scope(clinic):
        for kind in (TreatmentEvent.KIND, "INV"):
            take(kind, first - 1)
        for kind in (Payment.KIND, Receipt.KIND):
            take(kind, made)
        fold_tallies()  # as every five minutes
    return Filled(slug, made, time.monotonic() - begin)


def _people(clinic: Any, slug: str) -> None:
    owner = User.objects.create_user(f"owner@{slug}.test", name="Olga Reyes")
    Membership.objects.create(clinic=clinic, user=owner, role=Role.OWNER)
    Location.objects.create(name="Main Street")
    Practitioner.objects.bulk_create(Practitioner(name=f"Dr {first} Field") for first in FIRST[:4])
    PriceItem.objects.bulk_create(
        PriceItem(code=code, description=name, discipline=discipline, fee=fee) for code, name, discipline, fee in PRICES
    )


def _patients(count: int, dice: random.Random) -> int:
    """Patients, one in seven on the account of the one before."""
    numbers = take(Patient.KIND, count)
    drawn = [_drawn(number, dice) for number in numbers]
    heads = [number for number in numbers if number % 7 or number == numbers[0]]
    accounts = Account.objects.bulk_create(
        (
            Account(number=account, name=drawn[number - numbers[0]].name)
            for account, number in zip(take(Account.KIND, len(heads)), heads, strict=True)
        ),
        batch_size=2_000,
    )
    account_of, account = dict(zip(heads, accounts, strict=True)), accounts[0]
    for patient in drawn:
        account = account_of.get(patient.number, account)
        patient.account = account
    saved = Patient.objects.bulk_create(drawn, batch_size=2_000)
    found = (PatientWord(patient=patient, word=word) for patient in saved for word in words(patient.name))
    PatientWord.objects.bulk_create(found, batch_size=5_000)
    return count


def _drawn(number: int, dice: random.Random) -> Patient:
    last = "".join(dice.choices(SYLLABLES, k=dice.choice((2, 3)))).title()
    patient = Patient(number=number, first_name=dice.choice(FIRST), last_name=last, phone=f"555 {number:07d}")
    patient.search_key = search_key(patient)
    return patient


def _facts(clinic: int, patients: int, seed: int) -> dict[str, Any]:
    """What the statements need to know of the clinic."""
    with clinic_scope(clinic):
        return {
            "clinic": clinic,
            "seed": seed,
            "patients": patients,
            "locations": list(Location.objects.order_by("pk").values_list("pk", flat=True)),
            "practitioners": list(Practitioner.objects.order_by("pk").values_list("pk", flat=True)),
            "codes": [code for code, *_ in PRICES],
            "names": [name for _, name, *_ in PRICES],
            "fees": [fee for *_, fee in PRICES],
        }


_FROM = """
select (select coalesce(max(id), 0) from treatments_treatmentevent),
       (select coalesce(max(id), 0) from treatments_procedure),
       (select coalesce(max(id), 0) from balances_charge), (select coalesce(max(id), 0) from balances_credit),
       (select coalesce(max(id), 0) from balances_entry)
"""


def _chunk(clinic: int, facts: dict[str, Any]) -> int:
    """Write some treatments with their money, in one transaction; the number of payments by now.

    The statistics know nothing of the rows of this transaction: the planner takes them for one, and would go through
    them in nested loops. So each statement is told where the new rows begin, and joins them by hash.
    """
    with clinic_scope(clinic), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0; set local enable_nestloop = off")
        cursor.execute(_FROM)
        begins = zip(("events", "procedures", "charges", "credits", "entries"), cursor.fetchone(), strict=True)
        facts |= {f"{name}_from": before for name, before in begins}
        for step in STEPS:
            cursor.execute(step, facts)
        return int(cursor.fetchone()[0])


def as_owner(*statements: str) -> None:
    """Run maintenance, which only the owner of the tables may."""
    with connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def check(slugs: list[str]) -> str:
    """Recompute the ledger of each clinic as check_ledger does. Raises RuntimeError on any difference."""
    rows = 0
    for slug in slugs:
        with long_scope(clinic_id(slug)):
            found = run_checks()
        rows += sum(one.rows for one in found)
        wrong = [one.check.name for one in found if one.differences]
        if wrong:
            raise RuntimeError(f"The ledger of {slug} does not agree: {', '.join(wrong)}.")
    return f"The ledger agrees: {rows:,} rows looked at."
