"""The main job in a browser: a treatment closes, money is taken, receipted, undone and reversed."""

import pytest
from playwright.sync_api import expect

from balances.checks import run_checks
from clinicpay.clinics.scope import clinic_scope
from tests.browsing import look_for
from tests.factories import a_patient
from tests.journeys.steps import figure, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def left_to_pay(page):
    """Where the financial result of a treatment's page says what is still owed."""
    result = page.get_by_role("region", name="Financial result")
    return result.locator("dt:text-is('Left to pay') + dd")


def test_reception_takes_a_payment_and_takes_it_back(page, desk):
    with clinic_scope(desk.clinic):
        a_patient(desk, "Hannah", "Klein")

    sign_in(page, desk)
    schedule_and_complete(page)
    take_part_over_two_tenders(page)
    undo_one_allocation(page)
    reverse_the_payment(page)
    page.goto(f"/c/{desk.clinic.slug}/treatments/TE-001/")

    expect(left_to_pay(page)).to_have_text("$1,118.50")
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert [found.check.name for found in run_checks() if found.differences] == []


def schedule_and_complete(page) -> None:
    """A new treatment, found by the beginning of the patient's name, then marked complete and so charged."""
    page.get_by_role("link", name="New treatment").first.click()
    look_for(page, page.get_by_label("Patient", exact=True), "kle")
    page.locator("#found").get_by_role("link", name="Hannah Klein").click()
    page.get_by_label("Practitioner").select_option(label="Dr Petra Jones")
    page.get_by_label("D1110 Adult cleaning").check()
    page.get_by_label("D2740 Crown").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Mark complete").click()
    page.get_by_text("INV-001 was issued").wait_for()
    expect(left_to_pay(page)).to_have_text("$1,369.00")


def take_part_over_two_tenders(page) -> None:
    """The amount comes filled in with what is owed; what is applied follows the amount."""
    page.get_by_role("link", name="Take payment").click()
    expect(page.locator("#id_amount")).to_have_value("1369.00")
    page.locator("#id_amount").fill("1,000")
    page.get_by_role("button", name="Split over another tender").click()
    page.locator("[name=tender-0-amount]").fill("250.5")
    expect(page.locator("[data-applied-total]")).to_have_text("$1,000.00")
    page.get_by_text("$749.50 by card").wait_for()
    page.get_by_role("button", name="Record payment").click()
    page.get_by_role("heading", name="Receipt R-001").wait_for()
    page.get_by_role("link", name="Back to TE-001").click()
    expect(left_to_pay(page)).to_have_text("$369.00")
    page.get_by_text("Partial", exact=True).first.wait_for()


def undo_one_allocation(page) -> None:
    """The money is there again."""
    page.locator("a", has_text="PAY-001").first.click()
    page.get_by_role("link", name="Undo").first.click()
    page.get_by_label("Reason").fill("Wrong charge")
    page.get_by_role("button", name="Undo allocation").click()
    page.get_by_text("Undone. The money is available again.").wait_for()
    expect(figure(page, "Unapplied")).not_to_have_text("$0.00")


def reverse_the_payment(page) -> None:
    """It is voided, and what it had paid is owed again."""
    page.get_by_role("link", name="Reverse (entry error)").click()
    page.get_by_label("Reason").fill("Entered twice")
    page.get_by_role("button", name="Reverse payment").click()
    page.get_by_text("Reversed: it was entered in error").wait_for()
