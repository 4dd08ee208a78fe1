"""Sign-ins that end, tabs that are out of date and Back after a form: nothing is done twice, and no typing is lost."""

import pytest
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment, Refund
from tests.browsing import opened
from tests.factories import a_charge, a_patient, a_payment
from tests.journeys.conftest import PASSWORD
from tests.journeys.steps import sign_in
from tests.payments.checkout import a_request

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

LOST = ["the sign-in", "the CSRF token"]
BACK = "What you had typed is back"


@pytest.fixture
def paid(desk):
    """A payment of 80.00, and a request over 50.00."""
    with clinic_scope(desk.clinic):
        patient = a_patient(desk)
        payment = a_payment(desk, patient.account, 8000, patient=patient)
        a_request(desk, 5000, patient=patient)
    return payment


def place(desk, number: int, act: str) -> str:
    return f"/c/{desk.clinic.slug}/payments/PAY-{number:03}/{act}"


def lose(page, what: str) -> None:
    """Another tab signed out, or the browser forgot the token."""
    page.context.clear_cookies(name="sessionid" if what == LOST[0] else "csrftoken")
    if what == LOST[0]:
        page.context.clear_cookies()


def come_back(page, desk, what: str) -> None:
    """As the page that says so leads."""
    if what == LOST[0]:
        page.get_by_label("Email").fill(desk.rita.user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
    else:
        page.get_by_role("heading", name="This page is out of date").wait_for()
        page.locator(".error-page .btn-primary").first.click()
    page.get_by_text(BACK).wait_for()


@pytest.mark.parametrize("what", LOST)
def test_s1_88_what_was_typed_of_a_refund_comes_back_from_its_summary(page, desk, paid, what):
    sign_in(page, desk)
    page.goto(place(desk, 1, "refund/"))
    page.get_by_label("Partial Refund").check()
    page.locator("[name=amount]").fill("12.34")
    page.locator("[name=reason]").select_option("billing_error")
    page.locator("[name=notes]").fill("Agreed by phone")
    page.get_by_role("button", name="Review summary").click()
    page.get_by_role("button", name="Request Refund").wait_for()
    lose(page, what)

    page.get_by_role("button", name="Request Refund").click()
    come_back(page, desk, what)

    expect(page.get_by_label("Partial Refund")).to_be_checked()
    for name, typed in (("amount", "12.34"), ("reason", "billing_error"), ("notes", "Agreed by phone")):
        expect(page.locator(f"[name={name}]")).to_have_value(typed)
    with clinic_scope(desk.clinic):
        assert not Refund.objects.exists()


@pytest.mark.parametrize("what", LOST)
def test_s1_80_reason_of_a_status_comes_back_though_its_step_stood_in_another_page(page, desk, paid, what):
    sign_in(page, desk)
    page.goto(place(desk, 2, ""))
    page.locator(".status-form select").select_option("cancelled")
    page.locator("#status-step [name=reason]").fill("Moved to another town")
    lose(page, what)

    page.get_by_role("button", name="Set to Cancelled").click()
    come_back(page, desk, what)

    expect(page.locator("[name=reason]")).to_have_value("Moved to another town")
    page.get_by_role("button", name="Set to Cancelled").click()
    page.get_by_text("PAY-002 is Cancelled.").wait_for()


def test_s1_89_back_after_a_refund_leads_to_the_form_and_not_to_the_browsers_own_words(page, desk, paid):
    sign_in(page, desk)
    page.goto(place(desk, 1, "refund/"))
    page.get_by_label("Partial Refund").check()
    page.locator("[name=amount]").fill("12.34")
    page.locator("[name=reason]").select_option("other")
    page.get_by_role("button", name="Review summary").click()
    page.get_by_role("button", name="Request Refund").click()
    page.get_by_text("asked for. It waits").wait_for()

    page.go_back()

    page.get_by_text("$67.66 of $80.00 is left to refund").wait_for()
    with clinic_scope(desk.clinic):
        assert Refund.objects.count() == 1


def test_s1_38_form_with_an_error_can_be_come_back_to(page, desk, paid):
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/payments/new/?patient=PT-001")
    page.locator("[name=amount]").fill("-5")
    page.get_by_role("button", name="Create", exact=True).click()
    page.locator(".invalid-feedback").first.wait_for()
    page.locator("[name=amount]").fill("5")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_text("was created as a draft").wait_for()

    page.go_back()

    page.get_by_role("heading", name="Create Payment").wait_for()
    with clinic_scope(desk.clinic):
        assert Payment.objects.filter(amount=500).count() == 1


def test_form_whose_key_was_used_gives_back_what_was_typed(page, desk, paid):
    """Two windows with one form, as a duplicated tab has: the second one's other figures are not lost."""
    with clinic_scope(desk.clinic):
        a_charge(desk, paid.patient, 9000)
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/patients/PT-001/pay/")
    key = page.locator("main [name=request_key]").first.input_value()
    other = opened(page.context)
    other.goto(page.url)
    other.evaluate("key => document.querySelector('main [name=request_key]').value = key", key)
    page.get_by_role("button", name="Record payment").click()
    page.get_by_text("recorded.").wait_for()
    other.locator("[name=amount]").fill("33.33")
    other.locator("[name=memo]").fill("by the father")
    other.locator("[name^=apply-]").fill("33.33")

    other.get_by_role("button", name="Record payment").click()
    other.get_by_text("This form was already used for something else").wait_for()
    other.get_by_role("link", name="Load the form again").click()
    other.get_by_text(BACK).wait_for()

    expect(other.locator("[name=memo]")).to_have_value("by the father")
    expect(other.locator("[name=amount]")).to_have_value("33.33")
