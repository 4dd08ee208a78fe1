"""A year of a busy clinic leaves in bounded memory, while a person waits."""

import time
import tracemalloc

import pytest

from clinicpay.clinics.scope import clinic_scope
from clinicpay.exports.services import file_of, make_export
from tests.exports.scene import a_bill, close, past, wish
from tests.factories import a_patient, a_payment
from tests.races.crowd import a_clinic

pytestmark = pytest.mark.django_db(transaction=True)

LINES, DAYS = 100_000, 10
SECONDS, MEGABYTES = 20, 16
"""Seconds of our own processor time, whatever else the machine does, and what is held in memory at most."""

_MANY = """
insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta)
select clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta
from balances_entry, generate_series(1, %s) where clinic_id = %s and kind = 'allocate'
"""
_AWAY = "delete from balances_entry where clinic_id = %s and kind = 'allocate'"


@pytest.fixture
def home(superuser):
    """A committed clinic with ten closed days of 10,000 lines each, written past the rules of the ledger."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.adam.user):
        patient = a_patient(home)
        for back in range(1, DAYS + 1):
            charge = a_bill(home, patient, 100, on=past(home, back))
            a_payment(home, patient.account, 100, (charge, 100), on=past(home, back))
        home.__dict__["closes"] = [close(home, past(home, back)) for back in range(DAYS, 0, -1)]
    superuser.execute("set session_replication_role = replica")
    superuser.execute(_MANY, [LINES // DAYS // 2 - 3, home.clinic.pk])
    yield home
    superuser.execute(_AWAY, [home.clinic.pk])
    superuser.execute("set session_replication_role = origin")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_hundred_thousand_lines_leave_in_bounded_memory(home, kind):
    seconds, peak = {}, {}
    for measured in ("time", "memory"):
        with clinic_scope(home.clinic, home.adam.user):
            asked = wish("lines", home.__dict__["closes"], kind=kind, again=True)
            if measured == "memory":
                tracemalloc.start()
            begun = time.process_time()
            export = make_export(asked, by=home.adam)
            sent = sum(len(data) for data in file_of(export))
            seconds[measured] = time.process_time() - begun
            if measured == "memory":
                peak = tracemalloc.get_traced_memory()[1] / 1e6
                tracemalloc.stop()

    assert export.rows >= LINES - 100
    assert (sent, export.debit) == (export.size, export.credit)
    assert seconds["time"] < SECONDS
    assert peak < MEGABYTES
