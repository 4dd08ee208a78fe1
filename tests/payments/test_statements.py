"""Taking a payment at the desk asks the database seldom, and as often for many charges and tenders (target 6)."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from payments.models import Receipt
from tests.factories import Clinicful, a_charge, a_patient

MOST = 20
"""Three find session, user and memberships, four the patient, what is owed and the place, one whether the same was
just paid, twelve write it down."""


@pytest.fixture
def rita(harbor: Clinicful) -> Client:
    client = Client()
    client.force_login(harbor.rita.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _asked(home: Clinicful, rita: Client, *, charges: int, tenders: int) -> list[str]:
    """What the desk's form asks, without the savepoints of a test's transaction."""
    patient = a_patient(home)
    owed = [a_charge(home, patient, 5000) for _ in range(charges)]
    form = {f"apply-{charge.pk}": "10.00" for charge in owed}
    form |= {f"tender-{number}-{name}": value for number in range(tenders - 1) for name, value in FURTHER.items()}
    form |= {"tender-TOTAL_FORMS": tenders - 1, "tender-INITIAL_FORMS": 0, "location": home.location.pk}
    form |= {"request_key": uuid.uuid4(), "amount": f"{charges * 10 + 20}.00", "method": "cash", "memo": ""}
    place = address(home.clinic, "pay_for_patient", number=patient.number)
    with CaptureQueriesContext(connection) as asked:
        assert rita.post(place, form).status_code == 302
    return [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]


FURTHER = {"method": "card", "amount": "1.00"}


@pytest.mark.usefixtures("counted")
def test_desk_asks_seldom_and_as_often_for_many(harbor, rita):
    one = _asked(harbor, rita, charges=1, tenders=1)
    many = _asked(harbor, rita, charges=6, tenders=3)

    with clinic_scope(harbor.clinic):
        assert [receipt.payments.count() for receipt in Receipt.objects.order_by("pk")] == [1, 3]
    assert len(many) == len(one), many
    assert len(one) <= MOST, "\n".join(one)
