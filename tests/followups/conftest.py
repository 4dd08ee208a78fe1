"""A member of billing at their pages, on the clinic's day, and a patient of whom tests of these tell."""

import pytest

from clinicpay.clinics import clock
from tests.factories import a_patient
from tests.followups.pages import browser


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def bill(harbor):
    return browser(harbor.bill)


@pytest.fixture
def ada(harbor):
    return a_patient(harbor, "Ada", "Park")
