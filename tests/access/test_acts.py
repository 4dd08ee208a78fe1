"""Every form that changes something leaves a line of the trail: who, what, before, after, why (C1)."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from balances.services import undo_allocation
from clinicpay.audit.models import ACCESS, AuditEvent
from clinicpay.clinics.scope import clinic_scope
from clinicpay.trail.words import ACTIONS, action_of
from tests.access.samples import IN_CLINIC, named, path_of, right, who_of
from tests.worlds import World, fingerprint

pytestmark = pytest.mark.django_db


def _money(world: World) -> dict[str, Any]:
    return {
        "amount": "10.00",
        "method": "cash",
        "location": world.location.pk,
        "request_key": str(uuid.uuid4()),
        "tender-TOTAL_FORMS": "0",
        "tender-INITIAL_FORMS": "0",
    }


def _person(_world: World) -> dict[str, Any]:
    return {"first_name": "Maya", "last_name": "Okafor", "phone": "555 0100"}


def _visit(world: World) -> dict[str, Any]:
    day = {"service_date": "2026-11-20", "service_time": "10:00", "codes": [world.price.code]}
    return day | {"practitioner": world.home.practitioner.pk, "location": world.location.pk}


def _why(_world: World) -> dict[str, Any]:
    return {"reason": "Wrong one", "request_key": str(uuid.uuid4())}


def _freed(world: World) -> dict[str, Any]:
    """Money in hand and something owed: what an allocation had joined."""
    undo_allocation(world.allocation.pk, by=world.home.rita, reason="To apply it again")
    return {f"apply-{world.charge.pk}": "1.00", "request_key": str(uuid.uuid4())}


CHANGING: dict[str, tuple[str, Any]] = {
    "patient_new": ("rita", _person),
    "patient_edit": ("rita", _person),
    "treatment_new": ("rita", _visit),
    "treatment_start": ("petra", lambda _: {}),
    "treatment_complete": ("petra", lambda _: {}),
    "treatment_cancel": ("rita", lambda _: {}),
    "clinical_record": ("petra", lambda _: {"notes": "Nothing found."}),
    "procedures_add": ("petra", lambda world: {"codes": [world.price.code]}),
    "pay_for_patient": ("rita", _money),
    "pay_for_treatment": ("rita", _money),
    "payment_allocate": ("rita", _freed),
    "allocation_undo": ("rita", _why),
    "payment_reverse": ("rita", _why),
    "settings_team": ("olga", lambda _: {"email": "new@example.test", "role": "billing"}),
    "settings_practitioners": ("adam", lambda _: {"name": "Dr Amos Field", "discipline": "Surgery"}),
    "settings_locations": ("adam", lambda _: {"name": "Main Street", "address": "1 Main Street"}),
    "settings_prices": ("adam", lambda _: {"code": "D0999", "description": "Exam", "fee": "81.00"}),
    "settings_practitioner": ("adam", lambda _: {"name": "Dr Ada Field", "discipline": "Surgery"}),
    "settings_practitioner_active": ("adam", lambda _: {}),
    "settings_location": ("adam", lambda _: {"name": "Side Street", "address": "2 Side Street"}),
    "settings_price": ("adam", lambda _: {"description": "Long exam", "discipline": "", "fee": "82.00"}),
    "settings_price_active": ("adam", lambda _: {}),
    "view_save": ("olga", lambda _: {"page": "payments", "query": "status=paid", "name": "Paid ones"}),
    "view_edit": ("olga", lambda _: {"name": "All that is paid"}),
    "view_remove": ("olga", lambda _: {}),
}
"""Forms that change something, who sends them, and what."""

WITH_REASON = {"allocation_undo", "payment_reverse"}
WITH_BEFORE = {
    *("patient_edit", "treatment_start", "treatment_complete", "treatment_cancel", "clinical_record"),
    *("pay_for_patient", "pay_for_treatment", "payment_allocate", "allocation_undo", "payment_reverse"),
    *("settings_practitioner", "settings_location", "settings_price", "view_edit"),
}


def _rows(world: World) -> dict[str, str]:
    with clinic_scope(world.home.clinic), connection.cursor() as cursor:
        found = fingerprint(cursor, world.home.clinic.pk)
    return {table: rows for table, rows in found.items() if not table.startswith("audit_")}


def _lines(world: World, request_id: str) -> list[AuditEvent]:
    with clinic_scope(world.home.clinic):
        return list(AuditEvent.objects.filter(request_id=request_id).exclude(action__in=ACCESS))


def _send(client: Client, world: World, one: Any, data: dict[str, Any]) -> Any:
    path = path_of(one, world)
    return client.post(f"{path}?patient={world.patient.ref}" if one.name == "treatment_new" else path, data)


@pytest.mark.parametrize("one", [one for one in IN_CLINIC if one.name in CHANGING], ids=named)
def test_change_leaves_who_what_before_after_and_why(worlds, one):
    north, _ = worlds
    who, data = CHANGING[one.name]
    with clinic_scope(north.home.clinic):
        filled = data(north)
    before = _rows(north)

    answer = _send(north.browser(who), north, one, filled)

    assert answer.status_code in {200, 302}, answer.content
    assert _rows(north) != before, "this form must change something"
    lines = _lines(north, answer["X-Request-ID"])
    assert lines
    for line in lines:
        assert line.actor_id == north.home.members[who].user_id
        assert line.actor == north.home.members[who].label
        assert line.via == f"POST {one.name}"
        assert line.subject_id
        assert line.after or line.before
        assert action_of(line.action).icon != "history", f"{line.action} has no words"
    assert any(line.before for line in lines) or one.name not in WITH_BEFORE
    assert any(line.reason == "Wrong one" for line in lines) or one.name not in WITH_REASON


@pytest.mark.parametrize("one", [one for one in IN_CLINIC if one.name not in CHANGING], ids=named)
def test_every_other_address_changes_nothing(worlds, one):
    """The control: an address that changes rows must be listed above, and is then asked for its lines.

    The clinic's one location is not retired: that is refused.
    """
    north, _ = worlds
    before = _rows(north)
    with clinic_scope(north.home.clinic):
        filled = _money(north) | _visit(north) | _person(north) | _why(north) | {"name": "x", "email": "a@b.test"}
    for who in who_of(right(one.view, "post")):
        if not path_of(one, north).endswith(".pdf"):
            north.browser(who).post(path_of(one, north), filled)

    assert _rows(north) == before


def test_every_listed_form_exists():
    assert set(CHANGING) <= {one.name for one in IN_CLINIC}
    assert set(CHANGING) >= WITH_REASON | WITH_BEFORE


def test_everything_recorded_in_a_full_clinic_has_words(worlds):
    for world in worlds:
        with clinic_scope(world.home.clinic):
            actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert {name for name in actions if name not in ACTIONS and not name.startswith("ledger.")} == set()
