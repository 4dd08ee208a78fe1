"""Clinics with a row in every table behind the fence, for tests about who sees what.

They are committed, so they have numbers, slugs and words of their own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone
from psycopg import sql

from balances.models import Charge, Credit, Entry, Invoice
from balances.requests import Once, claim
from balances.services import run_auto_apply
from balances.states import EntryKind
from clinicpay.audit.sealing import seal
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import KINDS
from clinicpay.clinics.db.boot import check_new_connection
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import add_payer, open_account, register_patient
from clinicpay.staff.models import Invitation, SavedView, User
from clinicpay.staff.roles import Role
from clinicpay.staff.saved_views import save_view
from followups.schedule import Terms
from followups.services import approve_write_off, make_promise, request_write_off, start_plan
from followups.states import Frequency
from payments.models import Payment, Receipt
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
from tests.factories import (
    Clinicful,
    a_charge,
    a_closed_day,
    a_payment,
    a_receipt,
    an_event,
    an_invoice,
    make_clinic,
)
from treatments.models import PriceItem, TreatmentEvent

GUARD = "clinicpay.unsafe_role"
LONG_AGO = date(2020, 1, 2)


@dataclass
class World:
    """One clinic and a sample of everything that it holds. `canary` stands in all its names and texts."""

    home: Clinicful
    canary: str
    patient: Patient
    payer: Account
    price: PriceItem
    planned: TreatmentEvent
    invoice: Invoice
    charge: Charge
    receipt: Receipt
    payment: Payment
    credit: Credit
    allocation: Entry
    view: SavedView
    sessions: dict[str, str] = field(default_factory=dict)

    def browser(self, who: str = "", **options: Any) -> Client:
        """Where `who` has signed in already, or nobody has; a broken view answers 500 instead of raising."""
        client = Client(raise_request_exception=False, **options)
        if who:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        return client

    @property
    def slug(self) -> str:
        """The clinic's name in addresses."""
        return self.home.clinic.slug

    @property
    def account(self) -> Account:
        """The patient's own account."""
        return self.patient.account

    @property
    def location(self) -> Location:
        """The one site of the clinic."""
        return self.home.location


def make_world(slug: str, *, first: int = 1) -> World:
    """A committed clinic whose public numbers begin at `first`."""
    canary = f"Canary{slug.title().replace('-', '')}"
    home = make_clinic(slug, f"{canary} Clinic")
    with clinic_scope(home.clinic, home.rita.user):
        for kind in {*KINDS.values(), Account.KIND}:
            if first > 1:
                take(kind, first - 1)
        world = _fill(home, canary)
    with clinic_scope(home.clinic):
        assert seal(), "rows of finished transactions can be sealed"
    world.sessions = {who: session_of(member.user) for who, member in home.members.items()}
    return world


def session_of(user: User) -> str:
    """The cookie of somebody who has signed in."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _fill(home: Clinicful, canary: str) -> World:
    by = home.itself
    patient = register_patient(
        by=by, first_name="Ethan", last_name=canary, email=f"ethan@{canary}.test", phone=f"{canary} 555"
    )
    payer = open_account(by=by, name=f"{canary} Insurance", kind=Account.Kind.INSURANCE)
    add_payer(patient, payer, by=by)
    price = PriceItem.objects.create(code="D0120", description=f"{canary} exam", fee=7500)
    Invitation.objects.create(
        email=f"new@{canary}.test", role=Role.BILLING, token_hash=canary, expires_at=timezone.now() + timedelta(1)
    )
    go_back_and_forth(home, patient)
    planned = an_event(home, patient, 4000, title=f"{canary} plan", clinical_notes=f"{canary} notes")
    invoice = an_invoice(home, patient, 10000, 5000, title=f"{canary} visit", clinical_notes=f"{canary} notes")
    charge = invoice.charges.select_related("invoice").order_by("line").first()
    receipt = a_receipt(home, patient.account, 9000, (charge, 3000), patient=patient, memo=f"{canary} memo")
    claim(Once.of(uuid4(), canary=canary), user_id=home.rita.user_id)
    run_auto_apply(by=by)
    a_receipt(home, patient.account, 90000)
    a_closed_day(home, LONG_AGO)
    make_promise(patient.account, 500, clock.today(home.clinic), by=by)
    payment = receipt.payments.get()
    return World(
        home,
        canary,
        patient,
        payer,
        price,
        planned,
        invoice,
        charge,
        receipt,
        payment,
        credit=Credit.objects.filter(available__gt=0).latest("pk"),
        view=save_view(home.olga, page="payments", name=f"{canary} view", query="status=paid"),
        allocation=Entry.objects.filter(kind=EntryKind.ALLOCATE, charge=charge, reversed_by=None).earliest("pk"),
    )


def go_back_and_forth(home: Clinicful, patient: Patient) -> None:
    """A plan, a write-off and a refund; nothing of them is owed or in hand afterwards."""
    by, account = home.itself, patient.account
    terms = Terms(3000, Frequency.MONTHLY, clock.today(home.clinic))
    start_plan(account, [a_charge(home, patient, 7000)], terms, by=by)
    small = request_write_off(account, [a_charge(home, patient, 900).invoice], by=by, reason="small")
    approve_write_off(small, by=by)
    paid = a_charge(home, patient, 2000)
    payment = a_payment(home, account, 2000, (paid, 2000))
    refund_payment(payment, GoingBack(500, RefundReason.NOT_RENDERED, reduce_charge=True), by=by)


@pytest.fixture(scope="session")
def worlds(django_db_setup, django_db_blocker) -> tuple[World, World]:
    """Two committed clinics with a row in every table; the second's numbers don't exist in the first."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block, "the worlds must be committed"
        return make_world("north"), make_world("south", first=501)


@pytest.fixture(scope="session")
def superuser(django_db_setup) -> Iterator[psycopg.Connection]:
    """An observer past every policy, on a connection of its own; it sees only what is committed."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name, autocommit=True) as observer:
        yield observer


def fingerprint(observer: psycopg.Connection | CursorWrapper, clinic_id: int) -> dict[str, str]:
    """Number and md5 of a clinic's rows in each of its tables, as far as the observer sees them."""
    tables = _answers(observer, _TABLES)
    one = (
        "select {name}, count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) "
        "from {table} t where clinic_id = {clinic}"
    )
    query = sql.SQL(" union all ").join(
        sql.SQL(one).format(name=sql.Literal(table), table=sql.Identifier(table), clinic=sql.Literal(clinic_id))
        for (table,) in tables
    )
    return dict(_answers(observer, query))


_TABLES = sql.SQL(
    "select c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid "
    "where a.attname = 'clinic_id' and c.relkind = 'r' order by c.relname"
)


def _answers(observer: psycopg.Connection | CursorWrapper, query: sql.Composable) -> list[tuple]:
    """Django's cursors take the same objects, but answer by themselves."""
    return (observer.execute(query) or observer).fetchall()


@contextmanager
def connected_as_superuser() -> Iterator[None]:
    """The application's connection past every policy: the control that shows what a test can see.

    ClinicPay refuses to work like this, so the guard of its connections is put aside meanwhile.
    """
    login = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_SUPERUSER_URL"])
    before = dict(connection.settings_dict)
    connection.close()
    connection_created.disconnect(dispatch_uid=GUARD)
    connection.settings_dict |= {"USER": login["user"], "PASSWORD": login.get("password", "")}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= before
        connection_created.connect(check_new_connection, dispatch_uid=GUARD)
