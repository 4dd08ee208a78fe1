"""Transactions: which accounts have something to allocate, and one account's money and charges (S3.7, S3.5)."""

import pytest
from django.test import Client

from balances.services import apply_credit, hold_credit
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from tests.balances.money import credit_of
from tests.factories import a_charge, a_patient, a_payment
from tests.payments.allocating import an_office_charge

pytestmark = pytest.mark.django_db
PAGE = "/c/harbor/transactions/"


@pytest.fixture
def bill(harbor):
    """Billing, signed in."""
    client = Client()
    client.force_login(harbor.bill.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def accounts(harbor):
    """Ethan owes and has 20.00; Ada owes and has 90.00; Ben only owes, Cleo only has."""
    ethan, ada, ben, cleo = (a_patient(harbor, name, f"Of{name}") for name in ("Ethan", "Ada", "Ben", "Cleo"))
    for patient in (ethan, ada, ben):
        a_charge(harbor, patient, 10000)
    for patient, amount in ((ethan, 2000), (ada, 9000), (cleo, 5000)):
        a_payment(harbor, patient.account, amount)
    return {one.first_name: one.account for one in (ethan, ada, ben, cleo)}


def listed(client: Client, query: str = "") -> list[str]:
    table = client.get(PAGE + query).context["table"]
    return [account.name.split(" ")[0] for account in table.drawn]


def test_accounts_with_money_and_debt_are_listed_most_money_first(bill, accounts):
    assert listed(bill) == ["Ada", "Ethan"]


def test_other_accounts_are_found_when_asked_for(bill, accounts):
    assert listed(bill, "?show=money") == ["Ada", "Cleo", "Ethan"]
    assert len(listed(bill, "?show=all")) == 4
    assert listed(bill, "?q=ben") == ["Ben"]
    assert listed(bill, f"?q={accounts['Cleo'].ref}") == ["Cleo"]
    assert listed(bill, "?q=nobody") == []


def test_insurer_is_listed_while_its_patients_owe(harbor, bill, accounts):
    insurer = open_account(by=harbor.itself, kind=Account.Kind.INSURANCE, name="Beacon")
    a_payment(harbor, insurer, 50000)
    assert "Beacon" not in listed(bill)
    assert "its patients owe" not in bill.get(f"{PAGE}?q=beacon").content.decode()
    add_payer(accounts["Ben"].patients.get(), insurer, by=harbor.itself)
    assert listed(bill)[0] == "Beacon"
    assert "its patients owe" in bill.get(f"{PAGE}?q=beacon").content.decode()
    page = bill.get(f"{PAGE}{insurer.ref}/").content.decode()
    assert "Open charges of its patients" in page
    assert "Ben OfBen" in page


def test_nothing_to_allocate_is_said(bill):
    assert "Nothing to allocate" in bill.get(PAGE).content.decode()


def test_account_is_chosen_by_typing(bill, accounts):
    found = bill.get(f"{PAGE}found.json", {"q": "ada"}).json()["results"]
    numbered = bill.get(f"{PAGE}found.json", {"q": accounts["Ben"].ref}).json()["results"]
    nothing = bill.get(f"{PAGE}found.json", {"q": " "}).json()["results"]

    assert [one["value"] for one in found] == [accounts["Ada"].ref]
    assert [one["text"] for one in numbered] == ["Ben OfBen"]
    assert nothing == []
    assert bill.get(PAGE, {"account": accounts["Ada"].ref})["Location"] == f"{PAGE}{accounts['Ada'].ref}/"
    assert bill.get(PAGE, {"account": "AC-999"}).status_code == 200


def test_s3_7_account_shows_its_money_and_charges_and_leads_to_allocate(harbor, bill, accounts):
    """S3.5, S3.36: what is held for a future treatment stands among it, in purple."""
    account = accounts["Ada"]
    payment = account.credits.get().payment
    held = hold_credit(credit_of(payment), 4000, by=harbor.rita, criteria={"procedure": "D2740"})
    an_office_charge(harbor, account, 1500)

    page = bill.get(f"{PAGE}{account.ref}/").content.decode()

    assert f'href="/c/harbor/payments/{payment.ref}/allocate/?source={held.pk}"' in page
    assert 'data-alloc="held" title="held as pre-payment, $50.00 left"' in page
    for words in ("$115.00", "held for D2740", "Office charge", "Completed treatment", "$40.00", "$50.00"):
        assert words in page, words


def test_s0_25_a_balance_without_a_treatment_says_that_it_is_an_office_charge(harbor, bill, accounts):
    account = accounts["Ben"]
    ben, charge = account.patients.get(), an_office_charge(harbor, account, 1500)
    invoice = f"/c/harbor/invoices/{charge.invoice.ref}/"

    for page in (invoice, f"/c/harbor/patients/{ben.ref}/", f"/c/harbor/patients/{ben.ref}/pay/"):
        assert '<span class="in-words">Office charge</span>' in bill.get(page).content.decode(), page
    assert f'<a href="{PAGE}{account.ref}/">{account.name}</a>' in bill.get(invoice).content.decode()
    assert (
        '<span class="in-words">Office charge</span>'
        in bill.get(f"/c/harbor/followups/{account.ref}/").content.decode()
    )


def test_receipt_of_money_for_nobody_in_particular_leads_back_to_its_account(harbor, bill, accounts):
    charge = an_office_charge(harbor, accounts["Ben"], 1500)
    receipt = a_payment(harbor, accounts["Ben"], 1500, (charge, 1500)).receipt

    page = bill.get(f"/c/harbor/receipts/{receipt.ref}/").content.decode()

    assert f'href="{PAGE}{accounts["Ben"].ref}/"><span class="text-truncate">Back to Ben OfBen</span></a>' in page
    assert "<td>–</td>" in page, "no patient is named"


def test_all_shows_what_is_used_up_and_paid(harbor, bill, accounts):
    account = accounts["Ada"]
    charge = a_charge(harbor, account.patients.get(), 700)
    done = a_payment(harbor, account, 700, (charge, 700))

    opened, everything = (bill.get(f"{PAGE}{account.ref}/{query}").content.decode() for query in ("", "?show=all"))

    assert done.ref not in opened
    assert done.ref in everything
    assert charge.invoice.ref in everything


def test_all_of_a_payer_shows_what_it_has_paid_for_its_patients_and_what_they_owe(harbor, bill, accounts):
    insurer = open_account(by=harbor.itself, kind=Account.Kind.INSURANCE, name="Beacon")
    ada, ben = accounts["Ada"].patients.get(), accounts["Ben"].patients.get()
    add_payer(ada, insurer, by=harbor.itself)
    charge, strange = a_charge(harbor, ada, 700), a_charge(harbor, ben, 800)
    payment = a_payment(harbor, insurer, 900)
    apply_credit(credit_of(payment), [(charge, 700)], by=harbor.bill)

    opened, everything = (bill.get(f"{PAGE}{insurer.ref}/{query}").content.decode() for query in ("", "?show=all"))

    assert "Open charges of its patients" in opened
    assert "Charges of its patients" in everything
    assert charge.invoice.ref not in opened
    assert charge.invoice.ref in everything
    assert all("$100.00" in page and strange.invoice.ref not in page for page in (opened, everything))


def test_account_pages_for_practitioners_do_not_exist(harbor, accounts):
    petra = Client()
    petra.force_login(harbor.petra.user, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert petra.get(PAGE).status_code == 403
    assert petra.get(f"{PAGE}{accounts['Ada'].ref}/").status_code == 403
