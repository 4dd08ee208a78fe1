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
from psycopg import sql

from balances.models import AutoApplyRun, Charge, Credit, Entry, Invoice
from balances.requests import Once, claim
from balances.services import run_auto_apply
from balances.states import EntryKind, Source
from clinicpay.audit.sealing import seal
from clinicpay.clinics.addresses import KINDS
from clinicpay.clinics.db.boot import check_new_connection
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.scope import clinic_scope
from clinicpay.exports.models import Export
from clinicpay.patients.models import Account, EligibilityCheck, Patient
from clinicpay.patients.services import add_payer, open_account, register_patient
from clinicpay.staff.models import Delegation, Invitation, SavedView, User
from clinicpay.staff.saved_views import save_view
from clinicpay.staff.sessions import SEEN
from clinicpay.ui.uploads import Checked
from deposits.models import BankSlip
from followups.models import Plan, Promise, Statement, StatementRun, WriteOff
from payments.models import Document, GatewayTask, Message, Payment, Receipt, Refund
from payments.services import (
    Mail,
    PaymentRequest,
    add_note,
    attach_document,
    create_payment,
    send_mail_of,
)
from tests.direct import until_settled
from tests.factories import (
    Clinicful,
    a_receipt,
    an_invoice,
    make_clinic,
)
from tests.world_rows import (
    LONG_AGO,
    a_close,
    a_debtor,
    a_follow_up,
    a_hold_and_a_slip,
    a_night,
    a_plan_of_visits,
    a_reconciliation,
    an_export,
    an_insured,
    an_invitation,
    go_back_and_forth,
    some_corrections,
    take_a_card,
)
from treatments.models import Package, PriceItem, TreatmentEvent

GUARD = "clinicpay.unsafe_role"


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
    asked: Payment
    credit: Credit
    allocation: Entry
    view: SavedView
    check: EligibilityCheck
    document: Document
    task: GatewayTask
    draft: Payment
    linked: Payment
    held: Credit
    reconciled: Entry
    debtor_id: int
    slip: BankSlip
    void: Invoice
    credited: Entry
    sessions: dict[str, str] = field(default_factory=dict)

    def browser(self, who: str = "", **options: Any) -> Client:
        """Where `who` has signed in already, or nobody has; a broken view answers 500 instead of raising."""
        client = Client(raise_request_exception=False, **options)
        if who:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        return client

    def newest_run(self) -> AutoApplyRun:
        """The last automatic run, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return AutoApplyRun.objects.latest("pk")

    def newest_write_off(self) -> WriteOff:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return WriteOff.objects.latest("pk")

    @property
    def debtor(self) -> Account:
        """An account that owes and has nothing in hand."""
        with clinic_scope(self.home.clinic):
            return Account.objects.get(pk=self.debtor_id)

    def owing(self) -> TreatmentEvent:
        """A treatment of the debtor's, of which something is owed."""
        with clinic_scope(self.home.clinic):
            return TreatmentEvent.objects.filter(patient__account=self.debtor_id).latest("pk")

    def reviewed(self) -> TreatmentEvent:
        """The treatment of the debtor, reviewed with a balance that nobody has flagged."""
        with clinic_scope(self.home.clinic):
            return TreatmentEvent.objects.select_related("patient__account").get(reviews__isnull=False)

    def given_up(self) -> Invoice:
        """An invoice of the patient's account of which something is written off."""
        with clinic_scope(self.home.clinic):
            return Invoice.objects.filter(charges__written_off__gt=0, account=self.account).earliest("pk")

    def newest_invitation(self) -> Invitation:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return Invitation.objects.latest("pk")

    def newest_delegation(self) -> Delegation:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return Delegation.objects.latest("pk")

    def newest_reconciliation(self) -> AutoApplyRun:
        """The run of the last Apply All, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return AutoApplyRun.objects.filter(source=Source.DEPOSIT_RECON).latest("pk")

    def newest_refund(self) -> Refund:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return Refund.objects.latest("pk")

    def newest_promise(self) -> Promise:
        """The last one, which is open."""
        with clinic_scope(self.home.clinic):
            return Promise.objects.latest("pk")

    def newest_package(self) -> Package:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return Package.objects.latest("pk")

    def newest_plan(self) -> Plan:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return Plan.objects.latest("pk")

    def newest_export(self) -> Export:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return Export.objects.latest("pk")

    def abroad(self) -> GatewayTask:
        """The card that was charged in another currency."""
        with clinic_scope(self.home.clinic):
            return GatewayTask.objects.get(kind="foreign")

    def charged(self) -> Payment:
        """The payment that a card was charged for, which can be charged back."""
        with clinic_scope(self.home.clinic):
            return Payment.objects.get(pk=self.task.payment_id)

    def newest_statement(self) -> Statement:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return Statement.objects.latest("pk")

    def newest_batch(self) -> StatementRun:
        """The last one, also of a test that has made another."""
        with clinic_scope(self.home.clinic):
            return StatementRun.objects.latest("pk")

    @property
    def slug(self) -> str:
        """The clinic's name in addresses."""
        return self.home.clinic.slug

    @property
    def account(self) -> Account:
        """The patient's own account."""
        return self.patient.account

    @property
    def day(self) -> date:
        """A business date that was closed."""
        return LONG_AGO

    @property
    def open_day(self) -> date:
        """A business date that nobody has begun with."""
        return LONG_AGO + timedelta(days=1)

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
    until_settled()  # other test runs may use this server, too
    with clinic_scope(home.clinic):
        assert seal(), "rows of finished transactions can be sealed"
    world.sessions = {who: session_of(member.user) for who, member in home.members.items()}
    return world


def session_of(user: User) -> str:
    """The cookie of somebody who has signed in and does not rest: a whole run of the suite may use it."""
    client = Client()
    client.force_login(user)
    session = client.session
    session[SEEN] += settings.SESSION_COOKIE_AGE
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _fill(home: Clinicful, canary: str) -> World:
    by = home.itself
    known = {"last_name": canary, "email": f"ethan@{canary}.test", "phone": f"{canary} 555"}
    patient = register_patient(by=by, first_name="Ethan", **known)
    payer = open_account(by=by, name=f"{canary} Insurance", kind=Account.Kind.INSURANCE)
    add_payer(patient, payer, by=by)
    price = PriceItem.objects.create(code="D0120", description=f"{canary} exam", fee=7500)
    an_invitation(canary)
    go_back_and_forth(home, patient)
    reconciled = a_reconciliation(home, patient)
    planned = a_plan_of_visits(home, patient, canary)
    invoice = an_invoice(home, patient, 10000, 5000, title=f"{canary} visit", clinical_notes=f"{canary} notes")
    charge = invoice.charges.select_related("invoice").order_by("line").first()
    receipt = a_receipt(home, patient.account, 9000, (charge, 3000), patient=patient, memo=f"{canary} memo")
    send_mail_of(receipt, Mail(Message.Kind.RECEIPT, f"mia@{canary}.test", f"{canary} receipt", canary), by=by)
    claim(Once.of(uuid4(), canary=canary), user_id=home.rita.user_id)
    run_auto_apply(by=by)
    a_night(home, receipt)
    held, slip = a_hold_and_a_slip(home, patient)
    an_export(home, a_close(home))
    a_follow_up(home, patient.account, canary)
    payment = receipt.payments.get()
    asked = create_payment(PaymentRequest(patient, 1500, home.location, planned, memo=f"{canary} memo"), by=by)
    add_note(planned, f"{canary} note", by=by)
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
        asked,
        credit=Credit.objects.filter(available__gt=0).latest("pk"),
        check=an_insured(home, patient, canary),
        document=attach_document(payment, Checked(f"{canary}.txt", "text/plain", canary.encode()), by=by),
        task=take_a_card(home, patient),
        draft=Payment.objects.filter(status="draft").latest("pk"),
        linked=Payment.objects.filter(status="pending").earliest("pk"),
        held=held,
        reconciled=reconciled,
        debtor_id=a_debtor(home),
        slip=slip,
        **some_corrections(home, canary),
        view=save_view(home.olga, page="payments", name=f"{canary} view", query="status=paid"),
        allocation=Entry.objects.filter(kind=EntryKind.ALLOCATE, charge=charge, reversed_by=None).earliest("pk"),
    )


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
