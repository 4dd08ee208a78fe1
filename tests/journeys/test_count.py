"""The drawer is counted in a browser, with scripts and without them."""

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import CashCount
from clinicpay.close.services import start_review
from tests.browsing import opened, window
from tests.factories import a_patient, a_payment
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def day(desk):
    """A day in review with 100.00 in cash, and Adam, who closes it."""
    with clinic_scope(desk.clinic):
        a_payment(desk, a_patient(desk).account, 10000)
        start_review(desk.location, clock.today(desk.clinic), by=desk.bill)
        desk.adam.user.set_password(PASSWORD)
        desk.adam.user.save(update_fields=["password"])
        return f"/c/{desk.clinic.slug}/close/{desk.location.pk}/{clock.today(desk.clinic)}/"


def sign_in(page, desk, place):
    page.goto(f"/accounts/login/?next={place}")
    page.get_by_label("Email").fill(desk.adam.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Count the cash")).to_be_visible()


def counted(desk):
    with clinic_scope(desk.clinic):
        return list(CashCount.objects.order_by("pk").values_list("counted", flat=True))


def test_sum_and_difference_follow_what_is_typed_and_wrong_pieces_have_none(desk, page, day):
    """K6, S0.9: the page sums as the server does; Enter goes from note to note; on paper it is white."""
    page.emulate_media(color_scheme="dark")
    sign_in(page, desk, f"{day}count/")
    said, off = page.locator("[data-count-sum]"), page.locator("[data-count-off]")
    expect(off).to_have_text("-$100.00")
    expect(page.get_by_label("$50.00")).not_to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(media="print")
    expect(page.get_by_label("$50.00")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(media="screen")
    expect(page.get_by_role("columnheader", name="Amount")).to_be_visible()
    page.get_by_label("$50.00").fill("1")
    expect(said).to_have_text("$50.00")
    page.get_by_label("$50.00").press("Enter")
    expect(page.get_by_label("$20.00")).to_be_focused()
    page.get_by_label("$20.00").fill("-2")
    expect(said).to_have_text("–")
    page.get_by_role("button", name="Save the count").click()
    expect(page.get_by_text("Fewer than none can’t be counted.")).to_be_visible()
    assert counted(desk) == []
    page.get_by_label("$20.00").fill("2")
    expect(said).to_have_text("$90.00")
    expect(off).to_have_text("-$10.00")
    page.get_by_role("button", name="Save the count").click()
    expect(page.get_by_text("The cash is $10.00 short.")).to_be_visible()
    assert counted(desk) == [9000]
    assert page.complaints == [
        "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    ]


def test_drawer_is_counted_and_the_day_closed_without_scripts(desk, chromium, live_server, day):
    """S0.9, S0.24: what scripts add up is added up by the server as well."""
    desk.adam.user.refresh_from_db()
    context = window(chromium, base_url=live_server.url, java_script_enabled=False)
    page = opened(context)
    sign_in(page, desk, f"{day}count/")
    expect(page.get_by_role("columnheader")).to_have_text(["Value", "Pieces"])  # nothing that stays empty
    expect(page.get_by_text("Difference", exact=True)).to_be_hidden()
    page.get_by_label("$100.00").fill("1")
    page.get_by_role("button", name="Save the count").click()
    expect(page.get_by_text("The count was saved.")).to_be_visible()
    assert counted(desk) == [10000]
    page.get_by_label("K5").fill("On account")
    page.get_by_role("button", name="Close the day").click()
    expect(page.get_by_role("heading", name="DC-001")).to_be_visible()
    context.close()
