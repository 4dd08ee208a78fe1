"""A clinic that takes cards."""

import pytest

from tests.factories import Clinicful
from tests.payments.checkout import take_cards
from tests.races.crowd import a_clinic


@pytest.fixture
def shop(settings) -> Clinicful:
    """A committed clinic whose cards the simulator takes."""
    settings.GATEWAY_SIMULATOR = True
    home = a_clinic()
    take_cards(home)
    return home
