"""A staged treatment from what was agreed on to used up, at the desk."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from balances.checks import run_checks
from clinicpay.clinics.scope import clinic_scope
from tests.browsing import look_for
from tests.factories import a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_S0_15_staged_treatment_is_agreed_on_billed_paid_and_used_up(page, desk):
    """S0.14, S0.15, S0.20: each stage bills its own part; the list says how far it is, and ends with "Used up"."""
    with clinic_scope(desk.clinic):
        a_patient(desk, "Hannah", "Klein")
    page.goto(f"/accounts/login/?next=/c/{desk.clinic.slug}/treatments/")
    page.get_by_label("Email").fill(desk.rita.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Packages", exact=True).first.click()
    expect(page.get_by_text("No packages yet")).to_be_visible()

    agree_on_two_stages(page)
    expect(page.get_by_text("TP-001 was agreed on")).to_be_visible()
    assert listed(page, desk, "planned") == ["TP-001"]

    for stage, (price, state) in enumerate((("$400.00", "in_progress"), ("$600.00", "done"))):
        complete_and_pay(page, desk, stage, price)
        assert listed(page, desk, state) == ["TP-001"]
    expect(page.locator("tr[data-row]")).to_contain_text("Used up")
    page.locator("a[data-open]").click()
    figures = page.locator(".figures-card")
    expect(figures.locator("dt:text-is('Paid') + dd")).to_have_text("$1,000.00")
    expect(figures.locator("dt:text-is('Owed now') + dd")).to_have_text("$0.00")
    expect(figures.locator("dt:text-is('Not billed yet') + dd")).to_have_text("$0.00")
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert [found.check.name for found in run_checks() if found.differences] == []


def agree_on_two_stages(page) -> None:
    """Two stages with prices of their own; what comes of it is drawn as it is typed."""
    page.get_by_role("link", name="New package").first.click()
    look_for(page, page.get_by_label("Patient", exact=True), "kle")
    page.locator("#found").get_by_role("link", name="Hannah Klein").click()
    page.get_by_role("link", name="Staged treatment: a price for each stage").click()
    page.get_by_label("Name").fill("Crown, upper left")
    today = timezone.localdate()
    for number, (title, price) in enumerate((("Preparation", "400"), ("Crown seated", "600"))):
        page.locator(f"#id_stage-{number}-title").fill(title)
        page.locator(f"#id_stage-{number}-on").fill(str(today + timedelta(days=7 * number)))
        page.locator(f"#id_stage-{number}-price").fill(price)
    page.get_by_label("Practitioner").select_option(label="Dr Petra Jones")
    expect(page.locator("#package-preview")).to_contain_text("$1,000.00")
    page.get_by_role("button", name="Add staged treatment").click()


def complete_and_pay(page, desk, stage: int, price: str) -> None:
    """From the package to the stage's treatment: complete, and paid with what is owed for it."""
    page.goto(f"/c/{desk.clinic.slug}/packages/TP-001/")
    page.locator("a[data-open]").nth(stage).click()
    page.get_by_role("button", name="Mark complete").click()
    expect(page.get_by_text("was issued")).to_be_visible()
    page.get_by_role("link", name="Take payment").click()
    expect(page.locator("[data-applied-total]")).to_have_text(price)
    page.get_by_role("button", name="Record payment").click()
    expect(page.get_by_role("heading", name="Receipt R-00")).to_be_visible()


def listed(page, desk, state: str) -> list[str]:
    """The packages of a state, as somebody chooses it in the bar of filters."""
    page.goto(f"/c/{desk.clinic.slug}/packages/")
    page.get_by_label("State").select_option(state)
    expect(page.locator(".chip", has_text="State")).to_be_visible()
    return page.locator("a[data-open]").all_inner_texts()
