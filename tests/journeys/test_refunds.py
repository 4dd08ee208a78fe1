"""A refund in the browser: reception asks, the owner approves, and the invoice is owed again."""

import pytest
from playwright.sync_api import expect

from balances.checks import run_checks
from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment
from tests.factories import a_charge, a_patient, a_payment
from tests.journeys.conftest import PASSWORD
from tests.journeys.steps import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def paid(desk):
    """100.00 that pay one invoice."""
    with clinic_scope(desk.clinic):
        hannah = a_patient(desk, "Hannah", "Klein")
        charge = a_charge(desk, hannah, 10000)
        a_payment(desk, hannah.account, 10000, (charge, 10000), patient=hannah)
        desk.olga.user.set_password(PASSWORD)
        desk.olga.user.save(update_fields=["password"])
    return charge


def test_reception_asks_and_the_owner_approves(page, desk, paid):
    sign_in(page, desk)
    ask(page, desk)
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(desk.olga.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    approve(page, desk)

    page.goto(f"/c/{desk.clinic.slug}/invoices/{paid.invoice.ref}/")
    page.get_by_text("Partial", exact=True).first.wait_for()
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert Payment.objects.get().status == "partially_refunded"
        assert [found.check.name for found in run_checks() if found.differences] == []


def test_s1_84_refused_amount_says_one_thing_at_a_time(page, desk, paid):
    """S1.84: what the server refused gives way to what the browser refuses."""
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/payments/PAY-001/refund/")
    page.get_by_label("Partial Refund").check()
    page.locator("#id_reason").select_option(label="Other")
    under = page.locator("#div_id_amount .invalid-feedback")
    for amount, words in (("0", "Enter an amount greater than zero."), ("100.01", "Enter at most $100.00.")):
        page.locator("#id_amount").fill(amount)
        page.get_by_role("button", name="Review summary").click()
        under.get_by_text(words).wait_for()
        expect(under).to_have_count(1)

    with clinic_scope(desk.clinic):
        assert Payment.objects.get().status == "paid"


def ask(page, desk) -> None:
    """The tick follows the reason until it is changed; what is left is shown while one types (S1.82–S1.89)."""
    page.goto(f"/c/{desk.clinic.slug}/payments/PAY-001/")
    page.get_by_role("link", name="Refund", exact=True).click()
    expect(page.locator("#id_amount")).to_be_hidden()
    page.get_by_label("Partial Refund").check()
    page.locator("#id_amount").fill("30")
    page.get_by_text("$70.00 stays.").wait_for()
    tick = page.get_by_label("Also reduce the charge")
    page.locator("#id_reason").select_option(label="Billing error")
    expect(tick).to_be_checked()
    page.locator("#id_reason").select_option(label="Patient request")
    expect(tick).not_to_be_checked()
    page.get_by_role("button", name="Review summary").click()
    page.get_by_text("has not been followed up before").wait_for()  # the part that follow-ups fill in
    page.get_by_role("button", name="Request Refund").click()
    page.get_by_role("heading", name="RF-001").wait_for()


def approve(page, desk) -> None:
    """The owner sees what waits, all that it would do, and confirms."""
    page.goto(f"/c/{desk.clinic.slug}/refunds/")
    page.get_by_role("link", name="RF-001").click()
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Confirm Refund").click()
    page.get_by_text("Succeeded", exact=True).first.wait_for()
