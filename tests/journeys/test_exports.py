"""Closed days leave for bookkeeping: chosen, looked at, downloaded, and never twice by accident."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from clinicpay.exports.models import Export
from tests.exports.scene import a_bill, close, content, past
from tests.factories import a_patient, a_payment
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_S0_35_admin_chooses_looks_and_downloads_and_a_second_time_is_asked(page, desk):
    """S0.35: choose, review, download; what left before is not ticked, and leaves again only by a tick of its own."""
    with clinic_scope(desk.clinic, desk.adam.user):
        patient = a_patient(desk)
        for back, amount in ((3, 5000), (2, 4250)):
            charge = a_bill(desk, patient, amount, on=past(desk, back))
            a_payment(desk, patient.account, amount, (charge, amount), on=past(desk, back))
            close(desk, past(desk, back))
    desk.adam.user.set_password(PASSWORD)
    desk.adam.user.save(update_fields=["password"])
    page.goto(f"/accounts/login/?next=/c/{desk.clinic.slug}/reports/exports/")
    page.get_by_label("Email").fill(desk.adam.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    choose_only_the_second(page)
    expect(page.get_by_text("Debit equals credit")).to_be_visible()
    expect(page.locator("tfoot")).to_contain_text("$127.50")  # billed, taken, applied: 42.50 each
    page.get_by_role("button", name="Export CSV").click()
    expect(page.get_by_text("EX-001 was made.")).to_be_visible()
    sent = saved(page, "Download CSV")
    with clinic_scope(desk.clinic):
        assert sent == content(Export.objects.get())
    rows = list(csv.DictReader(sent.decode("utf-8-sig").splitlines()))
    assert sum(float(row["Debit"] or 0) for row in rows) == sum(float(row["Credit"] or 0) for row in rows) == 127.5

    page.goto(f"/c/{desk.clinic.slug}/reports/exports/new/?first={past(desk, 5)}&last={past(desk, 1)}")
    expect(page.locator("[data-pick-count]")).to_have_text("1")  # the other one alone
    page.get_by_label("Select All").check()
    expect(page.locator("[data-pick-count]")).to_have_text("2")
    page.get_by_role("button", name="Look at the totals").click()
    page.get_by_role("button", name="Export Excel").click()
    expect(page.get_by_text("left before, with EX-001")).to_be_visible()
    page.get_by_label("Export these days again").check()
    page.get_by_role("button", name="Export Excel").click()
    expect(page.get_by_text("EX-002 was made.")).to_be_visible()
    assert saved(page, "Download Excel")[:2] == b"PK"
    page.get_by_role("link", name="Exports", exact=True).first.click()
    expect(page.locator("tr[data-row]")).to_have_count(2)
    assert [said for said in page.complaints if "422" not in said] == []  # the export that was to be said again


def choose_only_the_second(page) -> None:
    """Both closed days are ticked; the first is left for another time."""
    page.get_by_role("link", name="New export").first.click()
    ticks = page.locator("input[name=day]")
    expect(ticks).to_have_count(2)
    expect(page.locator("[data-pick-count]")).to_have_text("2")
    ticks.first.uncheck()
    expect(page.locator("[data-pick-count]")).to_have_text("1")
    page.get_by_role("button", name="Look at the totals").click()


def saved(page, words: str) -> bytes:
    """The file behind a link, as the browser keeps it."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=words).click()
    return Path(waiting.value.path()).read_bytes()
