"""Each check of the ledger finds its own fault: a superuser breaks one thing, and the check must see it."""

import io
import json
import os
import uuid
from contextlib import contextmanager

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from balances.checks import CHECKS, measure, references
from balances.queries import live_allocations
from balances.services import apply_preview, preview_run, run_auto_apply, undo_allocation
from clinicpay.clinics.scope import clinic_scope
from payments.services import (
    GoingBack,
    approve_refund,
    fail_refund,
    fold_tallies,
    record_return,
    request_refund,
    reverse_payment,
    reverse_refund,
)
from payments.states import Method, RefundReason, ReturnReason
from tests.factories import a_charge, a_patient, a_payment, make_clinic
from tests.worlds import go_back_and_forth

pytestmark = pytest.mark.django_db(transaction=True)

BY_NAME = {check.name: check for check in [*CHECKS, references()]}

MINE = "clinic_id = {clinic}"
FAULTS = {
    "charge_totals": [f"update balances_charge set outstanding = outstanding - 1 where {MINE} and outstanding > 0"],
    "charge_parts": [f"update balances_charge set credited = credited + 1 where {MINE} and credited > 0"],
    "moved_debt": [f"update balances_charge set moved = moved - 1 where {MINE} and moved > 0"],
    "credit_totals": [f"update balances_credit set available = available + 1 where {MINE} and available = 0"],
    "oldest_open": [
        f"update patients_account set oldest_open = oldest_open - 1 where {MINE} and oldest_open is not null"
    ],
    "account_totals": [f"update patients_account set owes = owes + 1 where {MINE}"],
    "limits": [
        "alter table balances_credit drop constraint balances_credit_available",
        f"update balances_credit set available = amount + 1 where {MINE} and available > 0",
    ],
    "openings": [f"update balances_charge set amount = amount + 1 where {MINE}"],
    "postings": [f"delete from balances_entry where {MINE} and kind = 'receive'"],
    "reversals": [
        "update balances_entry set charge_delta = charge_delta + 1, credit_delta = credit_delta + 1 "
        f"where {MINE} and kind = 'unallocate'"
    ],
    "neutral_acts": [
        "alter table balances_entry drop constraint balances_entry_shape",
        f"update balances_entry set credit_delta = credit_delta + 1 where {MINE} and kind = 'allocate'",
    ],
    "journal": [
        f"create temp table balances_journal as select * from public.balances_journal where {MINE}",
        "update balances_journal set amount = amount + 1 where side = 'debit' and act = 'charge'",
        "grant select on balances_journal to clinicpay_app",
    ],
    "journal_totals": [f"update balances_charge set outstanding = 0 where {MINE} and outstanding > 0"],
    "payments": [f"update payments_payment set status = 'failed' where {MINE} and status = 'paid'"],
    "payment_names": [f"update payments_payment set name_key = 'x' where {MINE}"],
    "tallies": [f"update payments_tally set amount = amount + 1 where {MINE} and status = ''"],
    "live_allocations": [f"update payments_payment set status = 'voided' where {MINE} and status = 'paid'"],
    "patients": [f"update balances_charge set outstanding = 0 where {MINE} and outstanding > 0"],
    "invoices": [f"update balances_charge set account_id = account_id + 1000000 where {MINE}"],
    "runs": [f"update balances_autoapplyrun set allocated = allocated + 1 where {MINE}"],
    "cases": [
        f"update followups_plan set status = 'completed' where {MINE}",
        f"update patients_account set owes = 0 where {MINE}",
    ],
    "references": [
        "update balances_charge set patient_id = (select id from patients_patient where clinic_id <> {clinic} limit 1) "
        f"where {MINE}"
    ],
}
"""How a superuser, with all triggers off, breaks what each check is about."""


@pytest.fixture(scope="module")
def books(django_db_setup, django_db_blocker):
    """A committed clinic in which money has moved in every way; beside it one whose rows are not its own."""
    with django_db_blocker.unblock():
        other, home = make_clinic("proof-other"), make_clinic("proof")
        with clinic_scope(other.clinic):
            a_patient(other)
        with clinic_scope(home.clinic, home.olga.user):
            patient = a_patient(home)
            charge = a_charge(home, patient, 20000)
            payment = a_payment(home, patient.account, 5500, (charge, 5500))
            undo_allocation(live_allocations().get().pk, by=home.rita, reason="Wrong charge", keep=1000)
            run_auto_apply(by=home.bill)
            reverse_payment(a_payment(home, patient.account, 700, (charge, 700)), by=home.rita, reason="Entered twice")
            a_payment(home, patient.account, 800, (charge, 300))
            go_back_and_forth(home, a_patient(home, "Late"))
            preview_run(by=home.bill)  # it decides, and nothing of it was applied
        assert payment.amount == 5500
        name = connection.settings_dict["NAME"]
        with psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name) as superuser:
            superuser.execute("analyze")  # proofs are planned for the rows that are there, not for the few at the start
        return home


@contextmanager
def broken(clinic_id, statements):
    """The application's view of the clinic after a superuser has done this; nothing of it is kept."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name) as superuser:
        with superuser.cursor() as cursor:
            cursor.execute("set local session_replication_role = replica")
            for statement in statements:
                cursor.execute(statement.format(clinic=clinic_id))
            cursor.execute("set local role clinicpay_app")
            cursor.execute("select set_config('app.clinic_id', %s, true)", [str(clinic_id)])
            yield cursor
        superuser.rollback()


def told(*command):
    out = io.StringIO()
    try:
        call_command(*command, "--json", stdout=out)
    except SystemExit as ended:
        return json.loads(out.getvalue()), ended.code
    return json.loads(out.getvalue()), 0


def test_every_check_has_a_fault_that_it_must_find():
    assert set(FAULTS) == set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_sound_ledger_agrees(books, name):
    with broken(books.clinic.pk, []) as cursor:
        found = measure(BY_NAME[name], cursor)
    assert (found.differences, found.examples) == (0, [])
    assert found.rows > 0


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fault_is_found(books, name):
    with broken(books.clinic.pk, FAULTS[name]) as cursor:
        found = measure(BY_NAME[name], cursor)
    assert found.differences > 0
    assert found.examples


def test_the_command_agrees_with_a_sound_ledger(books):
    report, code = told("check_ledger", "--clinic", "proof")
    assert (report["ok"], code) == (True, 0)
    assert [check["name"] for check in report["checks"]] == list(BY_NAME)
    assert not any(check["differences"] for check in report["checks"])


def test_the_command_ends_with_one_on_a_difference(books):
    name = connection.settings_dict["NAME"]
    change = "update balances_charge set outstanding = outstanding + %s where clinic_id = %s and outstanding > 0"
    with psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name, autocommit=True) as superuser:
        superuser.execute("set session_replication_role = replica")
        superuser.execute(change, [-1, books.clinic.pk])
        try:
            mine, code = told("check_ledger", "--clinic", "proof")
            everything, code_of_all = told("check_ledger")
        finally:
            superuser.execute(change, [1, books.clinic.pk])
    wrong = {check["name"] for check in mine["checks"] if check["differences"]}
    assert (mine["ok"], code, code_of_all) == (False, 1, 1)
    assert wrong == {"charge_totals", "charge_parts", "journal_totals", "patients"}
    assert wrong <= {check["name"] for check in everything["checks"] if check["differences"]}


def test_month_whose_money_went_again_agrees_once_it_is_folded():
    """Nothing is left of its lines, and nothing is the sum of its entries: that was told as a difference."""
    home = make_clinic(f"month-{uuid.uuid4().hex[:8]}", "Harbor Clinic")
    with clinic_scope(home.clinic, home.bill.user), connection.cursor() as cursor:
        payment = a_payment(home, a_patient(home).account, 5000)
        reverse_payment(payment, by=home.bill, reason="Entered twice")
        fold_tallies()
        assert measure(BY_NAME["tallies"], cursor).examples == []


def test_preview_that_nobody_applied_agrees():
    """It decided, and nothing moved: that was told as a difference, and kept every day from being closed."""
    home = make_clinic(f"preview-{uuid.uuid4().hex[:8]}", "Harbor Clinic")
    with clinic_scope(home.clinic, home.bill.user), connection.cursor() as cursor:
        patient = a_patient(home)
        a_charge(home, patient, 5000)
        a_payment(home, patient.account, 5000)
        other = a_patient(home, "Mia")
        owed = a_charge(home, other, 700)
        a_payment(home, other.account, 700)
        run = preview_run(by=home.bill)
        assert measure(BY_NAME["runs"], cursor)[1:] == (1, 0, [])
        a_payment(home, other.account, 100, (owed, 100))
        apply_preview(run, by=home.bill)  # which leaves out whoever has changed
        run.refresh_from_db()
        assert (run.allocated, run.changed) == (5000, 1)
        assert measure(BY_NAME["runs"], cursor)[1:] == (1, 0, [])


@pytest.mark.parametrize("part", [5000, 2000])
def test_run_whose_money_went_back_and_came_again_agrees(part):
    """What is applied again stays the work of its run, which did not decide it twice: no day could be closed."""
    home = make_clinic(f"again-{uuid.uuid4().hex[:8]}", "Harbor Clinic")
    with clinic_scope(home.clinic, home.olga.user), connection.cursor() as cursor:
        patient = a_patient(home)
        a_charge(home, patient, 5000)
        payment = a_payment(home, patient.account, 5000, method=Method.CHEQUE)
        run_auto_apply(by=home.bill)
        asked = request_refund(payment, GoingBack(part, RefundReason.OTHER), by=home.bill)
        fail_refund(approve_refund(asked, by=home.olga), by=home.olga, reason="The bank refused it")
        assert measure(BY_NAME["runs"], cursor)[1:] == (1, 0, [])
        bounced = record_return(payment, part, by=home.olga, reason=ReturnReason.BOUNCED)
        reverse_refund(bounced, by=home.olga, reason="The bank was wrong")
        assert sum(entry.applied for entry in live_allocations()) == 5000
        assert measure(BY_NAME["runs"], cursor)[1:] == (1, 0, [])
