"""Requests of two clinics and of none take turns on one connection, and never mix (A11)."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.tenancy.planted")]

TURNS = 1000


@pytest.fixture
def persistent() -> Iterator[None]:
    """One connection for all requests, as with CONN_MAX_AGE."""
    connection.close()
    yield
    connection.close()


@pytest.fixture
def pooled() -> Iterator[None]:
    """A psycopg pool of one connection, to which every request gives it back."""
    before = dict(connection.settings_dict)
    connection.close()
    pool = {"min_size": 1, "max_size": 1}
    connection.settings_dict |= {"CONN_MAX_AGE": 0, "OPTIONS": {**before["OPTIONS"], "pool": pool}}
    yield
    connection.close()
    connection.close_pool()
    connection.settings_dict |= before


def _turns(worlds) -> list[tuple[Client, str, str]]:
    """Client, address and right answer of a request to each clinic, and of one to none."""
    turns = [(Client(), "/planted/names/", "refused")]
    for world in worlds:
        client = Client()
        client.force_login(world.home.rita.user)
        with clinic_scope(world.home.clinic):
            right = ", ".join(Patient.objects.values_list("last_name", flat=True))
        assert world.canary in right
        turns.append((client, f"/c/{world.slug}/planted/names/", right))
    return turns


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("connected", ["persistent", "pooled"])
def test_turns_on_one_connection_never_mix(worlds, request, connected):
    request.getfixturevalue(connected)
    turns, first, mixes = _turns(worlds), _backend(), []

    for number in range(TURNS):
        client, address, right = turns[number % len(turns)]
        answer = client.get(address).content.decode()
        if answer != right:
            mixes.append((number, answer))
        if connected == "pooled":
            connection.close()

    assert mixes == []
    assert _backend() == first
