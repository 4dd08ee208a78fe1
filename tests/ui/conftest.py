"""Pieces of pages, tested without the database."""

from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails


@pytest.fixture
def ask():
    """Make a GET request, as htmx for a part when `part` is set."""

    def make(path: str = "/", *, part: bool = False, **headers: str):
        request = RequestFactory(headers={"HX-Request": "true", **headers} if part else headers).get(path)
        request.htmx = HtmxDetails(request)
        return request

    return make


@pytest.fixture
def clinic():
    return SimpleNamespace(name="Harbor Clinic", slug="harbor", currency="USD", timezone="America/New_York")
