"""A member of billing at their pages, on the clinic's day."""

import pytest

from clinicpay.clinics import clock
from tests.followups.pages import browser


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def bill(harbor):
    return browser(harbor.bill)
