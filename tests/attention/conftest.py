"""People at their pages, on the clinic's day."""

import pytest
from django.utils import timezone

from clinicpay.clinics import clock
from tests.attention.pages import browser


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def now(harbor):
    return timezone.now()


@pytest.fixture
def rita(harbor):
    return browser(harbor.rita)


@pytest.fixture
def bill(harbor):
    return browser(harbor.bill)
