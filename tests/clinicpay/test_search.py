"""The search of the top bar: what it finds, for whom, and what Enter opens."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinicpay.patients.models import Account
from clinicpay.patients.queries import narrowed, patients
from clinicpay.patients.services import add_payer, change_patient, open_account, register_patient
from clinicpay.search import Group, found
from tests.deposits.slips import drafted, paid, printed
from tests.factories import a_charge, a_patient, a_receipt

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(harbor):
    """Hannah owes and has paid on R-001; Víctor has a phone, a day of birth and an insurer."""
    hannah = a_patient(harbor, "Hannah", "Klein")
    a_receipt(harbor, hannah.account, 5000, (a_charge(harbor, hannah, 10000), 5000))
    victor = register_patient(
        by=harbor.itself, first_name="Víctor", last_name="Haddad", birth_date="1979-02-16", phone="+1 (212) 555-0126"
    )
    insurer = open_account(by=harbor.itself, name="Beacon Dental Insurance", kind=Account.Kind.INSURANCE)
    add_payer(victor, insurer, by=harbor.itself)
    return harbor


def said(text: str, member, limit: int = 50) -> dict[str, list[str]]:
    groups: list[Group] = list(found(text, member, limit))
    return {group.label: [hit.text for hit in group.hits] for group in groups}


@pytest.mark.parametrize(
    ("typed", "hits"),
    [
        ("ha", {"Patients": ["Víctor Haddad", "Hannah Klein"]}),
        ("klein h", {"Patients": ["Hannah Klein"]}),
        ("victor", {"Patients": ["Víctor Haddad"]}),
        ("1979-02-16", {"Patients": ["Víctor Haddad"]}),
        ("2/16/1979", {"Patients": ["Víctor Haddad"]}),
        ("Feb 16, 1979", {"Patients": ["Víctor Haddad"]}),
        ("555-01", {"Patients": ["Víctor Haddad"]}),
        ("(212) 555-0126", {"Patients": ["Víctor Haddad"]}),
        ("12125550126", {"Patients": ["Víctor Haddad"]}),
        ("beacon", {"Accounts": ["Beacon Dental Insurance"]}),
        ("AC-003", {"Patients": ["Víctor Haddad"], "Accounts": ["Beacon Dental Insurance"]}),
        ("pay-1", {"Payments": ["PAY-001"]}),
        ("INV-001", {"Invoices": ["INV-001"]}),
        ("r1", {"Receipts": ["R-001"]}),
        ("te-1", {"Treatments": ["TE-001"]}),
        ("nobody", {}),
        ("%", {}),
        ("AC-x", {}),
        ("31/31/1979", {}),
    ],
)
def test_finds(people, typed, hits):
    assert said(typed, people.rita) == hits


@pytest.mark.parametrize("typed", ["łuk", "Luk", "lukasz ost", "OSTERGARD"])
def test_letter_that_a_keyboard_lacks_is_not_needed(people, typed):
    a_patient(people, "Łukasz", "Østergård")

    assert said(typed, people.rita) == {"Patients": ["Łukasz Østergård"]}


def test_patients_of_before_are_found_by_plain_letters_too(people):
    """What the migration gives them is what new ones are given."""
    patient = a_patient(people, "Łukasz", "Þór-Æble")
    given = set(patient.words.values_list("word", flat=True))
    patient.words.filter(word__in=["lukasz", "thor", "aeble"]).delete()
    with connection.cursor() as cursor:
        cursor.execute((Path(settings.BASE_DIR) / "clinicpay/patients/sql/0009_plain_letters.sql").read_text())

    assert {"łukasz", "lukasz", "thor", "aeble"} <= given
    assert set(patient.words.values_list("word", flat=True)) == given


def test_bank_slips_are_found_by_number_by_who_carries_them(people):
    """A draft has no number and is not found; reception, which makes no slips, is told nothing."""
    slip = printed(people)
    paid(people, 700)
    drafted(people)
    assert said("bs-1", people.bill) == {"Bank slips": [slip.ref]} == said("BS-001", people.olga)
    assert "Bank slips" in said("1", people.adam)
    assert said("bs-1", people.rita) == said("bs-1", people.petra) == said("BS-002", people.bill) == {}


def test_number_without_letters_is_looked_for_everywhere(people):
    assert said("1", people.rita) == {
        "Patients": ["Hannah Klein"],
        "Treatments": ["TE-001"],
        "Payments": ["PAY-001"],
        "Invoices": ["INV-001"],
        "Receipts": ["R-001"],
    }


def test_beginning_of_a_number_finds_the_longer_ones(people):
    for _ in range(11):
        a_patient(people)

    assert len(said("PT-1", people.rita, limit=50)["Patients"]) == 5  # 1, and 10 to 13
    assert len(said("PT-1", people.rita, limit=3)["Patients"]) == 3


@pytest.mark.parametrize("typed", ["PAY-001", "INV-001", "R-001", "AC-001", "beacon"])
def test_practitioner_is_told_nothing_of_money(people, typed):
    assert set(said(typed, people.petra)) <= {"Patients"}


def test_corrected_phone_is_found_and_the_old_one_is_not(people):
    victor = narrowed(patients(), "victor").get()
    change_patient(victor, by=people.rita, phone="646 555 9999")

    assert said("6465559999", people.rita) == {"Patients": ["Víctor Haddad"]}
    assert said("2125550126", people.rita) == {}


@pytest.fixture
def rita(people) -> Client:
    client = Client()
    client.force_login(people.rita.user)
    return client


@pytest.mark.parametrize(
    ("typed", "page"),
    [("klein", "patients/PT-001/"), ("PAY-001", "payments/PAY-001/"), ("beacon", "transactions/AC-003/")],
)
def test_single_hit_is_opened_at_once(rita, typed, page):
    assert rita.get("/c/harbor/find/", {"q": typed})["Location"] == f"/c/harbor/{page}"


@pytest.mark.parametrize("typed", ["ha", "1", "nobody", ""])
def test_anything_else_is_a_page(rita, typed):
    answer = rita.get("/c/harbor/find/", {"q": typed})

    assert answer.status_code == 200
    assert ("Nothing matches" in answer.content.decode()) == (typed == "nobody")


def test_part_is_a_list_of_options_also_for_a_single_hit(rita):
    part = rita.get("/c/harbor/find/", {"q": "klein"}, headers={"HX-Request": "true"}).content.decode()

    assert part.count('role="option"') == 1
    assert "<html" not in part


@pytest.mark.parametrize("typed", ["ha", "5550126", "1979-02-16", "PAY-1"])
def test_search_keeps_to_an_index_under_the_policies(people, typed):
    """Nothing that the policies would make a scan of all rows: no LIKE, no lower() on patients or numbers."""
    with CaptureQueriesContext(connection) as asked:
        said(typed, people.petra if typed == "ha" else people.rita)

    patient_queries = [query["sql"] for query in asked if "patients_account" not in query["sql"].split("FROM")[1][:40]]
    assert patient_queries
    assert not [sql for sql in patient_queries if " LIKE " in sql.upper() or "UPPER(" in sql.upper()]
