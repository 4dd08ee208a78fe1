"""A clinic that takes cards; a clinic's pages as somebody there has them open; its days."""

from datetime import timedelta

import pytest

from clinicpay.clinics import clock
from tests.factories import Clinicful, a_locked_day
from tests.payments.checkout import take_cards
from tests.payments.desk import Desk
from tests.races.crowd import a_clinic


@pytest.fixture
def shop(settings) -> Clinicful:
    """A committed clinic whose cards the simulator takes."""
    settings.GATEWAY_SIMULATOR = True
    home = a_clinic()
    take_cards(home)
    return home


@pytest.fixture
def desk(client, harbor) -> Desk:
    """Reception at Harbor Clinic's pages, until somebody else enters."""
    return Desk(client, harbor).enter("rita")


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def yesterday(harbor, today):
    """Open, and so is the day before it; the one before these is closed."""
    a_locked_day(harbor.location, today - timedelta(days=3))
    return today - timedelta(days=1)
