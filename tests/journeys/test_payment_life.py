"""One payment from its estimate to its refund, as three people and a payer see it."""

from datetime import timedelta

import pytest
from django.core import mail
from playwright.sync_api import expect

import clinicpay.tasks  # noqa: F401 - what an event wakes
from balances.checks import run_checks
from clinicpay.celery import app
from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.eligibility.services import Answer, Said, keep_check
from payments.models import Payment
from tests.browsing import opened, window
from tests.factories import a_patient, an_invoice
from tests.journeys.conftest import PASSWORD
from tests.payments.checkout import take_cards

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

STARTS = {"rita": "Today", "bill": "Follow-ups", "adam": "Overview"}
"""The heading of the page where each begins: reception, billing, admin."""


@pytest.fixture
def clinic(desk, settings, monkeypatch):
    """Cards are taken by the simulator, a worker is there; Hannah was treated for 120.00 and pays a fifth herself."""
    settings.GATEWAY_SIMULATOR = True
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    take_cards(desk)
    with clinic_scope(desk.clinic):
        hannah = a_patient(desk, "Hannah", "Klein")
        hannah.email = "hannah@example.test"
        hannah.save(update_fields=["email"])
        an_invoice(desk, hannah, 12000)
        day = clock.today(desk.clinic) - timedelta(days=3)
        benefits = [Said("any", coinsurance=2_000)]
        answer = Answer(
            day, "Beacon", active=True, plan="PPO", deductible_left=0, out_of_pocket_left=310_000, benefits=benefits
        )
        keep_check(hannah, answer, by=desk.rita)
        for who in ("bill", "adam"):
            user = getattr(desk, who).user
            user.set_password(PASSWORD)
            user.save(update_fields=["password"])
    return desk


def enter_as(page, clinic, who: str) -> None:
    """Signed in, on the page where the role starts."""
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(getattr(clinic, who).user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name=STARTS[who], level=1).wait_for()


def test_s1_1_s1_2_payment_lives_from_estimate_to_refund(page, chromium, live_server, clinic):
    """S1.1, S1.2: created, asked for, paid by a link, mailed, refunded in part, exported."""
    enter_as(page, clinic, "rita")
    ask_by_estimate(page, clinic)
    pay_by_link(page, chromium, live_server)
    mail_the_receipt(page)
    enter_as(page, clinic, "bill")
    refund_a_part(page, clinic)
    enter_as(page, clinic, "adam")
    export(page, clinic)
    assert page.complaints == []
    with clinic_scope(clinic.clinic):
        assert [found.check.name for found in run_checks() if found.differences] == []


def ask_by_estimate(page, clinic) -> None:
    page.goto(f"/c/{clinic.clinic.slug}/payments/new/?treatment=TE-001&kind=office_visit")
    page.get_by_text("Estimated patient responsibility").wait_for()
    page.get_by_role("button", name="Use this amount").click()
    expect(page.locator("#id_amount")).to_have_value("24.00")
    page.get_by_role("button", name="Create and request").click()
    page.get_by_role("heading", name="PAY-001").wait_for()


def pay_by_link(page, chromium, live_server) -> None:
    page.get_by_role("button", name="Make a link").click()
    shown = page.get_by_label("Address to pay at").input_value()
    context = window(chromium, base_url=live_server.url, java_script_enabled=False)
    stranger = opened(context)
    stranger.goto(shown)
    stranger.get_by_role("button", name="Pay $24.00").click()
    stranger.wait_for_url("**/simulator/**")
    stranger.get_by_role("button", name="Pay $24.00").click()
    stranger.wait_for_url("**/pay/thanks/")
    context.close()
    page.reload()
    page.locator(".page-head").get_by_text("Paid").wait_for()


def mail_the_receipt(page) -> None:
    page.get_by_role("link", name="Receipt").first.click()
    page.get_by_role("link", name="Email").click()
    page.get_by_role("button", name="Send receipt").click()
    page.get_by_text("hannah@example.test").first.wait_for()
    [sent] = mail.outbox
    assert sent.to == ["hannah@example.test"]
    assert sent.attachments


def refund_a_part(page, clinic) -> None:
    """What re-opens is said before; the gateway then gives the money back."""
    page.goto(f"/c/{clinic.clinic.slug}/payments/PAY-001/")
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Partial Refund").check()
    page.locator("#id_amount").fill("10")
    page.locator("#id_reason").select_option(label="Patient request")
    page.get_by_role("button", name="Review summary").click()
    page.get_by_text("INV-001").first.wait_for()
    page.get_by_role("button", name="Confirm Refund").click()
    page.get_by_role("heading", name="RF-001").wait_for()
    page.goto(f"/c/{clinic.clinic.slug}/payments/PAY-001/")
    page.locator(".page-head").get_by_text("Partially Refunded").wait_for()
    with clinic_scope(clinic.clinic):
        assert Payment.objects.get().account.owes == 10_600


def export(page, clinic) -> None:
    page.goto(f"/c/{clinic.clinic.slug}/payments/?status=partially_refunded")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text()
    assert "PAY-001" in text
    assert "Partially Refunded" in text
