"""Every form that changes something leaves a line of the trail: who, what, before, after, why (C1)."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from clinicpay.audit.models import ACCESS, AuditEvent
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import User
from clinicpay.trail.actions import ACTIONS
from clinicpay.trail.words import action_of
from tests.access.forms import CHANGING, some_of_all
from tests.access.samples import IN_CLINIC, named, path_of, right, who_of
from tests.worlds import World, fingerprint

pytestmark = pytest.mark.django_db


OF_REQUEST = {"payment_status"}
"""Forms of a payment that is still asked for; the others are of one that is paid."""

WITH_REASON = {
    *("allocation_undo", "payment_reverse", "benefits_withdraw", "document_remove"),
    *("write_off_new", "write_off_decline", "write_off_reverse"),
    *("plan_cancel", "package_cancel", "invoice_credit", "invoice_void", "credit_reverse"),
    *("treatment_not_billed", "refund_reject", "refund_fail", "refund_reverse", "hold_change", "hold_release"),
    *("gateway_task_book", "gateway_task_return"),
    *("slip_void", "promise_cancel", "case_close"),
}
WITH_BEFORE = {
    "office_charge",
    *("patient_edit", "treatment_start", "treatment_complete", "treatment_cancel", "clinical_record"),
    *(
        "pay_for_patient",
        "pay_for_treatment",
        "pay_for_account",
        "payment_allocate",
        "allocation_undo",
        "payment_reverse",
    ),
    *("payment_status", "payment_hold", "hold_change", "hold_release"),
    *("write_off_approve", "write_off_reverse", "invoice_recover", "credit_reverse", "treatment_bill"),
    *("settings_codes", "case_close", "payer_remove", "account_edit", "pay_for_account"),
    *("settings_own_fields", "treatment_own_fields", "package_visit", "package_cancel"),
    *("refund_approve", "refund_pay", "refund_fail", "refund_reverse", "payment_refund", "payment_return"),
    *(
        "settings_refunds",
        "settings_checks",
        "settings_practitioner",
        "settings_location",
        "settings_price",
        "view_edit",
    ),
}


def _rows(world: World) -> dict[str, str]:
    with clinic_scope(world.home.clinic), connection.cursor() as cursor:
        found = fingerprint(cursor, world.home.clinic.pk)
        found["clinics_clinic"] = str(Clinic.objects.values().get())
        found["staff_user"] = str(list(User.objects.order_by("pk").values_list("pk", "sign_in_round")))
    return {table: rows for table, rows in found.items() if not table.startswith("audit_")}


def _lines(world: World, request_id: str) -> list[AuditEvent]:
    with clinic_scope(world.home.clinic):
        return list(AuditEvent.objects.filter(request_id=request_id).exclude(action__in=ACCESS))


def _send(client: Client, world: World, one: Any, data: dict[str, Any]) -> Any:
    path = path_of(one, world, **({"number": world.asked} if one.name in OF_REQUEST else {}))
    asked = {
        "treatment_new": f"?patient={world.patient.ref}",
        "package_new": f"?patient={world.patient.ref}",
        "deposits_apply_all": f"?retrieve=1&location={world.location.pk}",
    }
    return client.post(f"{path}{asked.get(one.name, '')}", data)


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
        filled = some_of_all(north)
    for who in who_of(right(one.view, "post")):
        if not path_of(one, north).endswith((".pdf", ".zip")):
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
