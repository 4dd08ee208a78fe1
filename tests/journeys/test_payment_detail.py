"""A payment's own page in a browser: its status from Draft to Paid, its number copied, its timeline."""

import pytest
from playwright.sync_api import expect

from balances.checks import run_checks
from clinicpay.clinics.scope import clinic_scope
from payments.services import PaymentRequest, create_payment
from tests.factories import Clinicful, a_patient, an_invoice
from tests.journeys.steps import figure, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def place(desk: Clinicful) -> str:
    """Where a Draft of 100.00 stands, for a treatment that owes 60.00."""
    with clinic_scope(desk.clinic):
        patient = a_patient(desk, "Hannah", "Klein")
        event = an_invoice(desk, patient, 6_000).event
        payment = create_payment(PaymentRequest(patient, 10_000, desk.location, event), by=desk.itself)
    return f"/c/{desk.clinic.slug}/payments/{payment.ref}/"


def choose(page, status: str) -> None:
    """The dropdown, then the button of what it asks for."""
    page.get_by_label("Status", exact=True).select_option(label=status)
    page.get_by_role("button", name=f"Set to {status}").click()
    page.get_by_text(f"PAY-001 is {status}.").wait_for()


def test_s1_60_s1_61_s1_80_a_draft_is_opened_from_its_row_and_brought_to_paid(page, desk, place):
    """S1.60, S1.61, S1.80: what the money will pay is shown before anybody confirms it."""
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/payments/")
    page.locator("tr[data-row]").first.click()
    page.wait_for_url(f"**{place}")

    choose(page, "Pending")
    page.get_by_label("Status", exact=True).select_option(label="Paid")
    page.get_by_text("Stays unapplied on the account of Hannah Klein").wait_for()
    page.get_by_label("Paid by").select_option(label="Cash")
    page.get_by_role("button", name="Set to Paid").click()
    page.get_by_text("$100.00 received. PAY-001 is Paid.").wait_for()

    expect(figure(page, "Applied")).to_have_text("$60.00")
    expect(figure(page, "Unapplied")).to_have_text("$40.00")
    expect(page.get_by_role("combobox", name="Status")).to_have_count(0)
    page.get_by_role("heading", name="Timeline").scroll_into_view_if_needed()
    page.get_by_text("collected $100.00 in cash for PAY-001").wait_for()
    page.get_by_text("set PAY-001 to pending").wait_for()
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert [found.check.name for found in run_checks() if found.differences] == []


def test_number_is_copied_and_a_choice_is_taken_back(page, desk, place):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, desk)
    page.goto(place)

    page.get_by_role("button", name="Copy PAY-001").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "PAY-001"

    page.get_by_label("Status", exact=True).select_option(label="Cancelled")
    page.get_by_role("button", name="Set to Cancelled").click()
    page.get_by_text("Say why.", exact=True).wait_for()
    page.get_by_role("link", name="Keep Draft").click()
    page.get_by_label("Status", exact=True).wait_for()
    expect(page.locator("#status-step form")).to_have_count(0)
    expect(page.get_by_label("Status", exact=True).locator("option:checked")).to_have_text("Draft")
    assert page.complaints == []


def test_status_is_chosen_by_keyboard_alone(page, desk, place):
    sign_in(page, desk)
    page.goto(place)

    page.get_by_label("Status", exact=True).focus()
    page.keyboard.press("P")  # the next status with this letter; typing on would begin anew after a pause
    page.get_by_role("button", name="Set to Pending").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.get_by_text("PAY-001 is Pending.").wait_for()
    assert page.complaints == []
