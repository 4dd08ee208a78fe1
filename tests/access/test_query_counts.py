"""A page asks the database as often for 50 rows as for one, and seldom (E15)."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from tests.access.samples import IN_CLINIC, right, takes_rows, who_of
from tests.factories import Clinicful, a_patient, a_receipt, an_invoice, make_clinic

ALWAYS = 3
"""The session, the user and their memberships; the clinic's pin is no query of Django's. A page that shows
patients' data also leaves one line in the trail."""

MANY = 50

MOST = {
    "home": 0,
    "find": 6,
    "today": 6,
    "patients": 6,
    "patient_new": 6,
    "patient_edit": 6,
    "treatments": 6,
    "treatment_new": 6,
    "clinical_record": 6,
    "procedures_add": 6,
    "payments": 6,
    "patient_receipts": 6,
    "treatment": 6,
    "payment": 6,
    "payment_allocate": 6,
    "invoice": 6,
    "receipt": 6,
    "payment_receipt_pdf": 6,
    "payment_reverse": 6,
    "pay_for_patient": 6,
    "pay_for_treatment": 6,
    "settings_team": 6,
    "settings_prices": 6,
    "settings_locations": 6,
    "settings_practitioners": 6,
    "settings_import": 6,
    "view_save": 6,
    "trail": 8,  # a query for each kind of record that has a page
    "trail_proof": 6,
    "settings_history": 6,
    "patient_history": 6,
    "account_history": 6,
    "treatment_history": 6,
    "payment_history": 6,
    "receipt_history": 6,
    "invoice_history": 8,  # its charges, their entries, and each entry's act, credit and payment
    "patient": 11,  # eight parts on one page
    "ledger_proof": 20,  # a query for every total that is recomputed
}
"""What each page may ask beyond that; a new page must be added."""

NOT_PAGES = {
    "notice_dismiss",  # an act
    "settings_practitioner",  # of one row, as the next two
    "settings_location",
    "settings_price",
    "settings_practitioner_active",  # an act
    "settings_location_active",  # an act
    "settings_price_active",  # an act
    "view_edit",  # of one's own view
    "view_remove",  # an act
    "treatment_complete",  # an act
    "treatment_start",  # an act
    "treatment_cancel",  # a question about one row
    "allocation_undo",  # of one row
    "import_template",  # a file that is the same for everybody
    "receipt_pdf",  # asks what the receipt's page asks, and takes seconds to print
}


def _fill(home: Clinicful, size: int) -> None:
    """Every row that a page could repeat, `size` times: people, visits of today, receipts, lines of a receipt."""
    first = a_patient(home)
    charges = []
    for _ in range(size):
        a_patient(home, "Víctor", "Reyes", account=first.account)
        invoice = an_invoice(home, first, 5000, service_at=timezone.now())
        charges += invoice.charges.select_related("invoice")
        a_receipt(home, first.account, 3000, (charges[-1], 1000), patient=first, event=invoice.event)
    a_receipt(home, first.account, 100 * size, *[(charge, 100) for charge in charges], patient=first)


@pytest.fixture(scope="module")
def clinics(worlds, django_db_blocker) -> dict[int, Clinicful]:
    """A committed clinic with one of everything, and one with fifty."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block
        made = {}
        for size in (1, MANY):
            made[size] = home = make_clinic(f"rows-{size}")
            with clinic_scope(home.clinic):
                _fill(home, size)
        return made


def queries_of(client, place: str) -> list[str]:
    """What a page asks, without the savepoints that a test's transaction adds."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(place).status_code in {200, 302}
    return [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]


def test_every_page_is_counted():
    assert {one.name for one in IN_CLINIC} - NOT_PAGES == set(MOST)


ASKED = [
    pytest.param(one, who, id=f"{one.name}-{who}")
    for one in IN_CLINIC
    if one.name in MOST
    for who in {"olga", "petra"} & who_of(right(one.view, "get"))
]


@pytest.mark.django_db
@pytest.mark.parametrize(("one", "who"), ASKED)
def test_page_asks_as_often_for_many_rows(client, clinics, one, who):
    asked = {}
    for size, home in clinics.items():
        client.force_login(getattr(home, who).user)
        number = {"number": 1} if takes_rows(one) else {}
        number = {"section": "team"} if "section" in one.route else number
        asked[size] = queries_of(client, f"{address(home.clinic, one.name, **number)}?per_page=100")

    assert len(asked[MANY]) == len(asked[1]), _difference(asked)
    assert len(asked[1]) <= ALWAYS + bool(one.view.shows) + MOST[one.name], "\n".join(asked[1])


def _difference(asked: dict[int, list[str]]) -> str:
    """The statements that many rows add, by their beginnings."""
    few, many = (Counter(sql.split(" WHERE ")[0] for sql in asked[size]) for size in (1, MANY))
    return "\n".join(many - few)
