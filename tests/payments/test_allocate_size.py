"""The allocate page with 200 charges: no query for a row, and one act that is fast."""

import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from balances.services import hold_credit
from tests.balances.money import credit_of
from tests.factories import a_patient, a_payment, an_invoice
from tests.payments.allocating import available, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counted")]
MANY = 200


@pytest.fixture
def scene(harbor):
    """Two hundred charges of 1.00 and 300.00 in hand; billing is signed in."""
    client = Client()
    client.force_login(harbor.bill.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    patient = a_patient(harbor)
    an_invoice(harbor, patient, *[100] * MANY)
    return client, a_payment(harbor, patient.account, 30000)


def test_two_hundred_charges_are_listed_and_paid_at_once(harbor, scene):
    client, payment = scene
    opened(client, harbor, payment)  # templates are compiled once
    with CaptureQueriesContext(connection) as asked:
        began = time.process_time()
        sheet = opened(client, harbor, payment)
        shown = time.process_time() - began
    began = time.process_time()
    answer = sheet.ok()
    took = time.process_time() - began

    assert len(sheet.filled) == MANY
    assert len(asked) < 25
    assert answer.status_code == 302
    assert available(payment) == [10000]
    assert max(shown, took) < 5, (shown, took)  # seconds of the processor: on any machine, however busy


def test_what_a_pre_payment_is_not_held_for_is_asked_for_all_at_once(harbor, scene):
    client, payment = scene
    held = hold_credit(credit_of(payment), 20000, by=harbor.rita, criteria={"procedure": "D1001"})

    with CaptureQueriesContext(connection) as asked:
        sheet = opened(client, harbor, payment, f"?source={held.pk}")

    assert sheet.html.count("Not what it is held for") == MANY - 1
    assert len(asked) < 30
