"""Of another clinic nothing is seen and nothing is changed, whatever is asked for (A6, A8)."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from tests.access.samples import HTMX, IN_CLINIC, body_of, named, path_of, right, takes_rows, three_ways, who_of
from tests.factories import PEOPLE
from tests.worlds import World, fingerprint


def _foreign(world: World) -> dict[str, str]:
    """Ids of another clinic under every name that a form or a filter might read."""
    ids = {
        "clinic": world.home.clinic.pk,
        "clinic_id": world.home.clinic.pk,
        "slug": world.slug,
        "location": world.location.pk,
        "practitioner": world.home.practitioner.pk,
        "patient": world.patient.ref,
        "account": world.account.pk,
        "payer": world.payer.pk,
        "event": world.planned.pk,
        "treatment": world.planned.ref,
        "invoice": world.invoice.pk,
        "charge": world.charge.pk,
        "credit": world.credit.pk,
        "payment": world.payment.ref,
        "entry": world.allocation.pk,
        "codes": world.price.code,
        f"apply-{world.charge.pk}": "10.00",
    }
    return {name: str(value) for name, value in ids.items()}


def _filled(world: World) -> dict[str, str]:
    """A form that is complete but for whose rows it names."""
    return _foreign(world) | {
        "amount": "10.00",
        "method": "cash",
        "memo": "test",
        "reason": "test",
        "keep": "",
        "request_key": "6a1fca55-35c5-4d6f-8a43-6e1c1f1f4a11",
        "tender-TOTAL_FORMS": "0",
        "tender-INITIAL_FORMS": "0",
        "service_date": "2026-11-20",
        "service_time": "10:00",
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("one", IN_CLINIC, ids=named)
def test_clinic_of_others_is_not_found(worlds, superuser, one):
    """Committed for real, and watched past every policy by another connection."""
    north, south = worlds
    before = fingerprint(superuser, south.home.clinic.pk)

    for who in ("olga", "petra"):  # no role of theirs counts here: the most and the least allowed
        client = north.browser(who)
        for way, response in three_ways(client, path_of(one, south)):
            assert response.status_code == 404, (who, way)
            assert south.canary not in body_of(response)

    assert fingerprint(superuser, south.home.clinic.pk) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("one", [one for one in IN_CLINIC if takes_rows(one)], ids=named)
def test_rows_of_others_are_not_found(worlds, superuser, one):
    """Another clinic's numbers under the address of one's own."""
    north, south = worlds
    before = fingerprint(superuser, south.home.clinic.pk)

    for who in PEOPLE:
        client = north.browser(who)
        for way, response in three_ways(client, path_of(one, north, rows=south)):
            allowed = who in who_of(right(one.view, way))
            assert response.status_code in ({404, 405} if allowed else {403, 405}), (who, way)
            assert south.canary not in body_of(response)

    assert fingerprint(superuser, south.home.clinic.pk) == before


@pytest.mark.django_db
@pytest.mark.parametrize("one", IN_CLINIC, ids=named)
def test_ids_of_others_in_query_and_form_reach_nothing(worlds, one):
    north, south = worlds
    client = north.browser("rita" if "rita" in who_of(right(one.view, "get")) else "olga")
    path, before = path_of(one, north), _rows_of(south)

    answers = [client.get(path, _foreign(south))]
    if not path.endswith(".pdf"):
        answers += _asked(client, path, north, south)

    for response in answers:
        assert response.status_code < 500
        assert south.patient.name not in body_of(response)
        assert south.home.clinic.name not in body_of(response)
    assert _rows_of(south) == before


def _asked(client: Client, path: str, mine: World, theirs: World) -> list[HttpResponse]:
    """Their ids in filters, searches and complete forms, as pages and as parts."""
    return [
        client.get(path, _foreign(theirs), headers=HTMX),
        client.get(path, {"q": theirs.canary}),
        client.get(path, {"q": theirs.patient.ref}, headers=HTMX),
        client.post(path, _filled(theirs)),
        client.post(f"{path}?patient={mine.patient.ref}", _filled(theirs), headers=HTMX),
    ]


def _rows_of(world: World) -> dict[str, str]:
    """The same as the observer's, but inside the test's own transaction."""
    with clinic_scope(world.home.clinic), connection.cursor() as cursor:
        return fingerprint(cursor, world.home.clinic.pk)
