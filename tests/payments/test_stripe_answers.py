"""What Stripe may answer beside "yes": errors, broken lines, other modes, other currencies, more than one page."""

import json
import time

import pytest

from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from payments.gateways import Asked, GatewayDown, GatewayRefused
from payments.gateways.signing import TOLERANCE, sign
from payments.gateways.stripe import Stripe, mode_of
from payments.gateways.stripe_amounts import objection, ours, theirs
from payments.models import GatewayEvent, GatewayTask, Payment
from payments.services import make_link, set_gateway
from payments.services.gateway_events import stuck_events
from payments.states import CheckoutState, GatewayName, Heard, MovementState
from tests.balances.invariants import broken
from tests.payments.checkout import a_link, a_request, fresh, stranger, token, work
from tests.payments.stripe.server import CUT, HANGS_UP, recorded
from tests.payments.test_stripe import (
    ASKED,
    INTENT,
    NO_REFUNDS,
    SECRET,
    SESSION,
    WEBHOOK,
    deliver,
    shop,
    stripe,
    there,
)

__all__ = ["shop", "stripe", "there"]  # fixtures


def error(kind: str, message: str, **more: str) -> dict:
    """An error as Stripe writes it."""
    return {"error": {"type": kind, "message": message} | more}


LATER = [
    (429, error("invalid_request_error", "Request rate limit exceeded.", code="rate_limit")),
    (429, error("invalid_request_error", "This object cannot be accessed right now.", code="lock_timeout")),
    (409, error("idempotency_error", "There is currently another in-progress request.", code="idempotency_key_in_use")),
    (401, error("invalid_request_error", "Invalid API Key provided: sk_test_****ary")),
    (403, error("invalid_request_error", "The provided key does not have the required permissions.")),
    (500, error("api_error", "Something went wrong on Stripe's end.")),
    (502, b"<html>Bad gateway</html>"),
    (504, b""),
    (HANGS_UP, b""),
    (HANGS_UP, b"HTTP/1.1 "),
    (HANGS_UP, b"not HTTP at all\r\n\r\n"),
    (CUT, b'{"id": "cs_test'),
]
NO = [
    (400, error("invalid_request_error", "Your account cannot currently make live charges.", code="account_invalid")),
    (400, error("invalid_request_error", "Amount must be at least 50 cents.", code="amount_too_small")),
    (400, error("idempotency_error", "Keys for idempotent requests can only be used with the same parameters.")),
    (402, error("card_error", "Your card was declined.", code="card_declined", decline_code="generic_decline")),
]


@pytest.mark.parametrize(("status", "answer"), LATER)
def test_what_may_pass_is_asked_again(there, stripe, status, answer):
    for method, path in (("POST", "checkout/sessions"), ("GET", f"checkout/sessions/{SESSION}"), ("POST", "refunds")):
        there.says(method, path, answer, status)

    for ask in (
        lambda: stripe.create_checkout(ASKED),
        lambda: stripe.fetch(session=SESSION),
        lambda: stripe.refund(INTENT, 5000, ref="RF-001"),
    ):
        with pytest.raises(GatewayDown) as caught:
            ask()
        assert SECRET not in repr(caught.value)


@pytest.mark.parametrize(("status", "answer"), NO)
def test_refusal_is_told_in_stripes_words(there, stripe, status, answer):
    there.says("POST", "checkout/sessions", answer, status)
    there.says("POST", "refunds", answer, status)

    for ask in (lambda: stripe.create_checkout(ASKED), lambda: stripe.refund(INTENT, 5000, ref="RF-001")):
        with pytest.raises(GatewayRefused) as caught:
            ask()
        assert str(caught.value) == answer["error"]["message"]


def test_only_what_is_missing_is_none_of_ours(there, stripe):
    assert stripe.fetch(session="cs_of_somebody_else") is None
    there.says("GET", f"checkout/sessions/{SESSION}", error("invalid_request_error", "Bad expand"), 400)
    with pytest.raises(GatewayRefused, match="Bad expand"):
        stripe.fetch(session=SESSION)


@pytest.mark.parametrize("path", [("payment_intent",), ("payment_intent", "latest_charge")])
def test_answer_that_was_not_expanded_is_not_guessed_at(there, stripe, path):
    session = recorded("session_paid")
    inside = session
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = "pi_only_its_name"
    there.says("GET", f"checkout/sessions/{SESSION}", session)

    with pytest.raises(GatewayDown):
        stripe.fetch(session=SESSION)


def refunds_of(numbers: range) -> list[dict]:
    return [recorded("refund_pending") | {"id": f"re_{n:03}", "amount": n, "status": "succeeded"} for n in numbers]


def test_more_refunds_than_a_charge_brings_are_all_read(there, stripe):
    """A charge carries its ten newest; 250 come in three pages."""
    every = refunds_of(range(250, 0, -1))
    session = recorded("session_refunded")
    session["payment_intent"]["latest_charge"]["refunds"] |= {"data": every[:10], "has_more": True}
    there.says("GET", f"checkout/sessions/{SESSION}", session)

    def page(given):
        last = given.get("starting_after")
        begin = next((n + 1 for n, one in enumerate(every) if one["id"] == last), 0)
        return NO_REFUNDS | {"data": every[begin : begin + 100], "has_more": begin + 100 < len(every)}

    there.says("GET", "refunds", page)

    found = stripe.fetch(session=SESSION).refunds

    assert [one.amount for one in found] == list(range(250, 0, -1))
    assert [one.path for one in there.asked].count("/v1/refunds") == 3
    assert {one.given["payment_intent"] for one in there.asked[1:]} == {INTENT}


def test_refund_that_stripe_knows_is_not_asked_for_again(there, stripe):
    """Its first answer was lost, and the key is forgotten after a day: the number on the refund is not."""
    known = recorded("refund_pending") | {"id": "re_known", "status": "succeeded", "metadata": {"refund": "RF-001"}}
    there.says("GET", "refunds", NO_REFUNDS | {"data": [known]})

    told = stripe.refund(INTENT, 5000, ref="RF-001")

    assert (told.external_id, told.state) == ("re_known", MovementState.SUCCEEDED)
    assert {one.method for one in there.asked} == {"GET"}


COUNTED = [
    ("USD", 1200, 1200), ("JPY", 1200, 1200), ("KRW", 50_000, 50_000), ("ISK", 1200, 120_000), ("UGX", 1200, 120_000),
    ("RSD", 1200, 120_000), ("LBP", 90_000, 9_000_000), ("KWD", 1250, 1250), ("BHD", 10, 10), ("HUF", 1200, 1200),
]  # fmt: skip


@pytest.mark.parametrize(("currency", "our", "their"), COUNTED)
def test_amounts_are_written_and_read_as_stripe_counts(there, stripe, currency, our, their):
    stripe.create_checkout(Asked(**(ASKED.__dict__ | {"amount": our, "currency": currency})))
    session = recorded("session_paid") | {"currency": currency.lower()}
    session["payment_intent"] |= {"currency": currency.lower(), "amount_received": their}
    there.says("GET", f"checkout/sessions/{SESSION}", session)
    standing = stripe.fetch(session=SESSION)

    assert there.asked[0].given["line_items[0][price_data][unit_amount]"] == str(their)
    assert (standing.captured, standing.currency) == (our, currency)
    assert (theirs(our, currency), ours(their, currency.lower())) == (their, our)


def test_refund_is_written_in_the_charges_currency(there, stripe):
    there.says("GET", f"payment_intents/{INTENT}", recorded("payment_intent") | {"currency": "rsd"})
    there.says("POST", "refunds", recorded("refund_pending") | {"currency": "rsd", "amount": 50_000})

    assert stripe.refund(INTENT, 500, ref="RF-001").amount == 500
    assert there.asked[-1].given["amount"] == "50000"


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (49, "USD", "no less than $0.50"), (50, "USD", ""), (99_999_999, "USD", ""),
        (100_000_000, "USD", "no more than $999,999.99"), (29, "GBP", "no less than £0.30"), (49, "JPY", "no less"),
        (1255, "KWD", "in steps of"), (1250, "KWD", ""), (1, "ZAR", ""), (1_000_000, "RSD", "no more than"),
    ],
)  # fmt: skip
def test_limits_of_stripe_are_known_before_a_link_is_made(amount, currency, words):
    found = objection(amount, currency)

    assert (words in found) if words else found == ""


@pytest.mark.parametrize(
    ("key", "mode"),
    [("sk_test_1", "test"), ("sk_live_1", "live"), ("rk_live_x_y", "live"), ("sk_1", ""), ("", ""), ("sk_prod_1", "")],
)
def test_mode_of_a_key(key, mode):
    assert mode_of(key) == mode


def signed(event: dict, at: float | None = None) -> tuple[bytes, str]:
    body = json.dumps(event).encode()
    return body, sign(body, WEBHOOK, int(at or time.time()))


def test_event_of_the_other_mode_is_not_believed(stripe):
    live = recorded("event_completed") | {"livemode": True}

    assert stripe.parse_event(*signed(live), now=time.time()) is None
    assert stripe.parse_event(*signed(live | {"livemode": False}), now=time.time()).session == SESSION
    for one in (Stripe("sk_live_1", WEBHOOK), Stripe("sk_of_old", WEBHOOK)):
        assert one.parse_event(*signed(live), now=time.time()).session == SESSION


@pytest.mark.parametrize("late", [-TOLERANCE - 1, -TOLERANCE, TOLERANCE, TOLERANCE + 1, 86_400])
def test_signature_is_good_for_five_minutes(stripe, late):
    event, now = recorded("event_completed"), time.time() // 1

    assert (stripe.parse_event(*signed(event, now - late), now=now) is not None) == (abs(late) <= TOLERANCE)


KINDS = {
    "checkout.session.async_payment_succeeded": ("cs", SESSION, ""),
    "checkout.session.async_payment_failed": ("cs", SESSION, ""),
    "checkout.session.expired": ("cs", SESSION, ""),
    "payment_intent.succeeded": ("pi", "", INTENT),
    "payment_intent.payment_failed": ("pi", "", INTENT),
    "charge.succeeded": ("ch", "", INTENT),
    "charge.refunded": ("ch", "", INTENT),
    "charge.refund.updated": ("re", "", INTENT),
    "refund.failed": ("re", "", INTENT),
    "charge.dispute.created": ("dp", "", INTENT),
    "charge.dispute.funds_reinstated": ("dp", "", INTENT),
    "customer.created": ("cus", "", ""),
    "payout.paid": ("po", "", ""),
    "invoice.paid": ("in", "", ""),
}
"""What an event is about, by its kind: its object as Stripe documents it names the payment, or is it."""


@pytest.mark.parametrize("kind", KINDS)
def test_events_name_their_checkout_or_capture(stripe, kind):
    begins, session, capture = KINDS[kind]
    own = {"cs": SESSION, "pi": INTENT}.get(begins, f"{begins}_1")
    event = {"id": "evt_1", "type": kind, "livemode": False, "data": {"object": {"id": own, "payment_intent": INTENT}}}

    told = stripe.parse_event(*signed(event), now=time.time())

    assert (told.session, told.capture) == (session, capture)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"id": "evt_1"}', b'{"id": "evt_1", "type": "v1.thin", "related_object": {"id": "x"}}'],
)
def test_signed_body_that_is_no_event_is_refused(stripe, body):
    assert stripe.parse_event(body, sign(body, WEBHOOK, int(time.time())), now=time.time()) is None


@pytest.mark.django_db(transaction=True)
def test_capture_of_another_amount_is_booked_with_a_task(shop, there):
    link = a_link(shop)
    stranger().post(f"/pay/{token(link)}/")
    session = recorded("session_paid")
    session["payment_intent"]["amount_received"] = 11_900
    there.says("GET", f"checkout/sessions/{SESSION}", session)

    deliver(shop, "event_completed")

    with clinic_scope(shop.clinic):
        task = GatewayTask.objects.select_related("payment").get()
        assert (task.payment.amount, task.payment.status) == (11_900, "paid")
        assert not broken()
    assert fresh(shop, link.payment).status == "pending"


@pytest.mark.django_db(transaction=True)
def test_capture_in_another_currency_waits_for_a_person_and_no_event_does(shop, there):
    link = a_link(shop)
    stranger().post(f"/pay/{token(link)}/")
    session = recorded("session_paid") | {"currency": "eur"}
    session["payment_intent"]["currency"] = "eur"
    there.says("GET", f"checkout/sessions/{SESSION}", session)

    deliver(shop, "event_completed")

    with clinic_scope(shop.clinic):
        assert not stuck_events().exists()
        assert str(GatewayTask.objects.get()) == "120.00 EUR charged for PAY-001"
        assert not Payment.objects.filter(status="paid").exists()
    assert fresh(shop, link.payment).status == "processing"
    assert "waits" not in settings_page(shop)


@pytest.mark.django_db(transaction=True)
def test_own_checkout_that_stripe_does_not_know_waits_for_the_right_key(shop, there):
    """The key was changed to one of another account, or of the other mode, between the payment and its event."""
    link = a_link(shop)
    stranger().post(f"/pay/{token(link)}/")
    words = (
        f"No such checkout.session: '{SESSION}'; a similar object exists in live mode, but a test mode key was used."
    )
    there.says(
        "GET", f"checkout/sessions/{SESSION}", error("invalid_request_error", words, code="resource_missing"), 404
    )

    assert deliver(shop, "event_completed") == 200

    with clinic_scope(shop.clinic):
        assert GatewayEvent.objects.get().outcome == Heard.WAITING
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_paid"))
    work(shop)
    assert fresh(shop, link.payment).status == "paid"


@pytest.mark.django_db(transaction=True)
def test_account_that_may_not_charge_leaves_the_link_open(shop, there):
    link = a_link(shop)
    there.says("POST", "checkout/sessions", NO[0][1], 400)

    page = stranger().post(f"/pay/{token(link)}/")

    assert page.status_code == 503
    assert "live charges" not in page.content.decode(), "a stranger learns nothing about the clinic's account"
    assert fresh(shop, link.payment).status == "pending"


@pytest.mark.django_db(transaction=True)
def test_amount_that_stripe_refuses_makes_no_link(shop):
    with clinic_scope(shop.clinic, shop.rita.user), pytest.raises(Refusal, match="no less than"):
        make_link(a_request(shop, 49), by=shop.rita)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("secret", "webhook", "words"),
    [
        ("pk_live_1", "whsec_1", "publishable key"),
        ("whsec_1", "whsec_1", "begins with sk_ or rk_"),
        ("sk_live_1", "sk_live_1", "begins with whsec_"),
    ],
)
def test_secrets_in_the_wrong_place_are_named(shop, secret, webhook, words):
    with clinic_scope(shop.clinic, shop.olga.user), pytest.raises(Refusal, match=words):
        set_gateway(GatewayName.STRIPE, by=shop.olga, secret=secret, webhook_secret=webhook)


@pytest.mark.django_db(transaction=True)
def test_page_says_that_a_test_key_moves_no_money(shop):
    assert "Test mode: no real money moves" in settings_page(shop)
    with clinic_scope(shop.clinic, shop.olga.user):
        set_gateway(GatewayName.STRIPE, by=shop.olga, secret="rk_live_1")
    assert "Test mode" not in settings_page(shop)


def settings_page(home) -> str:
    browser = stranger()
    browser.force_login(home.adam.user)
    return browser.get(f"/c/{home.clinic.slug}/settings/card-payments/").content.decode()


def test_session_with_two_tries_is_as_the_last_one_went(there, stripe):
    """Declined, then paid: Stripe clears the error of the first try."""
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_declined"))
    assert stripe.fetch(session=SESSION).state == CheckoutState.OPEN
    there.says("GET", f"checkout/sessions/{SESSION}", recorded("session_paid"))
    assert (stripe.fetch(session=SESSION).declined, stripe.fetch(session=SESSION).captured) == (False, 12_000)
