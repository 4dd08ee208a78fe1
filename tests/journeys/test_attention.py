"""Gaps are found, narrowed down and closed, each by its one act."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from payments.models import PaymentContext
from tests.browsing import enter
from tests.factories import a_patient, a_payment, an_event, an_invoice
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_reception_closes_the_gaps_of_a_morning(desk, page):
    """S0.4, S0.12, S0.13: from Today to what needs attention, and each row is gone once it is dealt with."""
    with clinic_scope(desk.clinic, desk.rita.user):
        ethan, noah = a_patient(desk), a_patient(desk, "Noah", "Klein")
        for patient in (ethan, noah):
            a_payment(desk, patient.account, 5000, patient=patient)
        crown = an_event(desk, ethan, 4000, title="Crown")
        event = an_invoice(desk, noah, 4000, service_at=timezone.now()).event
        a_payment(desk, noah.account, 4000, (event.charges.get(), 4000))
    enter(page, desk.rita.user, PASSWORD, f"/c/{desk.clinic.slug}/today/")
    tabs = page.get_by_role("navigation", name="What is missing")

    page.get_by_role("link", name="What needs attention").first.click()
    expect(tabs.get_by_role("link", name="Not reviewed 1")).to_have_attribute("aria-current", "page")
    tabs.get_by_role("link", name="Payments without treatment 2").click()
    expect(page.get_by_role("row")).to_have_count(3)  # the heading, and two
    page.get_by_placeholder("Patient or number").fill("ethan")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(tabs.get_by_role("link", name="Payments without treatment 1")).to_be_visible()  # the tabs follow the search
    expect(tabs.get_by_role("link", name="Not reviewed 0")).to_be_visible()

    page.get_by_role("link", name="Link treatment").click()
    page.get_by_label("Treatment", exact=True).select_option(crown.ref)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main").get_by_role("link", name=crown.ref).first).to_be_visible()

    page.goto(f"/c/{desk.clinic.slug}/attention/")
    page.get_by_role("link", name=f"Review: {event.ref}").click()
    page.get_by_role("button", name="Fully paid").click()
    expect(page.get_by_text("Payment reviewed: fully paid")).to_be_visible()
    page.goto(f"/c/{desk.clinic.slug}/attention/?show=unreviewed")
    expect(page.get_by_text("Nothing under “Not reviewed”")).to_be_visible()
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert PaymentContext.objects.get().event == crown


def test_on_a_phone_the_open_group_is_in_sight_and_each_row_says_what_is_missing(desk, page):
    """S0.4: the tabs are wider than the screen; the one that is open is not beyond its edge."""
    with clinic_scope(desk.clinic, desk.rita.user):
        ethan = a_patient(desk)
        a_payment(desk, ethan.account, 5000, patient=ethan)
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page, desk.rita.user, PASSWORD, f"/c/{desk.clinic.slug}/attention/?show=payments")

    expect(page.locator(".tabs [aria-current=page]")).to_be_in_viewport(ratio=0.95)  # its line overlaps that of the bar
    expect(page.get_by_text("Money of no treatment, applied to nothing")).to_be_visible()
    assert page.complaints == []
