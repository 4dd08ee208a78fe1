"""The warning when the same patient, amount and day come twice (issue point 7)."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from clinicpay.patients.models import Account
from payments.models import Payment
from payments.queries.twins import twins_of
from payments.services import PaymentRequest, create_payment, reverse_payment
from tests.factories import a_patient, a_payment


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def rita(client, harbor):
    client.force_login(harbor.rita.user)
    return client


def form(home, amount: str, **more) -> dict:
    fixed = {"method": "card", "location": home.location.pk, "memo": "", "request_key": str(uuid.uuid4())}
    return {"tender-TOTAL_FORMS": "0", "tender-INITIAL_FORMS": "0", "amount": amount} | fixed | more


def place(home, patient) -> str:
    return f"/c/{home.clinic.slug}/patients/{patient.ref}/pay/"


def test_second_payment_of_the_day_is_asked_about_and_changes_nothing_until_ticked(harbor, rita, ethan):
    rita.post(place(harbor, ethan), form(harbor, "150", method="cash"))
    again = form(harbor, "150.00")

    asked = rita.post(place(harbor, ethan), again)

    page = asked.content.decode()
    assert asked.status_code == 422
    assert "This may be the same payment twice." in page
    assert "PAY-001</a>, $150.00, " in page
    assert "cash, by Rita" in page
    assert "Yes, this is another payment" in page
    assert Payment.objects.count() == 1

    assert rita.post(place(harbor, ethan), again | {"another": "on"}).status_code == 302
    assert Payment.objects.count() == 2


def test_form_that_arrives_twice_is_answered_and_not_warned(harbor, rita, ethan):
    sent = form(harbor, "150")

    first, second = (rita.post(place(harbor, ethan), sent) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert Payment.objects.count() == 1


def test_another_amount_or_patient_is_no_twin(harbor, rita, ethan):
    sister = a_patient(harbor, "Mia", account=ethan.account)
    rita.post(place(harbor, ethan), form(harbor, "150"))

    assert rita.post(place(harbor, ethan), form(harbor, "150.01")).status_code == 302
    assert rita.post(place(harbor, sister), form(harbor, "150")).status_code == 302


def test_split_payment_is_known_by_its_whole(harbor, rita, ethan):
    split = {"tender-TOTAL_FORMS": "1", "tender-0-method": "cash", "tender-0-amount": "50"}
    rita.post(place(harbor, ethan), form(harbor, "150", **split))

    asked = rita.post(place(harbor, ethan), form(harbor, "150"))

    assert asked.status_code == 422
    assert "PAY-002" in asked.content.decode()


def test_reversed_payment_is_no_twin(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 15000, patient=ethan)
    assert twins_of(ethan.account, ethan, 15000) == [payment]

    reverse_payment(payment, by=harbor.rita, reason="wrong")

    assert twins_of(ethan.account, ethan, 15000) == []


def test_payment_for_nobody_in_particular_counts_for_all_of_the_account(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 15000)

    assert twins_of(ethan.account, ethan, 15000) == twins_of(ethan.account, None, 15000) == [payment]


def test_collected_payment_is_no_twin_of_itself(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 15000, patient=ethan)

    assert twins_of(ethan.account, ethan, 15000, besides=payment) == []


def test_day_is_the_clinics_business_day(harbor, ethan):
    """Its day starts at 04:00 here: 02:30 belongs to the evening before, 04:10 does not."""
    harbor.clinic.day_starts_at = 4
    evening = timezone.datetime(2026, 11, 21, 21, 0, tzinfo=timezone.get_fixed_timezone(-300))
    account = Account.objects.get(pk=ethan.account_id)
    account.clinic = harbor.clinic
    with time_machine.travel(evening, tick=False):
        payment = a_payment(harbor, ethan.account, 15000, patient=ethan)

    with time_machine.travel(evening + timedelta(hours=5, minutes=30), tick=False):
        assert twins_of(account, ethan, 15000) == [payment]
    with time_machine.travel(evening + timedelta(hours=7, minutes=10), tick=False):
        assert twins_of(account, ethan, 15000) == []


def test_imported_payments_of_the_past_do_not_warn(harbor, ethan):
    a_payment(harbor, ethan.account, 15000, patient=ethan, on=timezone.now().date() - timedelta(days=3))

    assert twins_of(ethan.account, ethan, 15000) == []


def test_second_request_for_the_same_amount_is_asked_about_too(harbor, rita, ethan):
    asked = {"patient": ethan.ref, "location": harbor.location.pk, "amount": "85.50"}
    for key in ({"request_key": str(uuid.uuid4())}, {"request_key": str(uuid.uuid4())}):
        answer = rita.post(f"/c/{harbor.clinic.slug}/payments/new/", asked | key)
    assert answer.status_code == 422
    assert "This may be the same payment twice" in answer.content.decode()
    assert Payment.objects.count() == 1


def test_request_is_collected_without_a_warning_of_itself_but_of_the_desks_money(harbor, rita, ethan):
    asked = create_payment(PaymentRequest(ethan, 8550, harbor.location), by=harbor.rita, status="pending")
    place = f"/c/{harbor.clinic.slug}/payments/{asked.ref}/status/"
    a_payment(harbor, ethan.account, 8550, patient=ethan)
    paid = {"to": "paid", "method": "cash", "location": harbor.location.pk, "request_key": str(uuid.uuid4())}
    answer = rita.post(place, paid)
    assert "This may be the same payment twice" in answer.content.decode()
    rita.post(place, paid | {"another": "on"})
    asked.refresh_from_db()
    assert asked.status == "paid"
