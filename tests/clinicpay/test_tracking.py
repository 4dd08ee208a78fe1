"""Error tracking sends where and of what kind an error was, and nothing of what it was about."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from clinicpay import tracking
from tests.security.slow import SECRET

sentry_sdk = pytest.importorskip("sentry_sdk")


@pytest.fixture
def sent(monkeypatch):
    """What would go over the wire."""
    events: list[dict] = []

    class Wire(sentry_sdk.transport.Transport):
        def capture_envelope(self, envelope):
            events.extend(item.payload.json for item in envelope.items if item.payload.json)

    begin = sentry_sdk.init
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: begin(**options, transport=Wire))
    before = sentry_sdk.get_global_scope().client
    tracking.begin("https://key@errors.example/1", "tests")
    yield events
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(before)


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.security.slow")
def test_error_of_a_page_is_sent_without_its_values(worlds, sent):
    north, _ = worlds

    north.browser("rita").post(f"/c/{north.slug}/planted/raises/?q=Canaryface", {"memo": SECRET})
    north.browser("rita").post(f"/c/{north.slug}/planted/breaks/", {"amount": "987654.32"})

    wire = json.dumps(sent)
    assert [error["type"] for error in sent[0]["exception"]["values"]] == ["ValueError", "RuntimeError"]
    assert "UniqueViolation" in wire
    assert any(frame["function"] == "raises" for frame in sent[0]["exception"]["values"][1]["stacktrace"]["frames"])
    for canary in ("Canaryface", "4111111111111111", "987654", "Ethan", north.slug, "rita", "sessionid", "csrftoken"):
        assert canary not in wire


def test_messages_and_breadcrumbs_are_not_sent(sent):
    sentry_sdk.add_breadcrumb(message=SECRET)
    sentry_sdk.capture_message(SECRET)

    assert sent == []


def test_control_the_unscrubbed_event_would_have_leaked():
    event = {"exception": {"values": [{"type": "ValueError", "value": SECRET}]}, "request": {"data": SECRET}}

    assert "Canaryface" in json.dumps(event)
    assert "Canaryface" not in json.dumps(tracking.scrubbed(event, None))


def test_missing_package_is_said_in_words(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sentry_sdk", None)

    with pytest.raises(ImproperlyConfigured, match=r"pip install -r requirements/extras\.txt"):
        tracking.begin("https://key@errors.example/1", "tests")
