"""The list of write-offs, the report for the auditor, and what the menu counts (S2.49)."""

import re
from datetime import timedelta

import pytest
from django.db import connection

from clinicpay import money
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.models import Location
from followups.models import WriteOff
from followups.queries.write_offs import waiting_for
from tests.factories import a_charge, a_locked_day, a_patient
from tests.followups.giving_up import asked, at, filled, key, let, page, text
from tests.followups.pages import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(harbor):
    return a_patient(harbor)


@pytest.fixture
def charge(harbor, patient, today):
    return a_charge(harbor, patient, 10000, on=today - timedelta(days=95))


@pytest.fixture
def olga(harbor):
    return browser(harbor.olga)


def test_report_says_who_when_why_and_what(harbor, patient, charge, today, olga):
    """S2.49"""
    asked(harbor, charge)
    olga.post(page(1, "approve/"), key())
    other = a_patient(harbor, "Maya", "Okafor")
    olga.post(at(other), filled(other, a_charge(harbor, other, 700), cause="small"))
    olga.post(page(2, "reverse/"), {"reason": "Wrong one", **key()})
    report = text(olga.get("/c/harbor/reports/write-offs/"))
    for words in (
        "WO-001",
        "Moved abroad",
        charge.invoice.ref,
        "Bill",
        "Olga",
        "Written off $107.00",
        "Reversed $7.00",
        "Too small to collect",
        "Wrong one",
        "By who approved",
    ):
        assert words in report, words
    rows = b"".join(olga.get("/c/harbor/reports/write-offs/export.csv").streaming_content).decode()
    assert rows.count("\n") == 3
    assert "Moved abroad" in rows
    assert b"".join(olga.get("/c/harbor/reports/write-offs/export.xlsx").streaming_content).startswith(b"PK")
    before = today - timedelta(days=400)
    assert "Nothing was written off" in text(
        olga.get(f"/c/harbor/reports/write-offs/?start={before}&end={before + timedelta(days=9)}")
    )
    wrong = olga.get(f"/c/harbor/reports/write-offs/?start={today}&end={before}")
    assert "not before the first" in text(wrong)


def test_report_counts_on_the_days_of_the_journal(harbor, patient, charge, today, olga):
    """What is approved or reversed after the close counts on the next day, for the book-keeper and for the auditor."""
    report, tomorrow = "/c/harbor/reports/write-offs/", today + timedelta(days=1)
    annex = Location.objects.create(name="Annex")
    a_locked_day(harbor.location, today)
    both = [charge, a_charge(harbor, patient, 2500, on=today, location=annex)]
    olga.post(at(patient), filled(patient, *both))
    assert WriteOff.objects.get().status == "approved"
    for day, expense in ((today, 2500), (tomorrow, 10000)):
        assert written_off_on(day) == expense
        said = text(olga.get(f"{report}?start={day}&end={day}"))
        assert f"Written off {money.show(expense, 'USD')} 1 approved" in said
        assert f"Expense of the period {money.show(expense, 'USD')}" in said
        rows = b"".join(olga.get(f"{report}export.csv?start={day}&end={day}").streaming_content).decode()
        assert "WO-001" in rows
    olga.post(page(1, "reverse/"), {"reason": "Wrong one", **key()})
    assert (written_off_on(today), written_off_on(tomorrow)) == (0, 0)
    said = text(olga.get(f"{report}?start={tomorrow}&end={tomorrow}"))
    assert "Reversed $100.00" in said
    assert "Expense of the period $0.00" in said


def written_off_on(day) -> int:
    """The expense of a business date, as the journal has it."""
    sides = "sum(case side when 'debit' then amount else -amount end)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {sides} from balances_journal where ledger_account = 'write-off expense' and business_date = %s",
            [day],
        )
        return int(cursor.fetchone()[0] or 0)


def test_list_is_narrowed_sorted_and_exported(harbor, patient, charge, today, olga):
    other = a_patient(harbor, "Maya", "Okafor")
    asked(harbor, charge)
    asked(harbor, a_charge(harbor, other, 700), who="adam")
    place = "/c/harbor/write-offs/"
    assert "Maya" not in text(olga.get(f"{place}?q=Ethan"))
    assert "WO-001" not in text(olga.get(f"{place}?q=WO-002"))
    assert "Ethan" not in text(olga.get(f"{place}?who={harbor.adam.user_id}"))
    assert "WO-001" not in text(olga.get(f"{place}?asked_before={today - timedelta(days=3)}"))
    assert "No write-offs match" in text(olga.get(f"{place}?cause=small")) or "WO-" not in text(
        olga.get(f"{place}?cause=small")
    )
    first = olga.get(f"{place}?sort=amount").content.decode()
    assert first.index("WO-002<") < first.index("WO-001<")
    rows = b"".join(olga.get(f"{place}export.csv?q=Maya").streaming_content).decode()
    assert "Maya Park" in rows or "Maya Okafor" in rows
    assert "Ethan" not in rows


def test_trail_keeps_who_asked_and_who_approved(harbor, patient, charge, olga, bill):
    """S2.49"""
    bill.post(at(patient), filled(patient, charge, step="ask"))
    olga.post(page(1, "approve/"), key())
    lines = dict(AuditEvent.objects.filter(action__startswith="write_off.").values_list("action", "actor"))
    assert lines == {"write_off.requested": "Bill (Billing)", "write_off.approved": "Olga (Owner)"}


def test_menu_counts_what_waits_for_this_person(harbor, patient, charge, today, olga, bill):
    """All for an owner; for a delegate what others asked for within the limit; nothing for the rest."""
    asked(harbor, charge, "adam")
    asked(harbor, a_charge(harbor, patient, 700, on=today), "bill")
    asked(harbor, a_charge(harbor, patient, 90000, on=today), "adam")

    def count(client) -> list[str]:
        menu = client.get("/c/harbor/write-offs/").content.decode()
        found = re.search(r'Write-offs<span class="count" title="(\d+) waiting"', menu)
        return [found[1]] if found else []

    assert (count(olga), count(bill)) == (["3"], [])
    let(harbor)
    assert count(bill) == ["1"]
    assert waiting_for(harbor.olga)[0] == 3
    assert waiting_for(harbor.bill) == (1, 10000)


def test_other_clinics_write_offs_are_not_there(harbor, lakeside, charge):
    asked(harbor, charge)
    stella = browser(lakeside.olga)
    assert stella.get("/c/lakeside/write-offs/WO-001/").status_code == 404
    assert stella.get(page(1)).status_code == 404
