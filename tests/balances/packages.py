"""Packages and staged treatments as tests agree on them."""

from datetime import UTC, datetime, timedelta

from balances.packages import events_of, parts_of
from balances.services import Agreed, Visit, add_package
from treatments.states import Origin

FIRST = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def a_visit(home, weeks=0, price=0, **more):
    """One visit, so many weeks after the first."""
    return Visit(FIRST + timedelta(weeks=weeks), home.practitioner, home.location, price=price, **more)


def a_package(home, patient, price=100_000, count=4, name="Cleanings", code="D1110"):
    """Cleanings, one a week, at one price."""
    visits = [a_visit(home, weeks, code=code) for weeks in range(count)]
    return add_package(patient, Agreed(name, Origin.PACKAGE, visits, price), by=home.itself)


def a_staged(home, patient, *prices, name="Crown"):
    """A staged treatment with a price for each stage."""
    visits = [a_visit(home, weeks, price, title=f"Stage {weeks + 1}") for weeks, price in enumerate(prices)]
    return add_package(patient, Agreed(name, Origin.STAGED, visits), by=home.itself)


def amounts(package):
    """The part of each treatment that isn't cancelled."""
    return [part.amount for part in parts_of(package)]


def treatments(package):
    """Its treatments in their order, cancelled ones too."""
    return list(events_of(package))
