"""A day with many gaps and many payments: its page asks as often as that of a small day (target 16)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinicpay.clinics import clock
from clinicpay.close.services import start_review
from payments.states import Method
from tests.close.desk import Desk
from tests.deposits.slips import paid
from tests.factories import a_patient, a_payment, an_event
from treatments.models import TreatmentEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counted")]

MANY = 30


@pytest.fixture
def desk(client, harbor):
    return Desk(client, harbor, clock.today(harbor.clinic)).enter("olga")


def some_gaps(harbor, size):
    for _ in range(size):
        patient = a_patient(harbor)
        an_event(harbor, patient, 100, service_at=clock.noon(harbor.clinic, clock.today(harbor.clinic)))
        a_payment(harbor, patient.account, 100)
        paid(harbor, 100, Method.CARD)


def asked(desk, name, query="", **more):
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert desk.get(name, query, **more)[0] == 200
    return len(found)


@pytest.mark.parametrize(
    ("page", "most"), [("close_day", 19), ("close_days", 11), ("close_count", 11), ("day_history", 9)]
)
def test_page_asks_as_often_for_many_as_for_few(harbor, desk, page, most):
    start_review(harbor.location, desk.day, by=harbor.bill)
    some_gaps(harbor, 2)
    few = asked(desk, page)
    some_gaps(harbor, MANY)
    assert asked(desk, page) == few <= most


def test_many_gaps_are_paged_and_counted(harbor, desk):
    """S0.24: ten of each check on the day's page, all of them on a page of its own."""
    some_gaps(harbor, 14)
    words = desk.get("close_day")[1]
    assert words.count("TE-0") == 20  # number and button
    assert "4 more" in words
    assert "18 more" in words
    few = asked(desk, "close_points", check="K1")
    assert "of 14" in desk.get("close_points", check="K1")[1] or TreatmentEvent.objects.count() == 14
    assert few <= 12
    assert asked(desk, "close_points", "?page=2", check="K5") <= 12
