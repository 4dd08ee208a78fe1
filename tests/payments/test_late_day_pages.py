"""The choice of a business day where a payment is taken: who sees it, what it refuses, what its papers say."""

import io
import uuid
from datetime import timedelta

import pypdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from balances.models import Credit
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from clinicpay.patients.services import open_account
from clinicpay.ui.words import day_words
from payments.models import Payment, Receipt
from payments.services import receipt_document
from tests.factories import a_charge, a_locked_day, a_patient, a_payment
from tests.followups.pages import browser, text_of
from tests.payments.late import WHY, days_of
from tests.payments.refund_forms import Page


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def place(patient) -> str:
    return f"/c/harbor/patients/{patient.ref}/pay/"


def filled(client, address: str, **typed) -> dict[str, str]:
    fields = Page(client.get(address)).fields
    return {name: value for name, value in fields.items() if "__prefix__" not in name} | typed


def test_choice_is_shown_to_who_closes_days_where_there_is_one(harbor, ethan, today):
    adam, rita = browser(harbor.adam), browser(harbor.rita)
    assert "business_day" not in filled(adam, place(ethan)), "no earlier day is open"
    a_locked_day(harbor.location, today - timedelta(days=3))
    page = text_of(adam.get(place(ethan)))
    for day in (today - timedelta(days=1), today - timedelta(days=2)):
        assert f"{day:%a}, {day_words(day)}" in page
    assert f"Today, {day_words(today)}" in page
    assert "only)" not in page
    assert "business_day" not in filled(rita, place(ethan))


def test_day_that_is_open_at_one_location_only_says_where(harbor, ethan, today, yesterday):
    a_locked_day(Location.objects.create(name="Annex"), yesterday)
    assert f"{day_words(yesterday)} ({harbor.location} only)" in text_of(browser(harbor.adam).get(place(ethan)))


def test_page_records_it_and_every_paper_says_the_day(harbor, ethan, today, yesterday):
    adam = browser(harbor.adam)
    charge = a_charge(harbor, ethan, 6000, on=yesterday)
    sent = filled(adam, place(ethan), amount="60.00", method="cash", business_day=yesterday.isoformat(), day_reason=WHY)
    answer = adam.post(place(ethan), sent, follow=True)
    assert f"$60.00 recorded for the business day {day_words(yesterday)}." in text_of(answer)
    payment = Payment.objects.get()
    assert days_of(payment) == {"receive": yesterday, "allocate": yesterday}
    charge.refresh_from_db()
    assert charge.outstanding == 0
    entered = f"Entered on {day_words(today)} for the business day {day_words(yesterday)}"
    story = text_of(adam.get(f"/c/harbor/payments/{payment.ref}/history/"))
    assert entered in story
    assert WHY in story
    assert f"Paid date {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/payments/{payment.ref}/"))
    receipt = payment.receipt
    assert f"Date {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/receipts/{receipt.ref}/"))
    assert f"Business day: {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/receipts/{receipt.ref}/history/"))
    assert f"for the business day {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/patients/{ethan.ref}/"))
    paper = pypdf.PdfReader(io.BytesIO(receipt_document(receipt, harbor.clinic))).pages[0].extract_text()
    assert day_words(yesterday) in " ".join(paper.split())
    assert day_words(today) not in " ".join(paper.split())


def test_money_of_a_payer_may_be_of_an_earlier_day_too(harbor, yesterday):
    delta = open_account(by=harbor.rita, name="Delta", kind=Account.Kind.INSURANCE)
    adam, here = browser(harbor.adam), f"/c/harbor/transactions/{delta.ref}/pay/"
    sent = filled(adam, here, amount="250.00", business_day=yesterday.isoformat(), day_reason=WHY)
    assert adam.post(here, sent).status_code == 302
    assert Credit.objects.get().received_on == yesterday


def test_form_without_a_choice_is_an_ordinary_payment(harbor, ethan, today, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", day_reason="typed, and then left at today")
    assert adam.post(place(ethan), sent).status_code == 302
    assert Receipt.objects.get().business_date == today
    assert not AuditEvent.objects.exclude(reason="").exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"day_reason": ""}, "Say why it was not entered on that day"),
        ({"business_day": "soon"}, "Choose a day of the list"),
        ({"business_day": "9999-12-31"}, "Enter a day from 1880 to 2199"),
        ({"business_day": "2199-12-31"}, "Choose a business day before today"),
        ({"business_day": "1999-12-31"}, "not among the days that are still to be closed"),
    ],
)
def test_wrong_day_is_told_in_words_and_nothing_is_stored(harbor, ethan, yesterday, typed, words):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=yesterday.isoformat(), day_reason=WHY, memo="kept")
    answer = adam.post(place(ethan), sent | typed)
    assert (answer.status_code, words in text_of(answer)) == (422, True)
    page = Page(answer).fields
    assert (page["memo"], page["amount"]) == ("kept", "60.00"), "what was typed stays"
    assert not Payment.objects.exists()


def test_day_that_was_closed_meanwhile_is_refused_beside_the_choice(harbor, ethan, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=yesterday.isoformat(), day_reason=WHY)
    a_locked_day(harbor.location, yesterday)
    answer = adam.post(place(ethan), sent)
    said = f"{day_words(yesterday)} is closed at {harbor.location}. Nothing was recorded; choose another business day."
    assert (answer.status_code, said in text_of(answer)) == (422, True)
    assert not Payment.objects.exists()
    assert adam.post(place(ethan), sent | {"business_day": ""}).status_code == 302, "the choice is still there"


def test_form_that_arrives_again_after_the_close_is_answered_as_before(harbor, ethan, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=yesterday.isoformat(), day_reason=WHY)
    first = adam.post(place(ethan), sent)
    a_locked_day(harbor.location, yesterday)
    again = adam.post(place(ethan), sent)
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert Payment.objects.count() == 1
    assert adam.post(place(ethan), sent | {"business_day": ""}).status_code == 409, "the same form for another day"


@pytest.mark.parametrize("who", ["rita", "bill"])
def test_crafted_day_of_who_may_not_choose_is_refused_rather_than_forgotten(harbor, ethan, yesterday, who):
    client = browser(harbor.members[who])
    sent = filled(client, place(ethan), amount="60.00")
    assert "business_day" not in sent
    answer = client.post(place(ethan), sent | {"business_day": yesterday.isoformat(), "day_reason": WHY})
    assert (answer.status_code, "those who close days: Admin or Owner" in text_of(answer)) == (422, True)
    assert not Payment.objects.exists()
    assert client.post(place(ethan), sent | {"business_day": "", "request_key": str(uuid.uuid4())}).status_code == 302


def test_payment_of_that_day_with_the_same_amount_may_be_the_same(harbor, ethan, today, yesterday):
    day = yesterday - timedelta(days=1)
    a_payment(harbor, ethan.account, 6000, on=yesterday)
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=day.isoformat(), day_reason=WHY)
    answer = adam.post(place(ethan), sent)
    assert (answer.status_code, "This may be the same payment twice." in text_of(answer)) == (422, True)
    assert adam.post(place(ethan), sent | {"another": "on"}).status_code == 302


def test_who_may_not_choose_is_asked_for_no_days(harbor, ethan, yesterday):
    rita = browser(harbor.rita)
    with CaptureQueriesContext(connection) as asked:
        sent = filled(rita, place(ethan), amount="60.00")
        assert rita.post(place(ethan), sent).status_code == 302
    assert not [one for one in asked if "closedday" in one["sql"]]


def test_ordinary_payment_of_who_may_choose_asks_for_no_days_either(harbor, ethan, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00")
    with CaptureQueriesContext(connection) as asked:
        assert adam.post(place(ethan), sent).status_code == 302
    assert not [one for one in asked if "closedday" in one["sql"]]
