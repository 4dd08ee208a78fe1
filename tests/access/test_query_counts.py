"""A page asks the database as often for 50 rows as for one, and seldom (E15)."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from tests.factories import Clinicful, a_patient, a_receipt, an_event, an_invoice, make_clinic

ALWAYS = 3
"""The session, the user and their memberships; the clinic's pin is no query of Django's."""

MOST = 6
MANY = 50

PAGES = {
    "today": {},
    "patients": {},
    "treatments": {},
    "treatment_new": {},
    "payments": {},
    "patient": {"number": 1},
    "patient_receipts": {"number": 1},
    "treatment": {"number": 1},
    "payment": {"number": 1},
    "invoice": {"number": 1},
    "receipt": {"number": 1},
    "pay_for_patient": {"number": 1},
    "pay_for_treatment": {"number": 1},
    "ledger_proof": {},
}
"""Pages with rows, and what their addresses name."""

PROOF = 20
"""The ledger's proof recomputes every total, so it may ask more."""


def _visit(home: Clinicful, patient: Patient) -> None:
    """A treatment of today with two procedures, billed, and paid with what is left over for another."""
    invoice = an_invoice(home, patient, 5000, 2500, service_at=timezone.now())
    charge = invoice.charges.select_related("invoice").first()
    event = {"patient": patient, "event": invoice.event}
    a_receipt(home, patient.account, 3000, (charge, 1000), **event)
    an_event(home, patient, 4000, service_at=timezone.now())


def _family_of(home: Clinicful, size: int) -> None:
    """Every row that a page could repeat, `size` times: people, visits, receipts, lines of one document."""
    first = a_patient(home)
    for _ in range(size):
        _visit(home, first)
        _visit(home, a_patient(home, "Víctor", "Reyes", account=first.account))
    charges = [charge for invoice in first.account.invoices.all() for charge in invoice.charges.select_related("invoice")]
    parts = [(charge, 100) for charge in charges[:size]]
    a_receipt(home, first.account, 100 * size, *parts, patient=first)


@pytest.fixture(scope="module")
def clinics(worlds, django_db_blocker) -> dict[int, Clinicful]:
    """A committed clinic with one of everything, and one with fifty."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block
        made = {}
        for size in (1, MANY):
            made[size] = home = make_clinic(f"rows-{size}")
            with clinic_scope(home.clinic):
                _family_of(home, size)
        return made


def queries_of(client, place: str) -> list[str]:
    """What a page asks, without the savepoints that a test's transaction adds."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(place).status_code == 200
    return [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["olga", "petra"])
@pytest.mark.parametrize("page", PAGES)
def test_page_asks_as_often_for_many_rows(client, clinics, page, who):
    asked = {}
    for size, home in clinics.items():
        member = getattr(home, who)
        client.force_login(member.user)
        place = address(home.clinic, page, **PAGES[page])
        if client.get(place).status_code == 403:
            pytest.skip("not a page of theirs")
        asked[size] = queries_of(client, f"{place}?per_page=100")

    assert len(asked[MANY]) == len(asked[1]), _difference(asked)
    assert len(asked[1]) <= ALWAYS + (PROOF if page == "ledger_proof" else MOST), "\n".join(asked[1])


def _difference(asked: dict[int, list[str]]) -> str:
    shapes: Callable[[str], str] = lambda sql: sql.split(" WHERE ")[0][:200]  # noqa: E731 - a one-off
    few = [shapes(sql) for sql in asked[1]]
    return "\n".join(sql for sql in map(shapes, asked[MANY]) if sql not in few or few.remove(sql))
