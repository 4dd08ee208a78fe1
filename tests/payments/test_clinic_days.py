"""Wherever a treatment is named beside money, it is on the day that it has at the clinic."""

from datetime import UTC, datetime

import pytest

from balances.services import hold_credit
from clinicpay.clinics.addresses import address
from tests.access.samples import Words
from tests.balances.money import credit_of
from tests.factories import a_patient, a_payment, an_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(client, harbor):
    """The words of a page, as billing reads it."""
    client.force_login(harbor.bill.user)
    return lambda name, query="", **at: (
        Words(client.get(address(harbor.clinic, name, **at) + query).content.decode()).text
    )


def test_treatment_late_in_the_evening_is_on_the_clinics_day(shown, harbor):
    """9 PM in New York is 2 AM of the next day in UTC."""
    ethan = a_patient(harbor)
    an_event(harbor, ethan, 20000, service_at=datetime(2027, 3, 2, 2, 0, tzinfo=UTC))
    paid = a_payment(harbor, ethan.account, 30000, patient=ethan)
    pages = [shown(name, number=paid.number) for name in ("payment_hold", "payment_context")]
    pages.append(shown("payment_new", f"?patient={ethan.ref}"))
    hold_credit(credit_of(paid), 20000, by=harbor.bill, criteria={"procedure": "D1001"})
    pages += [shown("payment", number=paid.number), shown("pre_payments")]

    for page in pages:
        assert "Mar 1, 2027" in page
        assert "Mar 2, 2027" not in page
