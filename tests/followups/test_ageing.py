"""Who owed what on a past day: as a naive recomputation from the ledger's lines says, and marked as history (G1–G3)."""

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest

from balances.models import Entry
from balances.services import credit_charge, undo_allocation
from balances.states import EntryKind
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from followups.queries import owed_on
from followups.queries.statements import Span, statement_content
from followups.schedule import Terms
from followups.services import approve_write_off, bill_instalment, request_write_off, start_plan
from followups.states import Frequency
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
from tests.balances.money import credit_of
from tests.factories import a_charge, a_locked_day, a_patient, a_payment
from tests.followups.pages import browser, text_of
from tests.followups.queue import PLACE, names, owing, read_csv
from tests.followups.statement_world import a_history

pytestmark = pytest.mark.django_db
AS_OF = f"{PLACE}as-of/"


def naive(day: date) -> dict[int, tuple[int, date, tuple[int, ...]]]:
    """Each line of the ledger up to a day, one after the other, from nothing."""
    owed: dict[tuple[int, date], int] = defaultdict(int)
    lines = Entry.objects.filter(posting__business_date__lte=day, charge__invoice__isnull=False)
    by_charge: dict[int, int] = defaultdict(int)
    about = {}
    for line in lines.select_related("charge__invoice"):
        by_charge[line.charge_id] += line.charge_delta
        about[line.charge_id] = (line.charge.invoice.account_id, line.charge.invoice.invoice_date)
    for charge, left in by_charge.items():
        owed[about[charge]] += left
    found: dict[int, list] = defaultdict(list)
    for (account, dated), left in owed.items():
        if left:
            found[account].append((dated, left))
    result = {}
    for account, items in found.items():
        parts = [0, 0, 0, 0]
        for dated, left in items:
            age = (day - dated).days
            parts[0 if age <= 30 else 1 if age <= 60 else 2 if age <= 90 else 3] += left
        result[account] = (sum(parts), min(dated for dated, _ in items), tuple(parts))
    return result


def busy(home, today) -> None:
    """Half a year of everything that moves debt, on business dates of the past and of today."""
    dice = random.Random(20)
    for number in range(12):
        patient = a_patient(home, f"P{number}", "Park")
        for _ in range(dice.randint(1, 4)):
            age = dice.randint(0, 180)
            charge = a_charge(home, patient, dice.randint(100, 20000), on=today - timedelta(days=age))
            if dice.random() < 0.6:
                part = dice.randint(1, charge.amount)
                paid_on = today - timedelta(days=dice.randint(0, age))
                payment = a_payment(home, patient.account, part, (charge, part), on=paid_on)
                _correct(home, dice.randint(0, 4), charge, payment)


def _correct(home, kind: int, charge, payment) -> None:
    charge.refresh_from_db()
    if kind == 1 and charge.outstanding:
        credit_charge(charge, charge.outstanding, by=home.bill, reason="too much")
    elif kind == 2:
        refund_payment(payment, GoingBack(payment.amount, RefundReason.DUPLICATE), by=home.olga)
    elif kind == 3 and charge.outstanding:
        approve_write_off(
            request_write_off(charge.account, [charge.invoice], by=home.bill, reason="gone"), by=home.olga
        )
    elif kind == 4:
        undo_allocation(
            Entry.objects.get(kind=EntryKind.ALLOCATE, credit=credit_of(payment)).pk, by=home.bill, reason="no"
        )


def test_every_day_is_as_a_naive_recomputation_says(harbor, today):
    busy(harbor, today)
    patient = a_patient(harbor, "On", "Plan")
    plan = start_plan(
        patient.account,
        [a_charge(harbor, patient, 9000, on=today - timedelta(days=70))],
        Terms(3000, Frequency.MONTHLY, today),
        by=harbor.bill,
    )
    bill_instalment(plan.instalments.first(), by=harbor.itself)
    for back in (0, 1, 29, 30, 31, 60, 61, 90, 91, 120, 200):
        day = today - timedelta(days=back)
        assert {row.pk: (row.owes, row.oldest_open, row.parts) for row in owed_on(day)} == naive(day), back


def test_the_comparison_can_fail(harbor, today):
    charge = a_charge(harbor, a_patient(harbor), 5000, on=today - timedelta(days=40))
    a_payment(harbor, charge.account, 5000, (charge, 5000), on=today - timedelta(days=10))
    assert naive(today - timedelta(days=20)) != naive(today - timedelta(days=5))


def test_statement_of_any_day_says_the_same(harbor, today):
    """What is billed and paid after the close stands on the next day in both: the statement had half of it today."""
    maya = a_history(harbor)
    a_locked_day(harbor.location, today)
    charge = a_charge(harbor, maya, 4000)
    a_payment(harbor, maya.account, 1500, (charge, 1500))
    account = Account.objects.get(pk=maya.account_id)

    for ago in (65, 40, 1, 0, -1):
        day = today - timedelta(days=ago)
        owed = {one.pk: one.owes for one in owed_on(day)}[account.pk]
        assert statement_content(account, Span(None, day), harbor.clinic)["closing"] == owed
        assert statement_content(account, Span(day + timedelta(days=1), None), harbor.clinic)["opening"] == owed
    assert owed == account.owes


def test_today_is_the_queue(harbor, today):
    busy(harbor, today)
    from followups.queries import owing as queue

    now = {row.pk: (row.owes, row.oldest_open) for row in queue()}
    assert {row.pk: (row.owes, row.oldest_open) for row in owed_on(today)} == now


def test_page_shows_what_was_owed_then_and_says_that_it_is_history(harbor, today, bill):
    """S2.11–S2.19 as of a day: what was paid since is owed again there, with the age of then."""
    ada = owing(harbor, today, "Ada", 70, 10000)
    charge = ada.account.charges.get()
    a_payment(harbor, ada.account, 10000, (charge, 10000), on=today - timedelta(days=5))
    owing(harbor, today, "New", 3)
    assert names(bill.get(PLACE)) == ["New Park"]

    page = bill.get(AS_OF, {"on": today - timedelta(days=30)})
    text = text_of(page)
    assert names(page) == ["Ada Park"]
    assert "This is history" in text
    assert "31-60 1 · $100.00" in text
    assert "All 1 · $100.00" in text
    assert " 40 days" in text
    assert "Log attempt" not in page.content.decode()


def test_without_a_day_it_is_the_end_of_last_month(bill, today):
    page = bill.get(AS_OF)
    last = today.replace(day=1) - timedelta(days=1)
    assert f'value="{last}"' in page.content.decode()


def test_without_a_day_it_is_narrowed_down_as_with_one(harbor, today, bill):
    """The tabs of the page as it opens, and its filters."""
    owing(harbor, today, "Ada", 130)
    place = Location.objects.get(name=harbor.location.name)
    for kept in ({"age": "90+"}, {"q": "ada"}, {"location": place.pk}, {"balance_min": "0.01"}):
        page = bill.get(AS_OF, kept)
        assert (names(page), "Select a valid choice" in text_of(page)) == (["Ada Park"], False)
    for hidden in ({"age": "0-30"}, {"q": "ben"}, {"balance_min": "9999999"}):
        assert names(bill.get(AS_OF, hidden)) == []


@pytest.mark.parametrize("on", ["tomorrow", "9999-12-31", "2026-02-30", "x", "0001-01-01"])
def test_day_that_cannot_be_is_told(harbor, today, bill, on):
    owing(harbor, today, "Ada", 5)
    asked = today + timedelta(days=1) if on == "tomorrow" else on
    words = {"tomorrow": "earlier day", "9999-12-31": "earlier day", "0001-01-01": "Nobody owed anything"}
    for headers in ({}, {"HX-Request": "true"}):
        page = bill.get(AS_OF, {"on": asked}, headers=headers)
        assert page.status_code == 200
        assert words.get(on, "Enter a valid date.") in text_of(page)


def test_history_is_narrowed_sorted_and_exported(harbor, today, bill):
    other = Location.objects.create(name="Main Street")
    owing(harbor, today, "Ada", 70, 10000)
    owing(harbor, today, "Ben", 100, 500, location=other)
    on = str(today - timedelta(days=1))
    assert names(bill.get(AS_OF, {"on": on})) == ["Ben Park", "Ada Park"]
    assert names(bill.get(AS_OF, {"on": on, "sort": "-owes"})) == ["Ada Park", "Ben Park"]
    assert names(bill.get(AS_OF, {"on": on, "age": "61-90"})) == ["Ada Park"]
    assert names(bill.get(AS_OF, {"on": on, "balance_min": "50"})) == ["Ada Park"]
    assert names(bill.get(AS_OF, {"on": on, "location": other.pk})) == ["Ben Park"]
    assert names(bill.get(AS_OF, {"on": on, "q": "ada"})) == ["Ada Park"]
    head, *rows = read_csv(bill.get(f"{AS_OF}export.csv", {"on": on, "sort": "-owes"}))
    assert head[:4] == ["As of", "Account", "Name", "Owed"]
    assert [(row[0], row[2], row[3], row[4]) for row in rows] == [
        (on, "Ada Park", "100.00", "69"),
        (on, "Ben Park", "5.00", "99"),
    ]


def test_others_clinics_debt_is_not_there(harbor, lakeside, today, bill):
    owing(harbor, today, "Ada", 5)
    assert names(bill.get(AS_OF, {"on": today})) == ["Ada Park"]


@pytest.mark.parametrize("who", ["rita", "petra"])
def test_history_is_for_those_who_follow_up(harbor, who):
    """S2.8"""
    assert browser(getattr(harbor, who)).get(AS_OF).status_code == 403
