"""Accounts that are nobody's own are found as patients are: by any case, without accents, in plain letters."""

import pytest

from balances.services import OfficeCharge, bill_office_charge
from clinicpay.clinics import clock
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import accounts_found, narrowed, others_called
from clinicpay.patients.search import fold, words
from clinicpay.patients.services import open_account, register_patient
from followups.filters.plans import PlanFilter
from followups.models import Plan
from tests.followups.pages import browser
from tests.followups.planned import a_plan

pytestmark = pytest.mark.django_db

NAMES = [
    ("Müller Krankenkasse", "muller kranken"),
    ("Müller Krankenkasse", "MÜLLER"),
    ("Mu\u0308ller", "müller"),
    ("Straße & Søn", "strasse son"),
    ("Łódź Assurance", "lodz"),
    ("Łódź Assurance", "łódź"),
    ("ÆGIS Þórr", "aegis thorr"),
    ("Cœur de Bœuf", "coeur boeuf"),
    ("ΔΕΛΤΑ Ασφάλεια", "δελτα ασφα"),
    ("Здоров'є", "ЗДОРОВ"),
    ("Señor O'Brien-Íñiguez", "obrien"),
    ("O'Brien", "o'brien"),
    ("100% Care_plus", "100 plus"),
    ("Delta", "delta"),
]
"""How an insurer is called, and what somebody types."""


@pytest.mark.parametrize(("name", "typed"), NAMES)
def test_account_is_found_where_a_patient_of_the_name_is(harbor, name, typed):
    """By each of the two ways, and never another one."""
    first, _, last = name.partition(" ")
    register_patient(by=harbor.rita, first_name=first, last_name=last)
    insurer = open_account(by=harbor.rita, kind=Account.Kind.INSURANCE, name=name)
    open_account(by=harbor.rita, kind=Account.Kind.INSURANCE, name="Zeta")
    is_found = narrowed(Patient.objects.all(), typed).exists()
    wanted = [insurer.pk] if is_found else []
    assert (list(accounts_found(typed).values_list("pk", flat=True)), others_called(typed)) == (wanted, wanted)
    assert is_found == (typed != "obrien"), "an apostrophe parts words"


@pytest.mark.parametrize("name", [name for name, _ in NAMES])
def test_name_is_found_by_all_its_words_as_they_are_folded(harbor, name):
    """What the database puts together is what `fold` makes of the name."""
    insurer = open_account(by=harbor.rita, kind=Account.Kind.INSURANCE, name=name)
    for typed in (name, name.upper(), name.lower(), fold(name), *words(name)):
        assert list(accounts_found(typed)) == [insurer], typed


@pytest.fixture
def rosalind(harbor):
    """A guardian who owes, with accents that nobody types."""
    patient = register_patient(by=harbor.rita, first_name="Mia", last_name="Park", guardian="Rosálind Ømer")
    bill_office_charge(patient.account, OfficeCharge("Copies", 1500, harbor.location, patient), by=harbor.bill)
    return patient.account


PLACES = [
    "find/",
    "transactions/",
    "transactions/found.json",
    "deposits/parties/guardian/",
    "followups/",
    "followups/as-of/",
]


@pytest.mark.parametrize("place", PLACES)
def test_every_search_for_accounts_finds_it(harbor, rosalind, place):
    bill, today = browser(harbor.bill), clock.today(harbor.clinic).isoformat()
    for typed, is_found in (("rosalind omer", True), ("Rosálind", True), ("ØMER", True), ("rosa zeta", False)):
        answer = bill.get(f"/c/harbor/{place}", {"q": typed, "on": today}, follow=True)
        assert answer.status_code == 200
        assert (f"/{rosalind.ref}/" in answer.text or f'"{rosalind.ref}"' in answer.text) == is_found, typed


def test_plans_are_found_by_it(harbor, rosalind):
    a_plan(harbor, rosalind.patients.get(), clock.today(harbor.clinic), 9000)
    for typed, count in (("rosalind omer", 1), ("Rosálind", 1), ("rosa zeta", 0)):
        assert PlanFilter({"q": typed}, queryset=Plan.objects.all()).qs.count() == count, typed
