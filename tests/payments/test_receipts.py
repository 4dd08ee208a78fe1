"""What a receipt says of money that did not stay where it was received, on the page and on paper."""

import io

import pypdf
import pytest

from balances.services import hold_credit
from clinicpay.clinics.addresses import address
from payments.models import Receipt
from payments.services import GoingBack, approve_refund, receipt_document, refund_payment, request_refund
from payments.states import Method, RefundReason
from tests.access.samples import Words
from tests.balances.money import credit_of
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(harbor):
    """50.00 of which 30.00 are applied."""
    charge = a_charge(harbor, a_patient(harbor), 3000)
    return a_payment(harbor, charge.account, 5000, (charge, 3000))


def said(client, harbor, payment) -> tuple[str, str]:
    """The words of the page, and those of the document."""
    client.force_login(harbor.rita.user)
    receipt = Receipt.objects.get(payments=payment)
    page = client.get(address(harbor.clinic, "receipt", number=receipt)).content.decode()
    document = pypdf.PdfReader(io.BytesIO(receipt_document(receipt, harbor.clinic)))
    return Words(page).text, " ".join(" ".join(one.extract_text() for one in document.pages).split())


def go_back(payment, amount, by):
    refund_payment(payment, GoingBack(amount, RefundReason.PATIENT_REQUEST, method=Method.CASH), by=by)


def test_what_is_free_stays_unapplied(client, harbor, payment):
    page, paper = said(client, harbor, payment)

    assert "Stays unapplied $20.00" in page
    assert "$20.00 stays on the account as unapplied credit." in paper
    assert "Went back" not in page
    assert "went back" not in paper


def test_what_went_back_is_not_said_to_stay(client, harbor, payment):
    """A receipt that is printed or sent again after a refund must not promise its money."""
    go_back(payment, 2700, harbor.olga)

    page, paper = said(client, harbor, payment)

    assert "Stays unapplied $0.00" in page
    assert "Went back $27.00" in page
    assert "stays on the account" not in paper
    assert "$27.00 went back." in paper
    assert "Total received $50.00" in paper


def test_what_is_held_or_set_aside_is_called_so(client, harbor, payment):
    hold_credit(credit_of(payment), 500, by=harbor.bill)
    asked = request_refund(payment, GoingBack(400, RefundReason.PATIENT_REQUEST, method=Method.CASH), by=harbor.rita)
    approve_refund(asked, by=harbor.olga)

    page, paper = said(client, harbor, payment)

    assert "Stays unapplied $11.00" in page
    assert "Held as pre-payment $5.00" in page
    assert "Set aside for a refund $4.00" in page
    assert "$5.00 is held on the account as a pre-payment." in paper
    assert "$4.00 is set aside for a refund." in paper
