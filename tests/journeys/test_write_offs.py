"""Billing asks for two write-offs beside the list; the owner approves one and declines the other."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from followups.models import WriteOff
from tests.browsing import enter
from tests.factories import a_charge, a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def _sign_in(page, member, place: str) -> None:
    member.user.set_password(PASSWORD)
    member.user.save(update_fields=["password"])
    page.context.clear_cookies()
    enter(page, member.user, PASSWORD, place)


def test_one_write_off_is_approved_and_another_declined(desk, page):
    """S2.42–S2.45, S2.57, S2.58: asked for by keyboard from the drawer, decided on its page."""
    with clinic_scope(desk.clinic):
        today = clock.today(desk.clinic)
        for name, age in (("Old", 120), ("Young", 100)):
            patient = a_patient(desk, name, "Park")
            a_charge(desk, patient, 6000, on=today - timedelta(days=age))
            a_charge(desk, patient, 4000, on=today - timedelta(days=age - 50))
    clinic = f"/c/{desk.clinic.slug}"
    _sign_in(page, desk.bill, f"{clinic}/followups/")
    drawer = page.locator("#drawer")
    for name, chosen in (("Old Park", "$100.00"), ("Young Park", "$60.00")):
        page.get_by_role("link", name=name).click()
        drawer.get_by_role("heading", name=name).wait_for()
        page.keyboard.press("w")
        drawer.get_by_text("Only an owner can write off. Ask Olga (Owner) for delegated permission.").wait_for()
        expect(drawer.locator("[data-pick-sum]")).to_have_text("$100.00")
        if chosen == "$60.00":
            drawer.get_by_role("checkbox", name="INV-004").uncheck()
        expect(drawer.locator("[data-pick-sum]")).to_have_text(chosen)
        drawer.get_by_label("Reason").select_option(label="Can’t pay")
        drawer.get_by_label("In your words").fill("Lost the job")
        drawer.get_by_role("button", name="Request write-off").press("Enter")
        drawer.get_by_role("heading", name=name).wait_for()
        drawer.get_by_text("Write-off requested").wait_for()
        page.keyboard.press("Escape")
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("Write-off requested")

    _sign_in(page, desk.olga, f"{clinic}/today/")
    page.get_by_text("2 write-offs wait for your decision: $160.00.").wait_for()
    page.get_by_role("link", name="Write-offs", exact=True).first.click()
    page.get_by_role("link", name="WO-001").click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("WO-001 was approved").wait_for()
    page.goto(f"{clinic}/write-offs/WO-002/")
    page.get_by_role("link", name="Decline").click()
    page.get_by_label("Reason").fill("She starts a new job in May")
    page.get_by_role("button", name="Decline").click()
    page.get_by_text("WO-002 was declined").wait_for()
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert list(WriteOff.objects.order_by("pk").values_list("status", flat=True)) == ["approved", "rejected"]
        assert sorted(Account.objects.filter(name__contains="Park").values_list("name", "owes")) == [
            ("Old Park", 0),
            ("Young Park", 10000),
        ]
