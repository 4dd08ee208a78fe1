"""A morning of callbacks without a mouse: Today, the panel, the calendar, the address for one's own calendar."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from followups.models import Attempt, Callback, Case
from followups.services import Said, judge_promises, log_attempt
from tests.browsing import enter
from tests.factories import a_charge, a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def _owing(desk, name: str):
    patient = a_patient(desk, name, "Park")
    a_charge(desk, patient, 10000, on=clock.today(desk.clinic) - timedelta(days=60))
    return patient.account


def _fill(desk) -> None:
    """A callback that is overdue, and a promise that was broken overnight."""
    with clinic_scope(desk.clinic):
        today, late = clock.today(desk.clinic), _owing(desk, "Late")
        log_attempt(late, Said("phone", "no_answer"), by=desk.bill)
        past = timezone.now() - timedelta(hours=30)
        Callback.objects.create(case=Case.objects.get(account=late), member=desk.bill, due_at=past)
        broke = _owing(desk, "Broke")
        log_attempt(broke, Said("sms", "promised_payment", "", 4000, today), by=desk.bill)
        judge_promises(by=desk.itself, day=today + timedelta(days=1))


def test_callbacks_and_a_broken_promise_are_worked_by_keyboard(desk, page):
    """S2.34, S2.35, S2.55: what is done leaves the list on Today, which stands behind the drawer."""
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])
    _fill(desk)
    next_month = clock.today(desk.clinic).replace(day=28) + timedelta(days=4)
    enter(page, desk.bill.user, PASSWORD, f"/c/{desk.clinic.slug}/today/")
    tasks, drawer = page.locator("#tasks"), page.locator("#drawer")

    tasks.get_by_role("link", name="Broke Park").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer.get_by_text("nothing was paid").wait_for()
    page.keyboard.press("u")
    drawer.get_by_text("SMS: No payment despite promise, $40.00").wait_for()
    expect(tasks.get_by_role("link", name="Broke Park")).to_have_count(0)
    page.keyboard.press("Escape")

    expect(drawer).to_be_hidden()
    tasks.get_by_role("link", name="Done").focus()
    page.keyboard.press("Enter")
    drawer.get_by_role("heading", name="Log attempt").wait_for()
    drawer.get_by_label("Hung up").press("Space")
    drawer.get_by_role("button", name="Log attempt").press("Enter")
    drawer.get_by_text("Phone: Hung up").wait_for()
    tasks.get_by_text("No callbacks for the next seven days").wait_for()
    page.keyboard.press("Escape")

    expect(drawer).to_be_hidden()
    page.keyboard.press("c")
    page.get_by_role("heading", name="Calendar").wait_for()
    page.keyboard.press("l")
    page.get_by_role("link", name="Month", exact=True).wait_for()
    page.keyboard.press("n")
    page.get_by_label(f"Callbacks in {next_month:%B %Y}").get_by_text("No callbacks in").wait_for()
    page.get_by_role("link", name="Your own calendar").press("Enter")
    page.get_by_role("button", name="Make an address").press("Enter")
    address = page.get_by_label("Address of your calendar").input_value()
    assert Client().get("/" + address.split("/", 3)[3]).status_code == 200
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert [one.outcome for one in Attempt.objects.order_by("-pk")[:2]] == ["hung_up", "no_payment"]
        assert Callback.objects.get().state == "done"
