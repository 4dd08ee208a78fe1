"""Payment links: made and shown by the clinic (S1.68–S1.71), opened by strangers, found by nobody (E12)."""

import re
import secrets
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from payments.models import Checkout, Message, PaymentLink
from payments.services import collect_payment, make_link, move_payment, revoke_link, set_gateway
from payments.services.links import LinkDead, offer_of
from payments.services.mail import composed
from payments.states import GatewayName, Method, PaymentStatus
from tests.payments.checkout import a_link, a_request, checkouts, desk, fresh, page_of, pay, stranger, take_cards, token
from tests.races.crowd import a_clinic

pytestmark = pytest.mark.django_db(transaction=True)

DEAD = "This link takes no payment"


@pytest.fixture(autouse=True)
def nobody_has_guessed():
    """How often somebody has asked for links that do not exist is another test's."""
    cache.clear()


def a_draft(home):
    with clinic_scope(home.clinic, home.rita.user):
        return a_request(home)


def shown(home, payment) -> str:
    return desk(home).get(page_of(home, payment)).content.decode()


def test_s1_68_s1_69_link_is_made_from_a_draft_displayed_and_can_be_copied(shop):
    payment, rita = a_draft(shop), desk(shop)
    assert "This submits the draft" in shown(shop, payment)

    answer = rita.post(f"{page_of(shop, payment)}link/", {"days": "14"}, follow=True).content.decode()

    with clinic_scope(shop.clinic):
        url = f"http://testserver/pay/{token(PaymentLink.objects.get())}/"
    assert f'data-copy="{url}"' in answer
    assert f'value="{url}"' in answer
    assert "<svg" in answer
    assert fresh(shop, payment).status == "pending"
    assert url in shown(shop, payment), "and again, whenever somebody looks"
    assert stranger().get(url).status_code == 200


def test_s1_70_expiry_is_displayed_and_is_chosen(shop):
    payment, rita = a_draft(shop), desk(shop)
    with time_machine.travel("2026-12-01T15:00:00+00:00", tick=False):
        rita = desk(shop)
        page = rita.post(f"{page_of(shop, payment)}link/", {"days": "7"}, follow=True).content.decode()

    assert re.search(r"Expires <time[^>]*2026-12-08", page)


@pytest.mark.parametrize("days", ["0", "15", "-1", "9999", "x", ""])
def test_term_that_nobody_offers_makes_no_link(shop, days):
    payment = a_draft(shop)

    page = desk(shop).post(f"{page_of(shop, payment)}link/", {"days": days}, follow=True)

    assert "Choose for how long" in page.content.decode()
    assert fresh(shop, payment).status == "draft"


def ends(home, payment, how):
    """Each way in which a link dies."""
    with clinic_scope(home.clinic, home.rita.user):
        if how == "paid":
            collect_payment(payment, by=home.rita, method=Method.CASH)
        elif how == "cancelled":
            move_payment(payment, PaymentStatus.CANCELLED, by=home.rita, reason="no longer")
        elif how == "voided":
            move_payment(payment, PaymentStatus.PROCESSING, by=home.rita)
            move_payment(payment, PaymentStatus.VOIDED, by=home.rita, reason="no longer")
        elif how == "revoked":
            revoke_link(payment, by=home.rita)
        elif how == "switched off":
            set_gateway(GatewayName.NONE, by=home.olga)


@pytest.mark.parametrize("how", ["paid", "cancelled", "voided", "revoked", "switched off", "expired", "used"])
def test_s1_71_dead_link_takes_no_payment_and_says_nothing_else(shop, how):
    link = a_link(shop)
    path = f"/pay/{token(link)}/"
    unknown = stranger().get(f"/pay/{secrets.token_urlsafe(24)}/")
    later = timedelta(days=15) if how == "expired" else timedelta()
    if how == "used":
        pay(shop, link)
    ends(shop, link.payment, how)

    with time_machine.travel(timezone.now() + later, tick=True):
        answers = [stranger().get(path), stranger().post(path)]

    for answer in answers:
        assert (answer.status_code, answer.content) == (404, unknown.content)
        assert {name: value for name, value in answer.headers.items() if name != "X-Request-ID"} == {
            name: value for name, value in unknown.headers.items() if name != "X-Request-ID"
        }
    assert DEAD in unknown.content.decode()


def test_s1_71_payments_page_says_why_its_link_is_over(shop):
    paid, old = a_link(shop), a_link(shop)
    ends(shop, paid.payment, "paid")

    assert "The payment is Paid, so its link no longer takes payment." in shown(shop, paid.payment)
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=True):
        page = desk(shop).get(page_of(shop, old.payment)).content.decode()
    assert "The link has expired" in page
    assert "Make a new link" in page


def test_expired_link_is_followed_by_a_new_one(shop):
    link = a_link(shop)
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=True), clinic_scope(shop.clinic):
        new = make_link(link.payment, by=shop.itself)
        assert offer_of(token(new)).amount == 12000
        with pytest.raises(LinkDead):
            offer_of(token(link))


def test_payment_has_one_live_link(shop):
    link = a_link(shop)
    with clinic_scope(shop.clinic), pytest.raises(Refusal, match="has a link already"):
        make_link(link.payment, by=shop.itself)


@pytest.mark.parametrize("how", ["paid", "cancelled"])
def test_what_is_not_to_be_collected_gets_no_link(shop, how):
    payment = a_draft(shop)
    ends(shop, payment, how)

    answer = desk(shop).post(f"{page_of(shop, payment)}link/", {"days": "14"})

    assert answer.status_code == 409
    assert "there is nothing to pay by a link" in answer.content.decode()


def test_clinic_without_a_gateway_is_told_who_can_choose_one(shop):
    ends(shop, None, "switched off")
    payment = a_draft(shop)

    assert "Nobody takes cards for this clinic yet" in shown(shop, payment)
    assert desk(shop).post(f"{page_of(shop, payment)}link/", {"days": "14"}).status_code == 409


def test_revoking_is_an_act_of_the_page(shop):
    link = a_link(shop)

    page = desk(shop).post(f"{page_of(shop, link.payment)}link/revoke/", follow=True).content.decode()

    assert "The link was revoked" in page
    assert stranger().get(f"/pay/{token(link)}/").status_code == 404
    assert desk(shop).post(f"{page_of(shop, link.payment)}link/revoke/").status_code == 409


def test_page_shows_amount_and_clinic_and_nothing_of_anybody(shop):
    link = a_link(shop, memo="Root canal of Ethan")
    browser = stranger()

    answer = browser.get(f"/pay/{token(link)}/")
    page = answer.content.decode()

    assert "$120.00" in page
    assert shop.clinic.name in page
    for secret in ("Ethan", "Park", "Root canal", link.payment.ref, "TE-", token(link)):
        assert secret not in page
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert not browser.cookies, "no session, no cookie at all"


def test_payer_is_led_to_the_gateway_and_back(shop):
    link, browser = a_link(shop), stranger()

    leaving = browser.post(f"/pay/{token(link)}/")
    url = re.search(r'content="0;url=([^"]+)"', leaving.content.decode())[1]
    there = browser.get(url)
    assert "$120.00" in there.content.decode()
    answer = browser.post(url, {"press": "PAY"})

    assert answer["Location"] == "http://testserver/pay/thanks/"
    assert "Thank you" in browser.get(answer["Location"]).content.decode()
    assert browser.post(url, {"press": "CLOSE"})["Location"] == re.sub(r"^http://testserver", "", url)


def test_payer_who_turns_back_is_told_that_nothing_was_charged(shop):
    link, browser = a_link(shop), stranger()
    url = re.search(r'content="0;url=([^"]+)"', browser.post(f"/pay/{token(link)}/").content.decode())[1]

    declined = browser.post(url, {"press": "DECLINE"}, follow=True)
    closed = browser.post(url, {"press": "CLOSE"}, follow=True)

    assert "The card was declined" in declined.content.decode()
    assert "You haven’t paid yet" in closed.content.decode()


def test_button_pressed_from_another_site_opens_nothing(shop):
    link = a_link(shop)

    answer = stranger().post(f"/pay/{token(link)}/", headers={"Sec-Fetch-Site": "cross-site"})

    assert "asks you to pay" in answer.content.decode()
    assert checkouts(shop) == []


def test_simulator_that_is_switched_off_has_no_page_and_takes_nothing(shop, settings):
    link, browser = a_link(shop), stranger()
    url = re.search(r'content="0;url=([^"]+)"', browser.post(f"/pay/{token(link)}/").content.decode())[1]
    settings.GATEWAY_SIMULATOR = False

    assert browser.get(url).status_code == 404
    assert browser.get(f"/pay/{token(link)}/").status_code == 404
    with clinic_scope(shop.clinic), pytest.raises(Refusal, match="switched off"):
        set_gateway(GatewayName.SIMULATOR, by=shop.olga)


def test_token_of_one_clinic_never_opens_another(shop):
    other = a_clinic()
    take_cards(other)
    mine, theirs = a_link(shop, 12000), a_link(other, 34000)

    assert offer_of(token(mine)).clinic == shop.clinic
    assert offer_of(token(theirs)).clinic == other.clinic
    with clinic_scope(shop.clinic):
        assert list(PaymentLink.objects.values_list("pk", flat=True)) == [mine.pk]
    assert desk(shop).get(page_of(shop, theirs.payment)).content.decode().count(token(theirs)) == 0


def to_mia() -> dict[str, str]:
    return {"to": "mia@example.test", "request_key": str(uuid.uuid4())}


def test_mailed_link_is_filled_in_only_when_it_is_sent(shop):
    link = a_link(shop)

    answer = desk(shop).post(f"{page_of(shop, link.payment)}link/send/", to_mia(), follow=True)

    assert "mia@example.test" in answer.content.decode()
    with clinic_scope(shop.clinic):
        message = Message.objects.get()
        letter = composed(message.pk)
    assert f"http://testserver/pay/{token(link)}/" in letter.body
    assert "$120.00" in letter.body
    assert "Ethan" not in letter.subject + letter.body


def test_link_revoked_before_its_mail_went_is_not_sent(shop):
    link = a_link(shop)
    desk(shop).post(f"{page_of(shop, link.payment)}link/send/", to_mia())
    ends(shop, link.payment, "revoked")

    with clinic_scope(shop.clinic):
        assert Message.objects.get().state == "failed"
    page = desk(shop).get(f"{page_of(shop, link.payment)}link/send/", follow=True).content.decode()
    assert "has no link that takes payment" in page


def test_practitioner_neither_sees_nor_makes_links(shop):
    link, petra = a_link(shop), desk(shop, "petra")

    assert petra.post(f"{page_of(shop, link.payment)}link/", {"days": "14"}).status_code == 403
    assert petra.post(f"{page_of(shop, link.payment)}link/revoke/").status_code == 403
    assert petra.get(page_of(shop, link.payment)).status_code == 403


def test_checkout_names_neither_patient_nor_payment_to_the_gateway(shop):
    link = a_link(shop, memo="Root canal")
    stranger().post(f"/pay/{token(link)}/")

    with clinic_scope(shop.clinic), connection.cursor() as cursor:
        cursor.execute("select t::text from payments_simulatedcheckout t")
        (row,) = cursor.fetchone()
        assert Checkout.objects.get().state == "open"
    for word in ("Ethan", "Park", "Root canal", link.payment.ref, token(link)):
        assert word not in row
