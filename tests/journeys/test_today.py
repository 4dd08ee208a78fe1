"""A morning at the front desk, by keyboard: nobody leaves with an unclear balance."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from balances.services import complete_event, make_exception
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.standing import standings
from tests.browsing import enter
from tests.factories import a_patient, a_payment, a_review, an_event
from tests.journeys.conftest import PASSWORD
from treatments.models import TreatmentEvent

pytestmark = pytest.mark.browser

NEWS = 'document.dispatchEvent(new Event("visibilitychange"))'
"""What a person's return to the page does: it asks at once, and not only at the next beat."""


def closed(desk, first):
    """A treatment of now for 100.00 that has just closed."""
    patient = a_patient(desk, first)
    event = an_event(desk, patient, 10000, service_at=timezone.now())
    complete_event(event, by=desk.petra)
    return event


def test_long_origins_and_names_leave_room_for_the_buttons(desk, page):
    """S0.19, S0.32: what somebody wrote about a balance breaks into lines; no button leaves a desk's screen."""
    with clinic_scope(desk.clinic):
        patient = a_patient(desk, "Maximiliana-Wilhelmine", "von der Recke-Volmerstein und Hohenzollern")
        event = an_event(desk, patient, 10000, service_at=timezone.now())
        complete_event(event, by=desk.petra)
        make_exception(event, by=desk.rita, note="The owner agreed that half of it waits for a letter. " * 3)
    page.goto(f"/accounts/login/?next=/c/{desk.clinic.slug}/today/")
    page.get_by_label("Email").fill(desk.rita.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(f"#te-{event.number}")).to_contain_text("The owner agreed")

    assert page.locator("#board .table-responsive").evaluate("box => box.scrollWidth - box.clientWidth") <= 0


def test_morning_is_worked_down_by_keyboard(desk, page, rita):
    """S0.21, S0.30, S0.31, S0.33, S0.34, S0.36: reviewed, proven, confirmed, flagged; nothing leaves the page."""
    with clinic_scope(desk.clinic):
        paid, owing, third = (closed(desk, first) for first in ("Ethan", "Mia", "Noah"))
        receipt = a_payment(desk, paid.patient.account, 10000, (paid.charges.get(), 10000)).receipt
    enter(page, desk.rita.user, PASSWORD, f"/c/{desk.clinic.slug}/today/")
    left, drawer = page.locator("#left"), page.locator("#drawer")

    expect(left).to_have_text("3")
    page.get_by_role("button", name=f"Fully paid for {paid.ref}").press("Enter")
    expect(page.get_by_role("link", name=f"Receipt for {paid.ref}")).to_be_focused()
    rita.get(f"/c/{desk.clinic.slug}/receipts/{receipt.ref}/receipt.pdf")
    page.evaluate(NEWS)
    confirm = page.get_by_role("button", name=f"Confirm for {paid.ref}")
    expect(confirm).to_be_focused()
    confirm.press("Enter")
    row = page.locator(f"#te-{paid.number}")
    expect(row).to_contain_text("Ready for the close")
    expect(left).to_have_text("2")

    page.get_by_role("link", name=f"Flag balance for {owing.ref}").press("Enter")
    drawer.get_by_label("Note").fill("Forgot the card")
    drawer.get_by_role("button", name="Flag balance").press("Enter")
    expect(drawer).to_be_hidden()
    expect(page.locator(f"#te-{owing.number}")).to_contain_text("Callback")
    expect(left).to_have_text("1")

    page.get_by_role("link", name=f"Flag balance for {third.ref}").press("Enter")
    drawer.get_by_label("They promise to pay").press("Space")
    drawer.get_by_label("Note").fill("On Friday")
    with clinic_scope(desk.clinic):
        closed(desk, "Ada")
    page.evaluate(NEWS)
    expect(drawer.get_by_label("Note")).to_have_value("On Friday")
    expect(left).to_have_text("1")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    page.evaluate(NEWS)
    expect(left).to_have_text("2")
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        found = TreatmentEvent.objects.filter(pk__in=[paid.pk, owing.pk, third.pk]).order_by("pk")
        assert [standings([event])[event.pk].step for event in found] == [4, 3, 1]


def test_evidence_that_is_brought_to_a_treatment_is_seen_at_once(desk, page, rita):
    """S0.33, S0.34: a slip attached, or a receipt printed in another tab, and the page offers the confirmation."""
    with clinic_scope(desk.clinic):
        slip, print_it = (closed(desk, first) for first in ("Ethan", "Mia"))
        for event in (slip, print_it):
            receipt = a_payment(desk, event.patient.account, 10000, (event.charges.get(), 10000)).receipt
            a_review(desk, event)
    place = f"/c/{desk.clinic.slug}/treatments/"
    enter(page, desk.rita.user, PASSWORD, f"{place}{slip.ref}/")
    page.evaluate("window.samePage = true")

    expect(page.locator("#evidence")).to_contain_text("None yet")
    page.locator("#documents input[type=file]").set_input_files(
        {"name": "slip.txt", "mimeType": "text/plain", "buffer": b"APPROVED"}
    )
    expect(page.locator("#evidence")).to_contain_text("Attached: slip, cheque or other paper")
    page.locator("#review").get_by_role("button", name="Confirm").press("Enter")
    expect(page.get_by_text(f"{slip.ref} is ready for the close.")).to_be_visible()
    assert not page.evaluate("window.samePage")

    page.goto(f"{place}{print_it.ref}/")
    page.locator("#review").get_by_role("link", name="Print receipt").focus()
    rita.get(f"/c/{desk.clinic.slug}/receipts/{receipt.ref}/receipt.pdf")
    page.evaluate('window.dispatchEvent(new Event("focus"))')
    expect(page.locator("#evidence")).to_contain_text("Receipt printed")
    expect(page.locator("#review").get_by_role("button", name="Confirm")).to_be_focused()
    assert page.complaints == []
