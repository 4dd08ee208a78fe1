"""/metrics: for who brings the token, with counts by route and nothing about anybody."""

import pytest
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed

from clinicpay import metrics

pytest.importorskip("prometheus_client")

TOKEN = "a-long-token-for-the-tests"


@pytest.fixture
def on(settings):
    settings.METRICS_TOKEN = TOKEN


@pytest.mark.django_db
def test_off_by_default_there_is_no_such_page(client):
    with pytest.raises(MiddlewareNotUsed):
        metrics.MetricsMiddleware(lambda _request: None)

    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("brought", ["", "Bearer", "Bearer wrong", TOKEN])
def test_without_the_token_there_is_no_such_page(client, on, brought):
    assert client.get("/metrics", headers={"Authorization": brought}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_counts_by_route_without_saying_whose(worlds, on):
    north, _ = worlds
    rita = north.browser("rita")
    rita.get(f"/c/{north.slug}/patients/{north.patient.ref}/?q=Canary")
    rita.get("/nowhere/secret-token/")

    answer = rita.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    said = answer.content.decode()

    assert answer.status_code == 200
    assert 'clinicpay_requests_total{method="GET",route="c/<slug:slug>/patients/<pt:number>/",status="200"} 1.0' in said
    assert 'clinicpay_up{needs="database"} 1.0' in said
    assert north.slug not in said
    assert str(north.patient.ref) not in said
    assert "secret-token" not in said


@pytest.mark.django_db
def test_missing_package_is_said_in_words(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    metrics.client.cache_clear()

    with pytest.raises(ImproperlyConfigured, match=r"pip install -r requirements/extras\.txt"):
        metrics.client()
