"""E13: only exactly the body that was signed is believed, within 300 seconds, of who takes this clinic’s cards."""

import json
import time

import pytest
import time_machine
from django.utils import timezone

from clinicpay.clinics.scope import clinic_scope
from payments.gateways.sealing import simulator_secret
from payments.gateways.signing import TOLERANCE, is_signed, sign
from payments.models import GatewayEvent
from payments.services import set_gateway
from payments.services.simulation import event_of
from payments.states import GatewayName
from tests.payments.checkout import kept, stranger, take_cards
from tests.races.crowd import a_clinic

pytestmark = pytest.mark.django_db(transaction=True)

NOW = 1_800_000_000
SECRET = "whsec_canary"


def post(home, body: bytes, header: str, gateway: str = "simulator", slug: str = "") -> int:
    """Deliver it as a gateway does."""
    headers = {f"{gateway.title()}-Signature": header} if header else {}
    path = f"/webhooks/{gateway}/{slug or home.clinic.slug}/"
    return stranger(enforce_csrf_checks=True).post(path, body, "application/json", headers=headers).status_code


def signed(home, body: bytes, at: float | None = None) -> str:
    return sign(body, simulator_secret(home.clinic.pk), int(time.time() if at is None else at))


def a_body() -> bytes:
    return event_of("checkout.session.completed", "cs_sim_1")


def test_event_that_is_signed_now_is_kept(shop):
    body = a_body()

    assert post(shop, body, signed(shop, body)) == 200
    assert len(kept(shop)) == 1


def wrong_headers(home, body: bytes) -> dict[str, str]:
    """What E13 lists, and some more."""
    now, other = int(time.time()), a_clinic()
    right = signed(home, body)
    return {
        "none": "",
        "nonsense": "t=,v1=",
        "another secret": sign(body, "guess", now),
        "another clinic's secret": sign(body, simulator_secret(other.clinic.pk), now),
        "too old": signed(home, body, now - TOLERANCE - 2),
        "from the future": signed(home, body, now + TOLERANCE + 2),
        "the time changed": right.replace(f"t={right[2:12]}", f"t={int(right[2:12]) + 1}"),
        "one digit changed": right[:-1] + ("0" if right[-1] != "0" else "1"),
        "no scheme that we know": right.replace("v1=", "v0="),
        "two times": f"{right},t={now}",
        "of another body": signed(home, body + b" "),
    }


def test_e13_wrong_signature_is_refused_and_nothing_is_kept(shop):
    body = a_body()
    with time_machine.travel(timezone.now(), tick=False):  # however long the posts take, a header keeps its age
        answers = {name: post(shop, body, header) for name, header in wrong_headers(shop, body).items()}

    assert set(answers.values()) == {400}, answers
    assert kept(shop) == []


@pytest.mark.parametrize(
    "again",
    [
        lambda body: json.dumps(json.loads(body), indent=1).encode(),
        lambda body: json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode(),
        lambda body: body.replace(b"completed", b"expired\x20\x20"),
        lambda body: body + b"\n",
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.decode().encode("utf-16"),
    ],
    ids=["indented", "re-encoded", "changed", "a line more", "a mark before", "another encoding"],
)
def test_e13_body_that_means_the_same_is_another_body(shop, again):
    body = a_body()

    assert post(shop, again(body), signed(shop, body)) == 400
    assert kept(shop) == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{}", b"null", b"\xff", b'{"id": 1, "type": 2, "data": []}'),
        rb'{"id": "evt_\u0000", "type": "customer.created", "data": {"object": {}}}',
        rb'{"id": "evt_1", "type": "charge.refunded", "data": {"object": {"payment_intent": "pi_\u0000"}}}',
        rb'{"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_\ud800"}}}',
        pytest.param(b"[" * 100_000, id="brackets without end"),
    ],
)
def test_signed_nonsense_is_refused(shop, body):
    assert post(shop, body, signed(shop, body)) == 400
    assert kept(shop) == []


@pytest.mark.parametrize("slug", ["nowhere", "x"])
def test_clinic_that_is_not_there_answers_like_a_wrong_signature(shop, slug):
    body = a_body()

    assert post(shop, body, signed(shop, body), slug=slug) == 400


def test_event_for_another_clinic_is_not_believed_there(shop):
    other = a_clinic()
    take_cards(other)
    body = a_body()

    assert post(other, body, signed(shop, body)) == 400
    assert kept(other) == []


def test_gateway_that_the_clinic_has_not_chosen_is_not_believed(shop):
    body = a_body()

    assert post(shop, body, signed(shop, body), gateway="stripe") == 400
    assert post(shop, body, signed(shop, body), gateway="none") == 400
    with clinic_scope(shop.clinic):
        set_gateway(GatewayName.STRIPE, by=shop.olga, secret="sk_test_1", webhook_secret=SECRET)
    assert post(shop, body, sign(body, SECRET, int(time.time())), gateway="stripe") == 200
    assert post(shop, body, signed(shop, body)) == 400, "nor the one that it had before"


def test_same_event_of_two_clinics_is_kept_in_each(shop):
    other = a_clinic()
    take_cards(other)
    body = a_body()

    assert post(shop, body, signed(shop, body)) == post(other, body, signed(other, body)) == 200
    assert len(kept(shop)) == len(kept(other)) == 1


def test_event_keeps_nothing_of_the_payer(shop):
    event = json.loads(a_body())
    event["data"]["object"] |= {"customer_details": {"name": "Canaryface", "email": "canary@example.test"}}
    body = json.dumps(event).encode()
    assert post(shop, body, signed(shop, body)) == 200

    with clinic_scope(shop.clinic):
        row = GatewayEvent.objects.get()
        assert "anary" not in " ".join(str(value) for value in row.__dict__.values())


def test_address_takes_events_alone(shop):
    assert stranger().get(f"/webhooks/simulator/{shop.clinic.slug}/").status_code == 405


@pytest.mark.parametrize(("age", "believed"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_signature_is_good_for_300_seconds(age, believed):
    assert is_signed(b"{}", sign(b"{}", SECRET, NOW - age), SECRET, NOW) is believed


def test_signature_of_the_documentations_shape_is_believed():
    """Computed apart, as Stripe documents it: HMAC-SHA256 over "t.body", with an older scheme beside it."""
    import hashlib
    import hmac

    mac = hmac.new(SECRET.encode(), f"{NOW}.{{}}".encode(), hashlib.sha256).hexdigest()

    assert is_signed(b"{}", f"t={NOW},v1={'0' * 64},v1={mac},v0=abc", SECRET, NOW)
    assert not is_signed(b"{}", f"t={NOW},v1={mac}", "", NOW)
