"""A payment link from reception's screen to the payer's phone and back (S1.68–S1.71), in real browsers."""

import pytest
from playwright.sync_api import expect

import clinicpay.tasks  # noqa: F401 - what an event wakes
from clinicpay.celery import app
from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment
from tests.browsing import enter, opened, window
from tests.journeys.conftest import PASSWORD
from tests.journeys.steps import sign_in
from tests.payments.checkout import a_request, take_cards

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def shop(desk, settings, monkeypatch):
    """The simulator takes the clinic's cards, and a worker is always there."""
    settings.GATEWAY_SIMULATOR = True
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    take_cards(desk)
    with clinic_scope(desk.clinic, desk.rita.user):
        a_request(desk, 12000)
    return desk


@pytest.fixture
def phone(chromium, live_server):
    """A stranger's browser without scripts, and what it complained of."""
    context = window(chromium, **PHONE, java_script_enabled=False, base_url=live_server.url)
    yield opened(context)
    context.close()


def test_s1_69_reception_makes_a_link_and_a_stranger_pays_by_it(page, phone, shop):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, shop)
    page.goto(f"/c/{shop.clinic.slug}/payments/PAY-001/")
    page.get_by_role("button", name="Make a link").click()
    shown = page.get_by_label("Address to pay at").input_value()
    page.locator(".link-copy").get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.", exact=True).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    expect(page.get_by_text("Expires")).to_be_visible()

    phone.goto(shown)
    expect(phone.get_by_text("$120.00").first).to_be_visible()
    phone.get_by_role("button", name="Pay $120.00").click()
    phone.wait_for_url("**/simulator/**")
    phone.get_by_role("button", name="Have the card declined").click()
    expect(phone.get_by_text("The card was declined")).to_be_visible()
    phone.get_by_role("button", name="Pay $120.00").click()
    phone.wait_for_url("**/pay/thanks/")
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()

    page.reload()
    expect(page.locator(".page-head").get_by_text("Paid")).to_be_visible()
    expect(page.get_by_text("its link no longer takes payment")).to_be_visible()
    page.get_by_role("link", name="Receipt").first.click()
    page.get_by_role("heading", name="R-001").first.wait_for()
    expect(page.get_by_text("$120.00").first).to_be_visible()
    assert phone.goto(shown).status == 404
    with clinic_scope(shop.clinic):
        paid = Payment.objects.get()
        assert (paid.status, paid.method, bool(paid.receipt)) == ("paid", "card", True)
    assert page.complaints == []


def test_s1_71_revoked_link_is_over_at_once_for_who_has_it_open(page, phone, shop):
    sign_in(page, shop)
    page.goto(f"/c/{shop.clinic.slug}/payments/PAY-001/")
    page.get_by_role("button", name="Make a link").click()
    shown = page.get_by_label("Address to pay at").input_value()
    phone.goto(shown)

    page.locator("summary", has_text="Revoke the link").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    page.get_by_text("The link was revoked").first.wait_for()
    phone.get_by_role("button", name="Pay $120.00").click()

    expect(phone.get_by_role("heading", name="This link takes no payment")).to_be_visible()


CUT = """select => {
  const style = getComputedStyle(select), pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return [...select.options].map(one => one.text).filter(text => pen.measureText(text).width > room);
}"""
"""What a select offers and cannot show whole."""


def test_every_gateway_is_readable_on_a_phone(chromium, live_server, shop):
    admin = shop.adam.user
    admin.set_password(PASSWORD)
    admin.save(update_fields=["password"])
    context = window(chromium, **PHONE, base_url=live_server.url)
    page = opened(context)
    enter(page, admin, PASSWORD, f"/c/{shop.clinic.slug}/settings/card-payments/")
    offered = page.get_by_label("Cards are taken by")
    expect(offered).to_contain_text("The simulator: no money moves")
    assert offered.evaluate(CUT) == []
    context.close()
