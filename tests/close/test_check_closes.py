"""`manage.py check_closes` (C4): a closed day that was changed is found, and a seal is looked up."""

import io
import json
import os
import uuid

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.sheet import seal_of
from clinicpay.close.services import reopen_day
from tests.factories import a_closed_day, a_count, a_patient, a_payment, make_clinic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home():
    """A committed clinic whose day was closed and opened again: its second version is in review and has no seal yet."""
    home = make_clinic(f"closes-{uuid.uuid4().hex[:10]}")
    with clinic_scope(home.clinic):
        day = clock.today(home.clinic)
        a_payment(home, a_patient(home).account, 12345)
        a_closed_day(home, day)
        reopen_day(home.location, day, by=home.olga, reason="A cheque was forgotten")
        a_count(home, day)
    return home


def checked(home, *arguments) -> tuple[int, dict]:
    """The exit code and what the command says."""
    out, code = io.StringIO(), 0
    try:
        call_command("check_closes", "--clinic", home.clinic.slug, *arguments, "--json", stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(out.getvalue())


def as_superuser(*statements: str) -> None:
    """What nobody may: change rows with all triggers off."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name) as superuser:
        superuser.execute("set local session_replication_role = replica")
        for statement in statements:
            superuser.execute(statement)


def test_closed_days_are_proved_and_a_seal_is_found(home):
    with clinic_scope(home.clinic):
        close = DailyClose.objects.get(number__isnull=False)
        seal = seal_of(close)
    code, told = checked(home)
    assert (code, told["ok"], told["clinics"][0]["closes"]) == (0, True, 1)
    spaced = " ".join(seal[start : start + 8] for start in range(0, 64, 8)).upper()
    code, told = checked(home, "--seal", spaced)
    assert code == 0
    assert told["seal_of"].startswith(f"{home.clinic.slug} {close.ref}: ")


def test_seal_that_is_none_of_ours_ends_with_one_and_one_that_is_no_seal_with_two(home):
    code, told = checked(home, "--seal", "0" * 64)
    assert (code, told["seal_of"]) == (1, "")
    with pytest.raises(CommandError, match="64 digits") as wrong:
        checked(home, "--seal", "abc")
    assert wrong.value.returncode == 2
    with pytest.raises(CommandError):
        call_command("check_closes", "--clinic", "no-such-clinic")


@pytest.mark.parametrize(
    "change",
    [
        "update close_dailyclose set snapshot = jsonb_set(snapshot, '{{tenders,cash,in}}', '1') "
        "where clinic_id = {clinic} and number is not null",
        "update close_dailyclose set reason = 'Never mind' where clinic_id = {clinic} and number is not null",
        "update audit_auditevent set after = jsonb_set(after, '{{seal}}', '\"0\"') where clinic_id = {clinic}"
        " and action = 'day.closed'",
    ],
    ids=["an amount of the sheet", "the reason", "the line of the trail"],
)
def test_what_a_superuser_changes_is_found(home, change):
    """Control: the same clinic is whole before."""
    assert checked(home)[0] == 0
    as_superuser(change.format(clinic=home.clinic.pk))
    code, told = checked(home)
    assert (code, told["ok"]) == (1, False)
    assert "is not what the trail noted" in told["clinics"][0]["faults"][0]
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_closes", "--clinic", home.clinic.slug, stdout=out)
    assert "A CLOSED DAY WAS CHANGED." in out.getvalue()
