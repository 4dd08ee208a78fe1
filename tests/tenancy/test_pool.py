"""A12: many threads, many clinics, few connections: every answer is its own clinic's."""

import os
import uuid

import pytest
from django.db import connection
from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from tests.factories import a_patient, make_clinic
from tests.races.crowd import failures, rush
from tests.worlds import session_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.tenancy.planted")]

THREADS, CLINICS = 16, 8
TURNS = int(os.environ.get("CLINICPAY_TURNS", "25"))
"""Requests of each thread; a drill makes 500, which are 8,000 in all."""


@pytest.fixture
def pool_of_four():
    """The settings are shared by all threads, so they share the pool as well."""
    before = dict(connection.settings_dict)
    connection.close()
    pool = {"min_size": 1, "max_size": 4, "timeout": 60}
    connection.settings_dict |= {"CONN_MAX_AGE": 0, "OPTIONS": {**before["OPTIONS"], "pool": pool}}
    yield
    connection.close()
    connection.close_pool()
    connection.settings_dict.clear()
    connection.settings_dict |= before


def _doors() -> list[tuple[str, str, str]]:
    """Session, address and right answer of each clinic."""
    doors = []
    for _ in range(CLINICS):
        canary = f"Canary{uuid.uuid4().hex[:12]}"
        home = make_clinic(canary.lower())
        with clinic_scope(home.clinic):
            a_patient(home, last=canary)
        doors.append((session_of(home.rita.user), f"/c/{home.clinic.slug}/planted/names/", canary))
    return doors


def test_threads_of_many_clinics_on_few_connections_never_mix(settings, pool_of_four):
    doors = _doors()

    def act(number: int) -> list[str]:
        wrong = []
        for turn in range(TURNS):
            session, address, right = doors[(number * 3 + turn * 5) % CLINICS]
            client = Client()
            client.cookies[settings.SESSION_COOKIE_NAME] = session
            answer = client.get(address).content.decode()
            if answer != right:
                wrong.append(answer[:200])
            connection.close()
        return wrong

    results = rush(THREADS, act)
    assert not failures(results)
    assert [mixed for mixed in results if mixed] == []
