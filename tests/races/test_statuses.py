"""A payment that many people move at the same moment, over HTTP."""

import uuid

import pytest
from django.test import Client

from balances.models import Posting
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment
from payments.services import PaymentRequest, create_payment
from payments.states import PaymentStatus
from tests.balances.invariants import broken
from tests.factories import Clinicful, a_patient
from tests.races.crowd import a_clinic, rush

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PEOPLE = 8


@pytest.fixture
def home() -> Clinicful:
    """A clinic with one Pending payment of 100.00."""
    made = a_clinic()
    with clinic_scope(made.clinic, made.rita.user):
        request = PaymentRequest(a_patient(made), 10_000, made.location)
        create_payment(request, by=made.rita, status=PaymentStatus.PENDING)
    return made


def send(home: Clinicful, **form: str) -> int:
    """One person's click; the status of the answer."""
    client = Client()
    client.force_login(home.rita.user, backend=BACKEND)
    money = {"method": "cash", "location": str(home.location.pk), "reason": "For a test"}
    return client.post(f"/c/{home.clinic.slug}/payments/PAY-001/status/", money | form).status_code


def received(home: Clinicful) -> int:
    with clinic_scope(home.clinic):
        assert not broken()
        return Posting.objects.filter(kind="receive").count()


def test_one_form_clicked_many_times_is_one_payment_and_equal_answers(home):
    key = str(uuid.uuid4())
    assert rush(PEOPLE, lambda _: send(home, to="paid", request_key=key)) == [302] * PEOPLE
    assert received(home) == 1


def test_one_move_clicked_many_times_is_one_move_and_equal_answers(home):
    assert rush(PEOPLE, lambda _: send(home, to="processing")) == [302] * PEOPLE
    with clinic_scope(home.clinic):
        assert AuditEvent.objects.filter(action="payment.moved").count() == 1


def test_many_tabs_collect_once(home):
    answers = rush(PEOPLE, lambda _: send(home, to="paid", request_key=str(uuid.uuid4())))
    assert set(answers) <= {302, 409, 422}
    assert received(home) == 1


def test_payment_that_is_collected_and_cancelled_at_once_is_one_of_both(home):
    answers = rush(2, lambda n: send(home, to=("paid", "cancelled")[n], request_key=str(uuid.uuid4())))
    assert 302 in answers
    with clinic_scope(home.clinic):
        status = Payment.objects.get().status
    assert (status, received(home)) in {("paid", 1), ("cancelled", 0)}
