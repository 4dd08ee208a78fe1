"""Billing's morning: ten accounts that owe are worked one after the other without the mouse (issue's "Done when")."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from followups.models import Attempt, Callback, Promise
from payments.models import Note
from tests.browsing import at_rest, enter
from tests.factories import a_charge, a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser
NAMES = [f"{name} Park" for name in ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ida", "Jon")]


@pytest.fixture
def queue(desk, page):
    """Ten accounts that owe, the oldest first, and Bill at his queue."""
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])
    with clinic_scope(desk.clinic):
        today = clock.today(desk.clinic)
        for place, name in enumerate(NAMES):
            patient = a_patient(desk, *name.split())
            a_charge(desk, patient, 1000 * (place + 1), on=today - timedelta(days=100 - 9 * place))
    enter(page, desk.bill.user, PASSWORD, f"/c/{desk.clinic.slug}/followups/")
    page.get_by_role("link", name=NAMES[0]).wait_for()
    return page


def keys(page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def test_ten_accounts_are_worked_without_touching_the_mouse(desk, queue):
    """S2.8, S2.11–S2.15, S2.21–S2.25, S2.33, S2.46: open, read, log, call back, note, next."""
    page, drawer = queue, queue.locator("#drawer")
    for place, name in enumerate(NAMES):
        keys(page, "j", "Enter")
        drawer.get_by_role("heading", name=name).wait_for()
        at_rest(page)
        {0: promise, 1: call_back, 2: take_a_note}.get(place, rang_out)(page, drawer)
        keys(page, "Escape")
        expect(page.get_by_role("table", name="Accounts").get_by_role("link", name=name)).to_be_focused()
    expect(page.get_by_role("table", name="Accounts").get_by_text("No answer")).to_have_count(7)
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert (Attempt.objects.count(), Promise.objects.count(), Callback.objects.count()) == (8, 1, 1)
        assert [one.subject.name for one in Note.objects.all()] == [NAMES[2]]


def rang_out(page, drawer) -> None:
    keys(page, "e")
    drawer.get_by_label("No answer").press("Space")
    drawer.get_by_label("No answer").press("Enter")
    drawer.get_by_text("Phone: No answer").wait_for()


def promise(page, drawer) -> None:
    keys(page, "e")
    drawer.get_by_label("Promised payment").press("Space")
    drawer.get_by_label("Promised amount").press_sequentially("5")
    drawer.get_by_label("Promised for").fill(str(in_days(7)))
    drawer.get_by_label("Promised for").press("Enter")
    drawer.get_by_text("Phone: Promised payment, $5.00").wait_for()


def call_back(page, drawer) -> None:
    keys(page, "c")
    drawer.get_by_role("heading", name="Schedule callback").wait_for()
    drawer.get_by_label("Day").fill(str(in_days(2)))
    drawer.get_by_label("Time").fill("15:00")
    drawer.get_by_label("Time").press("Enter")
    drawer.get_by_role("button", name="Cancel callback").wait_for()


def take_a_note(page, drawer) -> None:
    drawer.get_by_label("Note", exact=True).fill("Pays at the end of the month")
    drawer.get_by_role("button", name="Add note").press("Enter")
    drawer.get_by_role("listitem").filter(has_text="Pays at the end of the month").wait_for()


def in_days(days: int) -> date:
    return timezone.now().date() + timedelta(days=days)


def test_balance_is_narrowed_down_by_handles_and_keys(desk, queue):
    """S2.50: a handle moves the field, the list follows, and the address keeps it."""
    page = queue
    page.locator(".span-fold summary").press("Enter")
    page.get_by_label("Balance from, handle").press("ArrowRight")
    page.get_by_label("Balance from, handle").press("PageUp")
    low = page.get_by_label("Balance from", exact=True)
    expect(low).not_to_have_value("")
    page.get_by_label("Balance to", exact=True).fill("60")
    page.get_by_label("Balance to", exact=True).press("Enter")
    expect(page.get_by_role("link", name="Jon Park")).to_have_count(0)
    expect(page.get_by_role("link", name="Finn Park")).to_have_count(1)
    page.wait_for_url(lambda url: "balance_max=60" in url and "balance_min=" in url)
    expect(page.get_by_label("Balance to, handle")).to_have_value("60")
    assert page.complaints == []
