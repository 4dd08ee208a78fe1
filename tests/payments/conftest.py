"""A clinic that takes cards; a clinic's pages as somebody there has them open."""

import pytest

from tests.factories import Clinicful
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
