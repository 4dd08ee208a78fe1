"""Clinics whose money waits to be applied: accounts with open charges and payments in hand, from a seed.

Like `bench.fill` it writes whole sets by SQL, as the application's role and through its triggers.
"""

from pathlib import Path

from django.db import connection

from balances.models import Invoice
from bench.fill import SEED
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take_each
from clinicpay.clinics.scope import clinic_scope
from clinicpay.clinics.services import create_clinic
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.models import Membership, Practitioner, User
from clinicpay.staff.roles import Role
from payments.models import Payment
from treatments.models import TreatmentEvent

STEPS = [path.read_text() for path in sorted((Path(__file__).parent / "sql" / "debts").glob("*.sql"))]


def indebted(
    slug: str, accounts: int, *, charges: int = 5, payments: int = 3, seed: int = SEED, one_deposit_in: int = 10
) -> str:
    """A new clinic with so many accounts, each with open charges and money in hand; its owner is owner@<slug>.test.

    Of so many payments one is a deposit.
    """
    clinic = create_clinic(slug=slug, name=slug.title(), timezone="America/New_York", currency="USD")
    with clinic_scope(clinic), connection.cursor() as cursor:
        owner = User.objects.create_user(f"owner@{slug}.test", name="Olga Reyes")
        Membership.objects.create(clinic=clinic, user=owner, role=Role.OWNER)
        facts = {
            "clinic": clinic.pk,
            "practitioner": Practitioner.objects.create(name="Dr Field").pk,
            "location": Location.objects.create(name="Main Street").pk,
            **{"accounts": accounts, "charges": charges, "payments": payments, "seed": seed},
            "one_deposit_in": one_deposit_in,
        }
        # The planner takes the rows of an open transaction for one row, and would go through them in nested loops.
        cursor.execute("set local statement_timeout = 0; set local enable_nestloop = off")
        cursor.execute("discard plans")  # keys were looked up by a scan while the tables were small, and still would be
        for step in STEPS:
            cursor.execute(step, facts)
        numbers = {Account.KIND: accounts, Patient.KIND: accounts, Payment.KIND: accounts * payments}
        take_each(numbers | dict.fromkeys((TreatmentEvent.KIND, Invoice.KIND), accounts * charges))
    return slug
