"""The drawer is counted by keyboard, and adds up as it is typed."""

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import CashCount
from clinicpay.close.services import start_review
from tests.factories import a_patient, a_payment
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def begin_to_count(page, desk) -> None:
    """Billing signs in before the drawer of a day in review; 242.50 came in cash."""
    today = clock.today(desk.clinic)
    with clinic_scope(desk.clinic, desk.bill.user):
        a_payment(desk, a_patient(desk).account, 24250)
        start_review(desk.location, today, by=desk.bill)
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])
    page.goto(f"/accounts/login/?next=/c/{desk.clinic.slug}/close/{desk.location.pk}/{today}/count/")
    page.get_by_label("Email").fill(desk.bill.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_S0_33_drawer_adds_up_as_it_is_counted_by_keyboard(page, desk):
    """S0.9, S0.33: notes, sum, expected and difference follow each key; what is no count has no sum, and is refused."""
    begin_to_count(page, desk)
    total, off = page.locator("[data-count-sum]"), page.locator("[data-count-off]")
    hundreds, fifties, twenties = (page.locator(f"[data-piece='{value}'] input") for value in (10000, 5000, 2000))

    expect(page.locator("[data-count-expected]")).to_have_text("$242.50")
    hundreds.focus()
    page.keyboard.type("2")
    expect(total).to_have_text("$200.00")
    expect(off).to_have_text("-$42.50")
    page.keyboard.press("Enter")
    expect(fifties).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(twenties).to_be_focused()
    page.keyboard.type("1x")
    expect(total).to_have_text("–")
    page.keyboard.press("Backspace")
    expect(total).to_have_text("$220.00")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(hundreds).to_be_focused()
    page.keyboard.type("-5")
    expect(total).to_have_text("–")
    page.get_by_role("button", name="Save the count").press("Enter")
    expect(hundreds).to_have_attribute("aria-invalid", "true")
    expect(hundreds).to_be_focused()
    with clinic_scope(desk.clinic):
        assert not CashCount.objects.exists()

    hundreds.fill("2")
    page.get_by_label("Opening float").fill("100.00")
    expect(page.locator("[data-count-expected]")).to_have_text("$342.50")
    expect(off).to_have_text("-$122.50")
    twenties.fill("6")
    page.locator("[data-piece='500'] input").fill("2")
    expect(total).to_have_text("$330.00")
    expect(off).to_have_text("-$12.50")
    page.get_by_label("Why it began otherwise").fill("The owner left a hundred for change")
    page.get_by_label("Stays in the drawer").fill("330.00")
    page.get_by_role("button", name="Save the count").press("Enter")
    expect(page.get_by_text("$12.50 short").first).to_be_visible()
    assert [said for said in page.complaints if "422" not in said] == []  # the count of -5, which was refused
    with clinic_scope(desk.clinic):
        count = CashCount.objects.get()
        assert (count.opening, count.counted) == (10000, 33000)
