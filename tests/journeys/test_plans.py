"""An account's debt goes on a plan from the queue: the terms are seen as they are typed."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from followups.models import Plan
from tests.browsing import enter, hurried, settled
from tests.factories import a_charge, a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_debt_is_converted_beside_the_queue_over_a_live_preview(desk, page):
    """S2.36, S2.37, S2.38, S2.54: every date and amount while they are typed; then the first is invoiced by hand."""
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])
    with clinic_scope(desk.clinic):
        today = clock.today(desk.clinic)
        ada = a_patient(desk, "Ada", "Park")
        for amount in (7000, 3000):
            a_charge(desk, ada, amount, on=today)
    enter(page, desk.bill.user, PASSWORD, f"/c/{desk.clinic.slug}/followups/")
    drawer = page.locator("#drawer")

    page.get_by_role("link", name="Ada Park").click()
    drawer.get_by_role("link", name="Convert to payment plan").click()
    preview = drawer.locator("#plan-preview")
    expect(preview).to_contain_text("$100.00 go on the plan")
    drawer.get_by_label("INV-002").uncheck()
    expect(preview).to_contain_text("$70.00 go on the plan")
    drawer.get_by_label("INV-002").check()
    drawer.get_by_label("Instalment").fill("33.33")
    expect(preview).to_contain_text("4: 3 of $33.33 and a last one of $0.01")
    drawer.get_by_label("Add a smaller last one to the one before").check()
    expect(preview).to_contain_text("3: 2 of $33.33 and a last one of $33.34")
    drawer.get_by_label("Start date").fill(str(today - timedelta(days=1)))
    expect(preview).to_contain_text("is past: a plan starts today or later")
    drawer.get_by_label("Start date").fill(str(today))
    expect(preview.get_by_role("row")).to_have_count(5)
    drawer.get_by_label("Weekly").check()
    settled(page)
    expect(preview.get_by_role("row")).to_have_count(5)
    drawer.get_by_role("button", name="Convert to payment plan").click()

    page.get_by_role("heading", name="PL-001").wait_for()
    page.get_by_role("link", name="Invoice now").click()
    page.get_by_role("button", name="Invoice now").click()
    expect(page.get_by_role("table", name="Schedule").get_by_role("row").nth(1)).to_contain_text("INV-003")
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        plan = Plan.objects.get()
        assert (plan.frequency, plan.total) == ("weekly", 10000)
        assert [one.status for one in plan.instalments.all()] == ["invoiced", "scheduled", "scheduled"]


def test_click_that_leaves_the_last_field_converts_while_the_preview_is_on_its_way(desk, page):
    """S2.38: leaving the field asks for the preview; the button under the mouse stays one."""
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])
    with clinic_scope(desk.clinic):
        ada = a_patient(desk, "Ada", "Park")
        a_charge(desk, ada, 7000, on=clock.today(desk.clinic))
    enter(page, desk.bill.user, PASSWORD, f"/c/{desk.clinic.slug}/followups/{ada.account.ref}/plan/")
    hurried(page)
    page.route("**/plan/", lambda route: None if "look=1" in (route.request.post_data or "") else route.continue_())
    page.get_by_label("Instalment").press_sequentially("35")
    page.get_by_role("button", name="Convert to payment plan").click()
    page.get_by_role("heading", name="PL-001").wait_for()
