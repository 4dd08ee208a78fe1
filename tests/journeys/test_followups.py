"""Accounts that owe are worked from the list without a mouse: open, log, next."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from followups.models import Attempt, Promise
from tests.browsing import at_rest, enter, hurried
from tests.factories import a_charge, a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def queue(desk, page):
    """Two accounts that owe, the older first, and Bill at his queue."""
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])
    with clinic_scope(desk.clinic):
        today = clock.today(desk.clinic)
        for name, age in (("Old", 95), ("Young", 40)):
            a_charge(desk, a_patient(desk, name, "Park"), 10000, on=today - timedelta(days=age))
    enter(page, desk.bill.user, PASSWORD, f"/c/{desk.clinic.slug}/followups/")
    page.get_by_role("link", name="Old Park").wait_for()
    return page


def in_list(page, name: str):
    return page.get_by_role("table", name="Accounts").get_by_role("link", name=name)


def test_two_accounts_are_worked_by_keyboard_alone(desk, queue):
    """S2.21, S2.25, S2.28: drawer and list show what was logged, and the focus comes back to the row."""
    page, drawer, today = queue, queue.locator("#drawer"), clock.today(desk.clinic)

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer.get_by_role("heading", name="Old Park").wait_for()
    page.keyboard.press("e")
    drawer.get_by_role("heading", name="Log attempt").wait_for()
    drawer.get_by_label("No answer").press("Space")
    drawer.get_by_label("Notes").fill("Rang out")
    drawer.get_by_role("button", name="Log attempt").press("Enter")
    drawer.get_by_text("Phone: No answer").wait_for()
    expect(page.get_by_role("row").filter(has_text="Old Park")).to_contain_text("No answer")
    page.keyboard.press("Escape")
    expect(in_list(page, "Old Park")).to_be_focused()

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer.get_by_role("heading", name="Young Park").wait_for()
    page.keyboard.press("e")
    drawer.get_by_label("Promised payment").press("Space")
    drawer.get_by_role("button", name="Log attempt").press("Enter")
    drawer.get_by_text("Say how much was promised.").wait_for()
    drawer.get_by_label("Promised amount").fill("40")
    drawer.get_by_label("Promised for").fill(str(today + timedelta(days=7)))
    drawer.get_by_role("button", name="Log attempt").press("Enter")
    drawer.get_by_text("Phone: Promised payment, $40.00").wait_for()
    assert [said for said in page.complaints if "422" not in said] == []  # the promise without an amount
    with clinic_scope(desk.clinic):
        assert [one.notes for one in Attempt.objects.order_by("pk")] == ["Rang out", ""]
        assert Promise.objects.get().amount == 4000


def log(page, name: str) -> None:
    """An attempt nobody answered, from the drawer that is open."""
    drawer = page.locator("#drawer")
    drawer.get_by_role("heading", name=name).wait_for()
    page.keyboard.press("e")
    drawer.get_by_label("No answer").press("Space")
    drawer.get_by_role("button", name="Log attempt").press("Enter")
    drawer.get_by_text("Phone: No answer").wait_for()


def test_list_follows_the_newest_act_though_an_earlier_answer_is_late(queue):
    """S2.25: two logged within the time of one answer are both in the list."""
    page, asked = queue, []

    def first_never(route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    hurried(page)
    page.route("**/followups/", first_never)
    for name in ("Old Park", "Young Park"):
        in_list(page, name).press("Enter")
        log(page, name)
        page.keyboard.press("Escape")
        expect(page.locator("#drawer")).to_be_hidden()

    for name in ("Old Park", "Young Park"):
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("No answer")
    assert len(asked) == 2
    assert page.complaints == []


def test_hurried_escape_closes_the_drawer_and_the_next_account_opens_while_it_slides_out(queue):
    """S2.21: wherever the drawer is on its way, keys do what they say, and the address is the list's in the end."""
    page, drawer, address = queue, queue.locator("#drawer"), queue.url
    hurried(page)
    in_list(page, "Old Park").press("Enter")
    drawer.get_by_role("heading", name="Old Park").wait_for()
    page.keyboard.press("Escape")
    expect(in_list(page, "Old Park")).to_be_focused()

    in_list(page, "Old Park").press("Enter")
    drawer.get_by_role("heading", name="Old Park").wait_for()
    at_rest(page)
    page.keyboard.press("Escape")
    in_list(page, "Young Park").evaluate("link => link.click()")
    drawer.get_by_role("heading", name="Young Park").wait_for()
    at_rest(page)
    page.keyboard.press("Escape")

    expect(in_list(page, "Young Park")).to_be_focused()
    expect(page).to_have_url(address)
    assert page.complaints == []


def test_what_an_invoice_comes_from_stands_under_its_line_in_the_drawer(queue):
    """S0.20, S2.21: beside the line it was a tall narrow column."""
    page = queue
    in_list(page, "Old Park").press("Enter")
    at_rest(page)
    line = page.locator("#drawer").get_by_role("table", name="Open invoices").get_by_role("row").nth(1)
    expect(line).to_contain_text("Dr Petra Jones")
    source, amount, row = (one.bounding_box() for one in (line.locator(".from"), line.locator(".m1e"), line))
    assert source["y"] >= amount["y"] + amount["height"] - 1
    assert source["width"] >= 0.9 * row["width"]
    assert page.complaints == []
