"""The same form sent by an impatient hand, and by one whose server died."""

import os
import signal
import subprocess
import sys
import threading
import uuid

import pytest
from django.conf import settings

from balances.requests import Once, Repeated
from balances.services import complete_event
from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment
from payments.services import Order, Tender, record_payment
from payments.states import Method
from tests.balances.invariants import broken
from tests.balances.money import totals
from tests.direct import connect, scratch
from tests.factories import a_patient, an_event
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush

pytestmark = pytest.mark.django_db(transaction=True)
CLICKS = 16


def test_control_looking_for_the_key_first_pays_more_than_once():
    all_have_looked = threading.Barrier(CLICKS)

    def naive(number: int) -> None:
        with connect() as connection:
            seen = connection.execute("select count(*) from scratch").fetchone()[0]
            all_have_looked.wait(PATIENCE)
            if not seen:
                connection.execute("insert into scratch values ('the key')")

    with scratch("key text"):
        assert not failures(rush(CLICKS, naive))
        with connect() as connection:
            assert connection.execute("select count(*) from scratch").fetchone()[0] == CLICKS


def test_sixteen_clicks_are_one_payment_and_sixteen_equal_answers():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        account = a_patient(home).account
    once = Once.of(uuid.uuid4(), amount=1000)
    order = Order(location=home.location, tenders=[Tender(Method.CASH, 1000)])

    def click(number: int) -> int:
        try:
            return record_payment(account, order, by=home.rita, once=once).number
        except Repeated as again:
            return again.answer["receipt"]

    assert rush(CLICKS, in_scope(home, click)) == [1] * CLICKS
    with clinic_scope(home.clinic):
        assert Payment.objects.count() == 1
        assert totals(account) == (0, 1000)
        assert not broken()


def test_sixteen_clicks_on_complete_are_one_invoice_and_sixteen_equal_answers():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        event = an_event(home, a_patient(home), 5000)
    once = Once.of(uuid.uuid4(), event=event.pk)

    def click(number: int) -> int:
        try:
            return complete_event(event, by=home.rita, once=once).number
        except Repeated as again:
            return again.answer["invoice"]

    assert rush(CLICKS, in_scope(home, click)) == [1] * CLICKS
    with clinic_scope(home.clinic):
        assert totals(event.patient.account) == (5000, 0)


def test_server_killed_before_commit_then_the_same_key_is_one_payment():
    """B9: everything was inserted, nothing committed, the process is gone; the form is sent again."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        account = a_patient(home).account
    key = str(uuid.uuid4())
    arguments = [str(value) for value in (home.clinic.pk, home.rita.user_id, account.pk, home.location.pk, key)]
    environment = os.environ | {"DATABASE_URL": _url()}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.races.unfinished", *arguments],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=settings.BASE_DIR,
    ) as process:
        assert process.stdout.readline() == b"inserted, not committed\n"
        os.kill(process.pid, signal.SIGKILL)
    with clinic_scope(home.clinic, home.rita.user):
        assert not Payment.objects.exists()
        order = Order(location=home.location, tenders=[Tender(Method.CASH, 1000)])
        record_payment(account, order, by=home.rita, once=Once.of(uuid.UUID(key), amount=1000))
    with clinic_scope(home.clinic):
        assert Payment.objects.count() == 1
        assert totals(account) == (0, 1000)


def _url() -> str:
    """The application's URL, to the test database."""
    head, _, tail = os.environ["DATABASE_URL"].rpartition("/")
    _, mark, query = tail.partition("?")
    return f"{head}/{settings.DATABASES['default']['NAME']}{mark}{query}"
