"""The Stripe adapter against recorded answers, asked over HTTP: what it sends, and what it makes of what it is told."""

import json
import re
import time
from datetime import UTC, datetime

import pytest

from clinicpay.clinics.scope import clinic_scope
from payments.gateways import Asked, GatewayDown, GatewayRefused
from payments.gateways.signing import sign
from payments.gateways.stripe import Stripe
from payments.models import GatewaySettings, Refund
from payments.services import GoingBack, approve_refund, request_refund, set_gateway
from payments.services.gateway_refunds import send_refund
from payments.states import CheckoutState, GatewayName, MovementState, RefundReason
from tests.balances.invariants import broken
from tests.payments.checkout import a_link, checkouts, fresh, stranger, token, work
from tests.payments.stripe.server import recorded, running
from tests.races.crowd import a_clinic

SECRET, WEBHOOK = "sk_test_canary", "whsec_canary"
SESSION = recorded("session_open")["id"]
INTENT = recorded("payment_intent")["id"]
NO_REFUNDS = {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}
ASKED = Asked(
    reference="cp-1-0123456789ab",
    amount=12000,
    currency="USD",
    description="Payment to Harbor Clinic",
    success_url="https://pay.test/pay/thanks/",
    cancel_url="https://pay.test/pay/later/",
    expires_at=datetime(2026, 12, 1, tzinfo=UTC),
)


@pytest.fixture
def there(settings):
    """Stripe's stand-in."""
    with running() as server:
        settings.STRIPE_API = server.url
        server.says("POST", "checkout/sessions", recorded("session_open"))
        server.says("GET", f"checkout/sessions/{SESSION}", recorded("session_open"))
        server.says("GET", f"payment_intents/{INTENT}", recorded("payment_intent"))
        server.says("GET", "refunds", NO_REFUNDS)
        yield server


@pytest.fixture
def stripe():
    return Stripe(SECRET, WEBHOOK)


def test_checkout_is_asked_for_as_stripe_documents_it(there, stripe):
    opened = stripe.create_checkout(ASKED)

    (request,) = there.asked
    assert (opened.external_id, opened.url) == (SESSION, recorded("session_open")["url"])
    assert (request.method, request.path) == ("POST", "/v1/checkout/sessions")
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert request.headers["Stripe-Version"] == "2024-06-20"
    assert request.headers["Idempotency-Key"] == ASKED.reference
    assert request.given == {
        "mode": "payment",
        "client_reference_id": ASKED.reference,
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "12000",
        "line_items[0][price_data][product_data][name]": "Payment to Harbor Clinic",
        "metadata[checkout]": ASKED.reference,
        "payment_intent_data[metadata][checkout]": ASKED.reference,
        "success_url": ASKED.success_url,
        "cancel_url": ASKED.cancel_url,
        "expires_at": "1796083200",
    }


@pytest.mark.parametrize(
    ("name", "state", "captured", "declined"),
    [
        ("session_open", CheckoutState.OPEN, 0, False),
        ("session_declined", CheckoutState.OPEN, 0, True),
        ("session_processing", CheckoutState.PROCESSING, 0, False),
        ("session_paid", CheckoutState.PAID, 12000, False),
        ("session_expired", CheckoutState.OVER, 0, False),
    ],
)
def test_sessions_are_read(there, stripe, name, state, captured, declined):
    there.says("GET", f"checkout/sessions/{SESSION}", recorded(name))

    found = stripe.fetch(session=SESSION)

    assert (found.state, found.captured, found.declined) == (state, captured, declined)
    assert (found.reference, found.currency) == (ASKED.reference, "USD")
    assert there.asked[0].given["expand[0]"] == "payment_intent.latest_charge.refunds"


def test_refunds_and_disputes_are_read(there, stripe):
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_refunded"))
    (refund,) = stripe.fetch(session=SESSION).refunds
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_disputed"))
    (dispute,) = stripe.fetch(session=SESSION).disputes

    assert (refund.amount, refund.state, refund.ours) == (5000, MovementState.SUCCEEDED, "RF-001")
    assert (dispute.amount, dispute.state) == (12000, MovementState.PENDING)


@pytest.mark.parametrize(
    ("status", "state"),
    [("lost", MovementState.SUCCEEDED), ("won", MovementState.WON), ("warning_needs_response", None)],
)
def test_dispute_that_is_decided_and_an_inquiry_are_told_apart(there, stripe, status, state):
    session = recorded("session_disputed")
    session["payment_intent"]["latest_charge"]["dispute"]["status"] = status
    there.says("GET", f"checkout/sessions/{SESSION}", session)

    assert [one.state for one in stripe.fetch(session=SESSION).disputes] == ([state] if state else [])


def test_checkout_is_found_by_its_capture(there, stripe):
    there.says("GET", "checkout/sessions", {"object": "list", "data": [recorded("session_paid")], "has_more": False})
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_paid"))

    assert stripe.fetch(capture=INTENT).external_id == SESSION
    assert there.asked[0].given == {"payment_intent": INTENT, "limit": "1"}


def test_capture_of_somebody_elses_business_is_none_of_ours(there, stripe):
    there.says("GET", "checkout/sessions", {"object": "list", "data": [], "has_more": False})

    assert stripe.fetch(capture="pi_of_a_shop") is None
    assert stripe.fetch(session="cs_unknown") is None


def test_refund_is_asked_for_under_its_number(there, stripe):
    there.says("POST", "refunds", recorded("refund_pending"))

    told = stripe.refund(INTENT, 5000, ref="RF-001")

    assert told.state == MovementState.PENDING
    request = there.asked[-1]
    assert request.headers["Idempotency-Key"] == f"RF-001 {INTENT}"
    assert request.given == {"payment_intent": INTENT, "amount": "5000", "metadata[refund]": "RF-001"}


def test_refusal_comes_in_stripes_own_words(there, stripe):
    there.says("POST", "refunds", recorded("error_refunded"), 400)
    there.says("POST", f"checkout/sessions/{SESSION}/expire", recorded("error_complete"), 400)

    with pytest.raises(GatewayRefused, match="has already been refunded"):
        stripe.refund(INTENT, 5000, ref="RF-001")
    with pytest.raises(GatewayRefused, match="status of `complete`"):
        stripe.expire(SESSION)


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, b"oops"), (503, {}), (429, {}), (401, {}), (409, {}), (200, b"<html>"), (200, []), (200, {}), (200, b"")],
)
def test_answer_that_says_nothing_is_asked_again_later(there, stripe, status, answer):
    there.says("POST", "checkout/sessions", answer, status)

    with pytest.raises(GatewayDown):
        stripe.create_checkout(ASKED)


def test_stripe_that_is_away_is_away(settings, stripe):
    settings.STRIPE_API = "http://127.0.0.1:9"

    with pytest.raises(GatewayDown) as caught:
        stripe.fetch(session=SESSION)
    assert SECRET not in repr(caught.value)


@pytest.fixture
def shop(there, transactional_db):
    """A committed clinic that takes cards by Stripe."""
    home = a_clinic()
    with clinic_scope(home.clinic):
        set_gateway(GatewayName.STRIPE, by=home.olga, secret=SECRET, webhook_secret=WEBHOOK)
    return home


def deliver(home, name: str) -> int:
    """A recorded event, signed now by Stripe's secret, and the worker's work."""
    body = json.dumps(recorded(name)).encode()
    headers = {"Stripe-Signature": sign(body, WEBHOOK, int(time.time()))}
    answer = stranger().post(f"/webhooks/stripe/{home.clinic.slug}/", body, "application/json", headers=headers)
    work(home)
    return answer.status_code


def about(session: dict, checkout) -> dict:
    """A recorded session as the answer to our own checkout."""
    return session | {"client_reference_id": checkout.reference}


@pytest.mark.django_db(transaction=True)
def test_link_is_paid_and_refunded_by_stripe(shop, there):
    """The whole way, over HTTP: the link, the redirect, the event, the refund, its event, out of order and twice."""
    link = a_link(shop)
    page = stranger().post(f"/pay/{token(link)}/").content.decode()
    assert recorded("session_open")["url"] in re.search(r'content="0;url=([^"]+)"', page)[1]
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_paid"))

    assert [deliver(shop, "event_completed") for _ in range(2)] == [200, 200]

    payment = fresh(shop, link.payment)
    assert (payment.status, payment.method) == ("paid", "card")
    assert checkouts(shop)[0].capture == INTENT
    there.says("POST", "refunds", recorded("refund_pending"))
    there.says("GET", "checkout/sessions", {"object": "list", "data": [recorded("session_paid")], "has_more": False})
    with clinic_scope(shop.clinic, shop.bill.user):
        asked = request_refund(payment, GoingBack(5000, RefundReason.BILLING_ERROR), by=shop.bill)
        approve_refund(asked, by=shop.bill)
    send_refund(shop.clinic.pk, asked.pk)
    assert fresh(shop, asked).status == "approved"
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_refunded"))

    assert deliver(shop, "event_refunded") == 200

    with clinic_scope(shop.clinic):
        assert Refund.objects.get().status == "succeeded"
        assert not broken()
    assert fresh(shop, payment).status == "partially_refunded"


@pytest.mark.django_db(transaction=True)
def test_answer_to_the_opening_that_never_came_loses_no_money(shop, there):
    """Stripe opened the page, the payer paid, and all that we hear of it is the event."""
    link = a_link(shop)
    there.says("POST", "checkout/sessions", b"", 500)
    assert stranger().post(f"/pay/{token(link)}/").status_code == 503
    with clinic_scope(shop.clinic):
        reference = link.checkouts.get().reference
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_paid") | {"client_reference_id": reference})

    deliver(shop, "event_completed")

    assert fresh(shop, link.payment).status == "paid"


@pytest.mark.django_db(transaction=True)
def test_stripe_that_is_away_lets_the_event_wait(shop, there):
    link = a_link(shop)
    stranger().post(f"/pay/{token(link)}/")
    there.says("GET", f"checkout/sessions/{SESSION}", b"", 503)
    assert deliver(shop, "event_completed") == 200
    assert fresh(shop, link.payment).status == "pending"

    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_paid"))
    work(shop)

    assert fresh(shop, link.payment).status == "paid"


@pytest.mark.django_db(transaction=True)
def test_secrets_stand_nowhere_in_the_database_and_on_no_page(shop, superuser):
    with clinic_scope(shop.clinic):
        row = GatewaySettings.objects.get()
    kept = superuser.execute("select t::text from payments_gatewaysettings t where id = %s", [row.pk]).fetchone()[0]
    trail = superuser.execute(
        "select string_agg(t::text, ' ') from audit_auditevent t where clinic_id = %s", [shop.clinic.pk]
    ).fetchone()[0]
    browser = stranger()
    browser.force_login(shop.olga.user)
    page = browser.get(f"/c/{shop.clinic.slug}/settings/card-payments/").content.decode()

    for secret in (SECRET, WEBHOOK):
        assert secret not in kept + trail + page
    assert "Kept. Leave empty to keep it." in page
