"""Whole ways through the application: real pages, real commits, and where it matters a real browser."""

import uuid

import pytest
from django.core.cache import cache
from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from tests.browsing import opened, window
from tests.factories import Clinicful, make_clinic
from treatments.models import PriceItem

PASSWORD = "a long enough password"


@pytest.fixture
def desk(transactional_db) -> Clinicful:
    """A committed clinic of its own, with a price list."""
    home = make_clinic(f"desk-{uuid.uuid4().hex[:10]}", "Harbor Clinic")
    with clinic_scope(home.clinic):
        PriceItem.objects.create(code="D1110", description="Adult cleaning", fee=12000)
        PriceItem.objects.create(code="D2740", description="Crown, porcelain", fee=124900)
    return home


@pytest.fixture
def rita(desk) -> Client:
    """Reception, signed in."""
    client = Client()
    client.force_login(desk.rita.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def page(chromium, live_server, desk):
    """Rita's browser at the sign-in page; what its console complained of is in `page.complaints`."""
    cache.clear()  # how often somebody has just signed in from here is another test's
    desk.rita.user.set_password(PASSWORD)
    desk.rita.user.save(update_fields=["password"])
    context = window(chromium, viewport={"width": 1366, "height": 768}, base_url=live_server.url)
    yield opened(context)
    context.close()
