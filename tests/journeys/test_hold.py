"""Money held for a crown in a browser: what it matches follows what is typed, and what contradicts is asked about."""

import pytest
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from tests.browsing import enter
from tests.factories import a_patient, a_payment
from tests.journeys.conftest import PASSWORD
from tests.payments.test_holds import held_of, planned

pytestmark = pytest.mark.browser


def test_s3_16_and_s3_32_what_it_matches_is_seen_before_it_is_held(desk, page):
    """S3.16, S3.32: live matches, a contradiction that needs its tick, and the section on the payment's page."""
    with clinic_scope(desk.clinic):
        ethan = a_patient(desk)
        crown = planned(desk, ethan, "D2740")
        payment = a_payment(desk, ethan.account, 30000, patient=ethan)
    place = f"/c/{desk.clinic.slug}/payments/{payment.ref}/"
    enter(page, desk.rita.user, PASSWORD, f"{place}hold/")
    page.get_by_label("Procedure code").press_sequentially("d1110")
    page.get_by_text("The money waits until a treatment does.").wait_for()
    page.get_by_label("Treatment").select_option(crown.ref)
    page.get_by_text(f"nothing of {crown.ref} would match").wait_for()
    assert page.evaluate("document.activeElement.id") != "id_anyway"

    page.get_by_label("Procedure code").fill("d2740")
    page.get_by_text("1 planned procedure").wait_for()
    page.get_by_label("Amount to hold").fill("200")
    page.get_by_role("button", name="Hold", exact=True).click()

    page.get_by_role("heading", name="Pre-payments").wait_for()
    expect(page.get_by_text("Procedure D2740")).to_have_count(1)
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert held_of(payment) == [(20000, f"{crown.ref}, D2740")]
