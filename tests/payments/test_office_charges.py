"""Charges that belong to no treatment: billed on a page, paid, credited and refused like any other (S3.3)."""

import uuid

import pytest

from balances.models import Charge, Invoice
from balances.services import OfficeCharge, bill_office_charge
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.services import open_account
from clinicpay.staff.access import Refused
from tests.balances.money import totals
from tests.factories import a_locked_day, a_patient
from tests.followups.pages import browser, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(harbor):
    """Reception, signed in."""
    return browser(harbor.rita)


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def place(account: Account) -> str:
    return f"/c/harbor/transactions/{account.ref}/charge/"


def asked(home, **more: object) -> dict[str, object]:
    """What the form sends."""
    form = {"description": "Copies of records", "amount": "15.00", "location": home.location.pk}
    return {**form, "request_key": str(uuid.uuid4()), **more}


def test_office_charge_is_billed_from_the_accounts_page(harbor, rita, ethan):
    for page in (f"/c/harbor/transactions/{ethan.account.ref}/", f"/c/harbor/patients/{ethan.ref}/"):
        assert f'href="{place(ethan.account)}"' in rita.get(page).content.decode(), page

    assert f'value="{ethan.ref}" selected' in rita.get(place(ethan.account)).content.decode()

    today = clock.today(harbor.clinic)
    answer = rita.post(place(ethan.account), asked(harbor, patient=ethan.ref))

    charge = Charge.objects.select_related("invoice").get()
    assert answer["Location"] == f"/c/harbor/invoices/{charge.invoice.ref}/"
    assert (charge.kind, charge.event, charge.patient, charge.amount) == ("office", None, ethan, 1500)
    assert (charge.service_date, charge.invoice.invoice_date) == (today, today)
    assert totals(ethan.account) == (1500, 0)
    assert "Copies of records" in text_of(rita.get(answer["Location"]))
    line = AuditEvent.objects.get(action="invoice.office_charge")
    assert line.after == {"amount": 1500, "description": "Copies of records"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"description": " "}, "Say what for."),
        ({"amount": "0"}, "greater than zero"),
        ({"amount": ""}, "Enter an amount."),
        ({"amount": "1.001"}, "Enter"),
        ({"location": ""}, "Choose one."),
        ({"patient": "PT-999"}, "Choose a patient of this account."),
    ],
)
def test_form_that_is_filled_in_wrongly_charges_nothing(harbor, rita, ethan, wrong, words):
    answer = rita.post(place(ethan.account), asked(harbor, **wrong))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Charge.objects.exists()


def test_patient_of_another_account_is_not_charged_there(harbor, rita, ethan):
    other = a_patient(harbor, "Mia")
    assert "Choose a patient of this account." in text_of(
        rita.post(place(ethan.account), asked(harbor, patient=other.ref))
    )
    with pytest.raises(Refusal, match="another account"):
        bill_office_charge(ethan.account, OfficeCharge("x", 100, harbor.location, other), by=harbor.rita)
    assert not Charge.objects.exists()


def test_insurer_owes_no_office_charge(harbor, rita):
    insurer = open_account(by=harbor.itself, name="Delta", kind=Account.Kind.INSURANCE)
    assert place(insurer) not in rita.get(f"/c/harbor/transactions/{insurer.ref}/").content.decode()
    answer = rita.post(place(insurer), asked(harbor))
    assert "Charge the patient’s account." in text_of(answer)
    assert not Charge.objects.exists()


def test_form_that_arrives_twice_charges_once(harbor, rita, ethan):
    sent = asked(harbor)
    first, second = (rita.post(place(ethan.account), sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Invoice.objects.count() == 1


def test_after_the_close_it_is_posted_on_the_next_day_and_dated_today(harbor, ethan):
    today = clock.today(harbor.clinic)
    a_locked_day(harbor.location, today)
    invoice = bill_office_charge(ethan.account, OfficeCharge("Copies", 1500, harbor.location), by=harbor.rita)
    posting = invoice.charges.get().entries.get().posting
    assert invoice.invoice_date == today
    assert posting.business_date > today


def test_practitioner_charges_nobody(harbor, ethan):
    assert browser(harbor.petra).post(place(ethan.account), asked(harbor)).status_code == 403
    with pytest.raises(Refused):
        bill_office_charge(ethan.account, OfficeCharge("x", 100, harbor.location), by=harbor.petra)
