"""Allocation History: what was applied here, of whom and when, and undoing one (S4.23–S4.29, S4.31)."""

import re
import uuid
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from balances.models import Entry
from balances.services import apply_credit
from clinicpay.clinics import clock
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left
from tests.deposits.scene import Page, a_deposit, a_guarded, page_of, signed_in
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(harbor):
    """Two families for whom something was applied here, and an allocation by hand."""
    mia, ethan = a_guarded(harbor, "Mia", "Grace Park"), a_patient(harbor)
    noah = a_patient(harbor, "Noah", account=mia.account)
    charges = [a_charge(harbor, one, 1000) for one in (mia, noah, ethan)]
    deposits = [a_deposit(harbor, mia, 1500), a_deposit(harbor, ethan, 400)]
    page_of(harbor).apply_all()
    by_hand = a_charge(harbor, ethan, 500)
    apply_credit(credit_of(a_payment(harbor, ethan.account, 500)), [(by_hand, 500)], by=harbor.itself)
    return {"people": (mia, noah, ethan), "charges": charges, "deposits": deposits, "by_hand": by_hand}


def history(harbor, who: str = "adam", **asked) -> Page:
    client = signed_in(harbor.members[who])
    return Page(client, harbor).look(client.get("/c/harbor/deposits/", {"tab": "history"} | asked))


def test_s4_23_s4_24_s4_31_the_tab_shows_only_what_was_applied_here(harbor, made):
    """S4.23, S4.24, C19; S4.31: amounts, dates, deposit and invoice numbers, and who."""
    page = history(harbor)

    assert page.invoices == [charge.invoice.ref for charge in reversed(made["charges"])]
    assert made["by_hand"].invoice.ref not in page.text
    event = made["charges"][2].event.ref
    for words in (made["deposits"][1].ref, event, "$4.00", "2026", "Adam", "Ethan Park", harbor.location.name):
        assert words in page.rows[0]
    assert 'aria-current="page">Allocation History' in page.text


def test_s4_25_s4_26_view_all_or_the_current_patient_or_family(harbor, made):
    """S4.25; S4.26: the choice is there only when it was opened from the receipts page."""
    mia, noah, _ = made["people"]

    assert len(history(harbor, patient=mia.ref).rows) == 3
    assert len(history(harbor, patient=mia.ref, whose="family").rows) == 2
    assert history(harbor, patient=noah.ref, whose="patient").invoices == [made["charges"][1].invoice.ref]
    assert "Family of Grace Park" in history(harbor, patient=mia.ref).text
    without = history(harbor, whose="family")
    assert without.status == 422
    assert "when this is opened from the patient’s receipts" in without.text
    assert "View ALL" in without.text
    assert "Family of" not in history(harbor).text


def test_s4_27_s4_28_preset_periods_and_own_dates(harbor, made):
    """S4.27 presets; S4.28 From and To; From after To is told."""
    today = clock.today(harbor.clinic)
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)

    for period in ("", "today", "week", "month", "quarter", "year"):
        assert len(history(harbor, period=period).rows) == 3, period
    assert history(harbor, period="last_month").rows == []
    assert len(history(harbor, first=str(today), last=str(today)).rows) == 3
    assert history(harbor, last=str(yesterday)).rows == []
    assert history(harbor, first=str(tomorrow)).rows == []
    wrong = history(harbor, first=str(tomorrow), last=str(today))
    assert wrong.status == 422
    assert "To is before From" in wrong.text
    assert history(harbor, first="someday").status == 422


def test_s4_27_preset_and_own_dates_at_once_are_told(harbor, made):
    """S4.27, S4.28: neither is silently left out; "From … to …" without a day says what it needs."""
    today = str(clock.today(harbor.clinic))

    both, none = history(harbor, period="today", first=today), history(harbor, period="range")

    assert (both.status, none.status) == (422, 422)
    assert "Empty From and To for this period" in both.text
    assert "Enter From, To or both." in none.text
    assert "Nothing was applied here" not in both.text
    assert len(history(harbor, period="range", first=today).rows) == 3


def test_s4_26_undoing_leads_back_to_the_history_of_the_same_patient(harbor, made):
    """S4.26: opened from a patient's receipts, it stays theirs; a number that is none is left out."""
    entry, mia = Entry.objects.get(kind="allocate", charge=made["charges"][0]), made["people"][0]
    client, place = signed_in(harbor.adam), f"/c/harbor/deposits/allocations/{entry.pk}/undo/"
    back = "/c/harbor/deposits/?tab=history"
    form = {"reason": "Wrong invoice", "request_key": str(uuid.uuid4())}

    assert f'href="{back}"' in client.get(f"{place}?patient=nobody").content.decode()
    assert client.post(f"{place}?patient={mia.ref}", form)["Location"] == f"{back}&patient={mia.ref}"


def test_s4_29_operations_print(harbor, made):
    """S4.29: Operations > Print, with what is listed said on paper."""
    page = history(harbor, period="today")

    menu = page.text.partition("Operations</summary>")[2][:300]
    assert "data-print" in menu
    assert "Print" in menu
    assert "Patient: View ALL · Period: Today" in page.text


@pytest.fixture
def pages(monkeypatch):
    """Pages of two rows, as a list is by pages that has very many."""
    monkeypatch.setattr("clinicpay.ui.tables.SIZES", (2, 50, 100))


def test_s4_29_print_asks_for_the_whole_of_a_list_that_has_pages(harbor, made, pages):
    """S4.29: what was filtered, not the page that is open; by its address the printer is asked once it is there."""
    first = history(harbor, period="today", page="2", per="2")
    at = re.findall(r'class="dropdown-item" href="\?([^"]*)#print"', first.text)[0]
    asked = dict(parse_qsl(at))

    whole = history(harbor, **asked)

    assert len(first.rows) == 1
    assert asked == {"tab": "history", "period": "today", "rows": "all"}
    assert len(whole.rows) == 3
    assert "1–3 of <strong>3</strong> allocations" in whole.text
    assert "data-print" in whole.text.partition("Operations</summary>")[2][:300]
    assert '#print"' not in whole.text
    assert "Choose a shorter period" not in whole.text
    assert "rows=all" not in whole.text.partition('aria-label="Rows per page"')[2].partition("</div>")[0]


def test_s4_29_a_list_that_is_too_long_to_be_printed_whole_says_so(harbor, made, pages, monkeypatch):
    monkeypatch.setattr("clinicpay.ui.tables.WHOLE", 2)

    page = history(harbor, rows="all")

    assert page.invoices == [charge.invoice.ref for charge in reversed(made["charges"][1:])]
    assert "These are the newest 2. Choose a shorter period for those before them." in page.text


def test_one_allocation_is_undone_and_the_money_is_on_the_same_deposit(harbor, made):
    deposit, charge = made["deposits"][1], made["charges"][2]
    entry = Entry.objects.get(kind="allocate", credit__payment=deposit)
    client = signed_in(harbor.adam)
    place = f"/c/harbor/deposits/allocations/{entry.pk}/undo/"
    assert deposit.ref in client.get(place).content.decode()
    form = {"reason": "Wrong invoice", "request_key": str(uuid.uuid4())}

    without = client.post(place, form | {"reason": ""})
    answers = [client.post(place, form) for _ in range(2)]

    assert without.status_code == 422
    assert [answer.status_code for answer in answers] == [302, 302]
    assert (credit_of(deposit).available, left(charge)) == (400, [1000])
    assert applied(credit__payment=deposit) == []
    assert "Undone" in history(harbor).rows[0]
    assert client.get(place).status_code == 302
    assert charge.invoice.ref in page_of(harbor).invoices
    assert not broken()


def test_what_was_applied_elsewhere_is_not_undone_here(harbor, made):
    entry = Entry.objects.get(kind="allocate", charge=made["by_hand"])

    assert signed_in(harbor.adam).get(f"/c/harbor/deposits/allocations/{entry.pk}/undo/").status_code == 404


def test_no_history_yet(harbor):
    assert "Nothing was applied here" in history(harbor).text
