"""Inside a clinic the permission table decides, for every address and every role (A7)."""

import pytest

from clinicpay.staff.roles import TABLE, Can
from tests.access.samples import (
    ALL,
    IN_CLINIC,
    OURS,
    SAMPLES,
    arguments,
    named,
    path_of,
    right,
    three_ways,
    who_of,
)
from tests.factories import PEOPLE

pytestmark = pytest.mark.django_db

FINE = {200, 204, 302, 409, 422}
"""Answers to somebody who may: the page, a redirect, or their own form with words under its fields."""

PERSONAL = {"view_edit": "olga", "view_remove": "olga"}
"""Rows of one member, whom SAMPLES took: for all others there is no such row."""

# Allauth's own addresses, whose rules about signing in are allauth's.
ALLAUTH = (
    "account_",
    "mfa_",
    "usersessions_",
)


@pytest.mark.parametrize("one", OURS, ids=named)
def test_address_has_sample_arguments(one):
    missing = [argument for argument in arguments(one) if argument not in SAMPLES]

    assert not missing, f"/{one.route}: add {missing} to SAMPLES in tests/access/samples.py"


def test_every_other_address_is_allauths():
    assert [one.name for one in ALL if one not in OURS and not one.name.startswith(ALLAUTH)] == []


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("one", IN_CLINIC, ids=named)
def test_role_opens_what_the_table_allows(worlds, one, who):
    north, _ = worlds
    client = north.browser(who)
    statuses = {way: response.status_code for way, response in three_ways(client, path_of(one, north))}

    for way, status in statuses.items():
        if status == 405:  # a POST-only address says so to everybody
            assert way != "post"
            assert statuses["post"] != 405
        elif who in who_of(right(one.view, way)):
            mine = PERSONAL.get(one.name, who) == who
            assert status in (FINE if mine else {404}), (way, statuses)
        else:
            assert status == 403, (way, statuses)


@pytest.mark.parametrize("one", IN_CLINIC, ids=named)
def test_nobody_is_sent_to_sign_in(worlds, one):
    north, _ = worlds
    path = path_of(one, north)

    for way, response in three_ways(north.browser(), path):
        if way == "htmx":
            assert (response.status_code, response.content) == (401, b"")
            assert response["HX-Redirect"].startswith("/accounts/login/?next=")
        else:
            assert response.status_code == 302
            assert response["Location"] == f"/accounts/login/?next={path}"


OFF = {
    "metrics": {404},  # until it is given a token
    "feed": {404, 429},  # the sample's address has no calendar
    "pay": {404, 429},  # the sample's link is none
    "webhook": {405},
    "simulator": {404},  # it is switched off
}


@pytest.mark.parametrize("one", [one for one in OURS if not one.in_clinic], ids=named)
def test_address_outside_a_clinic_asks_as_its_mark_says(worlds, one):
    response = worlds[0].browser().get(path_of(one, worlds[0]))

    if getattr(one.view, "public", False):
        assert response.status_code in {200, 410, *OFF.get(one.name, ())}  # the sample invitation is none
    else:
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


MONEY = {"rita", "bill", "adam", "olga"}

SPECIFIED = {
    Can.ENTER: set(PEOPLE),
    Can.SEE_MONEY: MONEY,
    Can.SEE_PATIENTS: set(PEOPLE),
    Can.EDIT_PATIENTS: MONEY,
    Can.CHECK_BENEFITS: MONEY,
    Can.SEE_TREATMENTS: set(PEOPLE),
    Can.SCHEDULE: {"rita", "petra", "adam", "olga"},
    Can.PACKAGE: {"rita", "adam", "olga"},
    Can.SEE_CLINICAL: {"rita", "petra"},
    Can.WRITE_CLINICAL: {"petra"},
    Can.MARK_COMPLETE: {"rita", "petra"},
    Can.TAKE_PAYMENT: MONEY,
    Can.ALLOCATE: MONEY,
    Can.SEND_MAIL: MONEY,
    Can.ATTACH: MONEY,
    Can.REVERSE_PAYMENT: MONEY,
    Can.REQUEST_REFUND: MONEY,
    Can.REFUND: {"bill", "adam", "olga"},
    Can.REFUND_ANY: {"adam", "olga"},
    Can.APPROVE_OWN: {"olga"},
    Can.BILL: MONEY,
    Can.CREDIT: {"bill", "adam", "olga"},
    Can.HOLD: MONEY,
    Can.RELEASE: {"bill", "adam", "olga"},
    Can.OVERRIDE_HOLD: {"bill", "adam", "olga"},
    Can.REQUEST_WRITE_OFF: {"bill", "adam", "olga"},
    Can.APPROVE_WRITE_OFF: {"olga"},
    Can.DELEGATE: {"olga"},
    Can.PLAN: {"bill", "adam", "olga"},
    Can.FLAG_FOLLOW_UP: MONEY,
    Can.FOLLOW_UP: {"bill", "adam", "olga"},
    Can.SEE_REVIEWS: {"adam", "olga"},
    Can.SEND_STATEMENT: {"bill", "adam", "olga"},
    Can.REVIEW_EVENT: MONEY,
    Can.REVIEW_DAY: {"bill", "adam", "olga"},
    Can.CLOSE_DAY: {"adam", "olga"},
    Can.REOPEN_DAY: {"olga"},
    Can.EXPORT_DAYS: {"adam", "olga"},
    Can.RECONCILE_DEPOSITS: {"bill", "adam", "olga"},
    Can.BANK: {"bill", "adam", "olga"},
    Can.VOID_SLIP: {"olga"},
    Can.AUTO_APPLY: {"bill", "adam", "olga"},
    Can.PROVE_LEDGER: {"adam", "olga"},
    Can.SEE_TRAIL: {"adam", "olga"},
    Can.MANAGE_SETTINGS: {"adam", "olga"},
    Can.MAKE_OWNERS: {"olga"},
}
""" "Who may what" of the specification, once more and by hand."""


def test_table_is_the_specified_one():
    assert {can: who_of(can) for can in Can} == SPECIFIED
    assert set(TABLE) == set(Can)
