"""The payments page in a browser: what needs a script, a pointer or a size (S1.5–S1.30)."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from tests.browsing import settled
from tests.factories import a_patient, a_payment
from tests.journeys.steps import sign_in
from tests.payments.requests import a_request

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def filled(desk):
    """Forty payments: some asked for, late and to come, some paid."""
    today = clock.today(desk.clinic)
    with clinic_scope(desk.clinic):
        maya, ethan = a_patient(desk, "Maya", "Okafor"), a_patient(desk, "Ethan", "Park")
        for n in range(30):
            a_request(desk, maya, 10000 + n, "pending", due_date=today + timedelta(n - 3))
        for n in range(10):
            a_payment(desk, ethan.account, 500 + n, patient=ethan)
    return desk


@pytest.fixture
def at_list(page, filled):
    """Rita at the payments list."""
    sign_in(page, filled)
    page.goto(f"/c/{filled.clinic.slug}/payments/")
    return page


def has_rows(page, number: int) -> None:
    settled(page)
    expect(page.locator("tbody tr[data-row]")).to_have_count(number)


def test_s1_5_cards_are_a_strip_at_the_desk_and_charts_wait_and_are_remembered(at_list):
    """S1.6 to S1.9: three figures in 72 px; the trend and the bars unfold, and stay as they were left."""
    strip = at_list.locator(".cards .figures")
    assert strip.bounding_box()["height"] <= 74
    expect(at_list.get_by_role("img", name="Collected per month").first).to_be_hidden()

    with at_list.expect_response(lambda answer: "/parts/" in answer.url):
        at_list.get_by_text("Show trend").click()
    at_list.reload()

    expect(at_list.get_by_role("img", name="Collected per month").first).to_be_visible()
    bars = at_list.locator(".bars a")
    expect(bars).to_have_count(9)
    assert min(bar.bounding_box()["height"] for bar in bars.all()) >= 24
    bars.filter(has_text="Pending").click()
    at_list.wait_for_url("**?status=pending")
    expect(at_list.get_by_text("30 payments").first).to_be_visible()
    assert at_list.complaints == []


def test_s1_20_to_s1_30_filters_work_while_they_are_set_and_stand_in_the_address(at_list):
    at_list.locator("summary", has_text="Status").click()
    at_list.get_by_label("Pending").check()
    at_list.wait_for_url("**/payments/?status=pending*")
    has_rows(at_list, 15)
    at_list.get_by_label("Paid", exact=True).check()
    at_list.wait_for_url("**status=paid*")
    settled(at_list)
    at_list.keyboard.press("Escape")
    at_list.get_by_label("Due", exact=True).select_option("overdue")
    at_list.wait_for_url("**due=overdue*")
    has_rows(at_list, 3)

    at_list.get_by_role("link", name="Remove filter Due: Overdue").click()
    at_list.wait_for_url(lambda url: "due=overdue" not in url)
    has_rows(at_list, 15)
    at_list.get_by_role("link", name="Due Date").click()
    at_list.wait_for_url("**sort=due*")
    settled(at_list)
    at_list.get_by_label("Payment ID or patient").fill("oka")
    at_list.wait_for_url("**q=oka*")
    settled(at_list)
    address = at_list.url
    assert all(part in address for part in ("status=pending", "status=paid", "sort=due", "q=oka"))
    at_list.goto(address)
    has_rows(at_list, 15)
    expect(at_list.locator("th[aria-sort=ascending]")).to_have_text(re.compile("^due date", re.IGNORECASE))
    at_list.get_by_role("link", name="Clear all").click()
    at_list.wait_for_url(lambda url: url.endswith("?sort=due"))
    assert at_list.complaints == []


def test_due_between_shows_two_days_only_when_it_is_chosen(at_list, filled):
    day = at_list.get_by_label("Due from")
    expect(day).to_be_hidden()

    at_list.get_by_label("Due", exact=True).select_option("range")
    day.fill((clock.today(filled.clinic) + timedelta(20)).isoformat())
    at_list.wait_for_url("**due_on_after*")

    has_rows(at_list, 7)


def test_export_follows_the_filters_that_were_set_without_a_new_page(at_list):
    at_list.get_by_label("Payment ID or patient").fill("park")
    at_list.wait_for_url("**q=park*")
    expect(at_list.locator("tbody tr[data-row]")).to_have_count(10)
    settled(at_list)
    at_list.locator("summary", has_text="Export").click()
    with at_list.expect_download() as download:
        at_list.get_by_role("link", name="CSV").click()

    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 11
    assert all("Ethan Park" in line for line in lines[1:])
    assert at_list.complaints == []


def test_s1_60_row_opens_the_payment_by_key_and_by_click(at_list):
    at_list.keyboard.press("j")
    at_list.keyboard.press("Enter")
    at_list.wait_for_url("**/payments/PAY-*/")
    at_list.go_back()
    at_list.wait_for_url("**/payments/")
    at_list.locator("tbody tr[data-row]").nth(2).locator("td").nth(2).click()

    at_list.wait_for_url("**/payments/PAY-*/")


def test_phone_has_a_low_strip_rows_of_two_lines_and_nothing_sideways(at_list):
    at_list.set_viewport_size({"width": 390, "height": 844})

    assert at_list.locator(".cards .figures").bounding_box()["height"] < 100
    row = at_list.locator("tbody tr[data-row]").first
    expect(row.locator("td")).to_have_count(8)
    for place, cell in enumerate(row.locator("td").all()):
        expect(cell).to_be_visible(visible=place < 4)
    assert at_list.evaluate("document.documentElement.scrollWidth <= innerWidth")
    at_list.get_by_text("Show trend").click()
    expect(at_list.get_by_role("img", name="Collected per month").last).to_be_visible()
    assert at_list.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_amounts_of_millions_stay_whole_on_a_phone(at_list):
    at_list.set_viewport_size({"width": 390, "height": 844})
    figures = at_list.locator(".cards .figure")
    amounts = figures.locator("dd:not(.note)")
    for amount, text in zip(amounts.all(), ("$2,237,500.00", "$1,148,760.00", "1,000"), strict=True):
        amount.evaluate("(one, text) => one.textContent = text", text)

    assert amounts.evaluate_all("all => all.every(one => one.offsetHeight < 25)")
    assert figures.evaluate_all("all => new Set(all.map(one => one.offsetTop)).size") == 1
    assert at_list.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_memo_is_hidden_under_1280_px(at_list):
    head = at_list.locator("th", has_text="Memo")
    expect(head).to_be_visible()

    at_list.set_viewport_size({"width": 1200, "height": 768})

    expect(head).to_be_hidden()
