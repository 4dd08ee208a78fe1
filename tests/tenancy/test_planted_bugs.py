"""Five mistakes in views leak when the policies don't apply, and don't when they do (A10)."""

from uuid import uuid4

import pytest

from tests.worlds import World, connected_as_superuser, fingerprint, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.tenancy.planted")]


@pytest.fixture
def mine(db) -> World:
    return make_world(f"mine-{uuid4().hex[:8]}")


@pytest.fixture
def theirs(db) -> World:
    return make_world(f"theirs-{uuid4().hex[:8]}")


def _attempts(theirs: World) -> dict[str, tuple[str, dict]]:
    clinic, place = theirs.home.clinic.pk, theirs.location.pk
    return {
        "get_by_pk": ("get", {"patient": theirs.patient.pk}),
        "update_by_pk": ("post", {"location": place}),
        "raw_sql": ("get", {}),
        "unfiltered_search": ("get", {"q": "canary"}),
        "mass_assignment": ("post", {"clinic_id": clinic, "name": "Annex"}),
    }


def _leaks(client, superuser, mine: World, theirs: World) -> set[str]:
    """The attempts that show something of the other clinic, or change it."""
    client.force_login(mine.home.olga.user)
    client.raise_request_exception = False
    leaked = set()
    for name, (method, data) in _attempts(theirs).items():
        before = fingerprint(superuser, theirs.home.clinic.pk)
        response = getattr(client, method)(f"/c/{mine.slug}/planted/{name}/", data)
        changed = fingerprint(superuser, theirs.home.clinic.pk) != before
        if changed or theirs.canary in response.content.decode():
            leaked.add(name)
    return leaked


def test_planted_bugs_leak_past_the_policies(client, superuser, mine, theirs):
    with connected_as_superuser():
        assert _leaks(client, superuser, mine, theirs) == set(_attempts(theirs))


def test_planted_bugs_leak_nothing_as_the_application(client, superuser, mine, theirs):
    assert _leaks(client, superuser, mine, theirs) == set()
