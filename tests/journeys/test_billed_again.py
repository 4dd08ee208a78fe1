"""A wrong invoice in a real browser: voided, billed again, credited, and the credit note reversed."""

import pytest
from playwright.sync_api import expect

from balances.models import Charge
from clinicpay.clinics.scope import clinic_scope
from followups.services import open_case
from tests.browsing import enter
from tests.factories import a_charge, a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_w_6_invoice_is_voided_billed_again_and_a_credit_note_reversed(page, desk):
    with clinic_scope(desk.clinic):
        charge = a_charge(desk, a_patient(desk), 12000)
        open_case(charge.account, by=desk.itself)
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])
    enter(page, desk.bill.user, PASSWORD, f"/c/{desk.clinic.slug}/invoices/{charge.invoice.ref}/")

    page.get_by_role("link", name="Void invoice").click()
    expect(page.get_by_text("The follow-up of Ethan Park closes: nothing is owed any more.")).to_be_visible()
    page.get_by_label("Reason").fill("Wrong insurer")
    page.get_by_role("button", name="Void invoice").click()

    page.get_by_role("link", name="Bill TE-001 again").click()
    expect(page.get_by_text("The follow-up of Ethan Park stays closed: this debt is newer.")).to_be_visible()
    page.get_by_role("button", name="Bill again").click()
    expect(page.get_by_role("heading", name="Invoice INV-002")).to_be_visible()

    page.get_by_role("link", name="Credit note").click()
    page.get_by_label("Amount to credit").fill("20")
    page.get_by_label("Reason").fill("Goodwill")
    page.get_by_role("button", name="Credit", exact=True).click()

    page.get_by_role("link", name="Reverse", exact=True).click()
    expect(page.get_by_text("INV-002 owes")).to_contain_text("$120.00")
    page.get_by_label("Reason").fill("Meant for another")
    page.get_by_role("button", name="Reverse credit note").click()
    expect(page.get_by_role("heading", name="Invoice INV-002")).to_be_visible()
    expect(page.get_by_role("heading", name="What was credited")).to_have_count(0)
    with clinic_scope(desk.clinic):
        assert [one.outstanding for one in Charge.objects.filter(voided=False)] == [12000]
