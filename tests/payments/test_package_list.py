"""The list of all packages and staged treatments, and its ways in (S0.14, S0.15, S0.20)."""

import re

import pytest

from balances.services import cancel_rest, complete_event
from clinicpay.clinics.addresses import address
from tests.balances.packages import a_package, a_staged, treatments
from tests.factories import a_patient, a_payment
from treatments.models import PriceItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(harbor):
    """One package of each state, by the words of its state."""
    PriceItem.objects.create(code="D1110", description="Adult cleaning", fee=12000)
    mia = a_patient(harbor, "Mia", "Stone")
    fresh, going, cancelled = (a_package(harbor, mia, 100_00, 4) for _ in range(3))
    used = a_staged(harbor, a_patient(harbor, "Noah", "Klein"), 40_00, 60_00)
    complete_event(treatments(going)[0], by=harbor.petra)
    for event in treatments(used):
        invoice = complete_event(event, by=harbor.petra)
        charge = invoice.charges.get()
        a_payment(harbor, charge.account, charge.amount, (charge, charge.amount))
    cancel_rest(cancelled, by=harbor.olga, reason="Moved away")
    return {"planned": fresh, "in_progress": going, "done": used, "cancelled": cancelled}


def listed(client, harbor, query="", who="rita"):
    client.force_login(getattr(harbor, who).user)
    answer = client.get(address(harbor.clinic, "packages") + query)
    assert answer.status_code == 200
    html = answer.content.decode()
    return dict.fromkeys(re.findall(r"data-open href=\"[^\"]+/packages/(TP-\d+)/", html), html)


def test_every_package_stands_with_its_figures(client, harbor, made):
    """S0.14, S0.15, S0.20: state, price, paid, owed and what is still to bill, of each."""
    found = listed(client, harbor)
    rows = re.findall(r"<tr data-row>.*?</tr>", next(iter(found.values())), re.S)
    cells = {}
    for row in rows:
        texts = [re.sub(r"<[^>]+>|\s+", " ", cell) for cell in re.findall(r"<td.*?</td>", row, re.S)]
        cells[re.search(r"TP-\d+", row)[0]] = [" ".join(text.split()) for text in texts][3:]

    assert set(cells) == {one.ref for one in made.values()}
    assert cells[made["planned"].ref] == ["Nothing billed yet", "$100.00", "$0.00", "–", "$100.00"]
    assert cells[made["in_progress"].ref] == ["Partly billed 1 of 4", "$100.00", "$0.00", "$25.00", "$75.00"]
    assert cells[made["done"].ref] == ["Used up", "$100.00", "$100.00", "–", "–"]
    assert cells[made["cancelled"].ref] == ["Cancelled", "$0.00", "$0.00", "–", "–"]


@pytest.mark.parametrize("state", ["planned", "in_progress", "done", "cancelled"])
def test_filter_by_state_says_what_the_rows_say(client, harbor, made, state):
    """The filter asks the database, the rows are worked out from their parts: both agree."""
    assert set(listed(client, harbor, f"?state={state}")) == {made[state].ref}


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ("?origin=staged", {"done"}),
        ("?origin=package", {"planned", "in_progress", "cancelled"}),
        ("?money=open", {"in_progress"}),
        ("?money=settled", {"planned", "done", "cancelled"}),
        ("?q=klein", {"done"}),
        ("?q=nobody", set()),
        ("?state=nonsense&origin=%00", {"planned", "in_progress", "done", "cancelled"}),
    ],
)
def test_list_is_narrowed_down(client, harbor, made, query, states):
    assert set(listed(client, harbor, query)) == {made[state].ref for state in states}


def test_package_is_found_by_its_number(client, harbor, made):
    assert set(listed(client, harbor, f"?q={made['done'].ref.lower()}")) == {made["done"].ref}


def test_clerk_gets_there_from_treatments_from_a_patient_and_from_a_package(client, harbor, made):
    client.force_login(harbor.rita.user)
    link = f'href="{address(harbor.clinic, "packages")}"'
    patient = made["planned"].patient
    for page in (
        address(harbor.clinic, "treatments"),
        address(harbor.clinic, "patient", number=patient.number),
        address(harbor.clinic, "package", number=made["planned"].number),
    ):
        assert link in client.get(page).content.decode(), page


def test_practitioner_is_neither_shown_the_list_nor_a_way_to_it(client, harbor, made):
    """S0.27."""
    client.force_login(harbor.petra.user)
    assert client.get(address(harbor.clinic, "packages")).status_code == 403
    assert address(harbor.clinic, "packages") not in client.get(address(harbor.clinic, "treatments")).content.decode()
