"""The queue narrowed down: balance, dates, place, next, who; what hides rows; files; views (S2.8–S2.20, S2.50)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from balances.services import apply_credit
from clinicpay.clinics.models import Location
from followups.services import log_attempt, plan_callback, put_on_case
from followups.services.contacts import Said
from followups.states import AttemptOutcome
from tests.balances.money import credit_of
from tests.downloads import read_xlsx
from tests.factories import a_charge, a_patient, a_payment
from tests.followups.pages import text_of
from tests.followups.queue import PLACE, names, owing, read_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(harbor, today):
    """Ada owes $100.00 for 95 days, Ben $50.05 for 40, Cleo $10.00 for 3 at another place."""
    other = Location.objects.create(name="Main Street")
    ada, ben = owing(harbor, today, "Ada", 95, 10000), owing(harbor, today, "Ben", 40, 5005)
    return ada, ben, owing(harbor, today, "Cleo", 3, 1000, location=other)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"balance_min": "50.05"}, ["Ada", "Ben"]),
        ({"balance_min": "50.06"}, ["Ada"]),
        ({"balance_max": "$50.05"}, ["Ben", "Cleo"]),
        ({"balance_min": "0", "balance_max": "10"}, ["Cleo"]),
        ({"balance_min": "1,000"}, []),
        ({"balance_min": "10", "balance_max": "60", "sort": "-owes"}, ["Ben", "Cleo"]),
    ],
)
def test_S2_50_balance_is_between_two_amounts_as_people_type_them(bill, three, asked, found):
    assert [name.split()[0] for name in names(bill.get(PLACE, asked))] == found


def test_S2_50_handles_reach_to_the_largest_balance_and_the_fields_keep_what_was_asked(bill, three):
    page = bill.get(PLACE, {"balance_min": "20", "balance_max": "90"}).content.decode()
    assert 'data-symbol="$" max="100" min="0" step="1" type="range"' in page
    assert 'name="balance_min" placeholder="From" value="20" data-span-min' in page
    assert 'name="balance_max" placeholder="To" value="90" data-span-max' in page
    assert "spans.js" in page
    assert '<summary class="btn">Balance</summary>' in page
    assert 'aria-label="Balance from, handle"' in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"balance_min": "much"}, "Balance:"),
        ({"balance_min": "90", "balance_max": "20"}, "The first amount is above the second."),
        ({"balance_max": "-1"}, "not negative"),
        ({"oldest_after": "2026-13-01"}, "Oldest invoice:"),
        ({"who": "999999"}, "Who:"),
        ({"balance_min": "9" * 40}, "Balance:"),
    ],
)
def test_wrong_filter_is_told_beside_the_list_and_narrows_nothing(bill, three, asked, words):
    page = bill.get(PLACE, asked, headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert words in text_of(page)
    assert len(names(page)) == 3


def test_S2_50_dates_of_the_oldest_invoice_and_place(bill, three, today):
    asked = {"oldest_after": today - timedelta(days=50), "oldest_before": today - timedelta(days=10)}
    assert names(bill.get(PLACE, asked)) == ["Ben Park"]
    place = Location.objects.get(name="Main Street")
    assert names(bill.get(PLACE, {"location": place.pk})) == ["Cleo Park"]


def test_S2_46_next_action_and_who_is_on_it(harbor, bill, three):
    ada, ben, _ = three
    plan_callback(ada.account, timezone.now() + timedelta(days=2), by=harbor.bill, member=harbor.adam)
    put_on_case(ben.account, harbor.adam, by=harbor.olga)
    assert names(bill.get(PLACE, {"next": "callback_set"})) == ["Ada Park"]
    assert names(bill.get(PLACE, {"who": harbor.adam.pk})) == ["Ben Park"]
    assert "Callback" in text_of(bill.get(PLACE, {"next": "callback_set"}))


def test_S2_50_empty_list_names_each_filter_and_what_it_hides(bill, three):
    page = bill.get(PLACE, {"balance_min": "60", "age": "0-30", "q": "park"})
    text = text_of(page)
    assert "No accounts match these filters" in text
    assert "Balance from: 60 hides 2 of 3 accounts" in text
    assert "Age: 0-30 days hides 2 of 3 accounts" in text
    assert "Account or patient: park hides 0 of 3 accounts" in text
    assert "Clear filters" in text
    assert 'href="?balance_min=60&amp;q=park" aria-label="Clear Age"' in page.content.decode()


def test_S2_9_nothing_owed_is_not_blamed_on_filters(bill, harbor):
    assert "Nobody owes anything" in text_of(bill.get(PLACE))
    assert "hides" not in text_of(bill.get(PLACE, {"balance_min": "60"}))


def test_S2_13_to_S2_19_amounts_stand_in_their_buckets(harbor, today, bill):
    """The row is bucketed by its oldest invoice; each bucket's amount has a column (G3)."""
    patient = owing(harbor, today, "Ada", 95, 10000)
    for age, amount in ((61, 2000), (60, 300), (31, 40), (30, 5)):
        a_charge(harbor, patient, amount, on=today - timedelta(days=age))
    row = bill.get(PLACE).content.decode().split("<tr data-row")[1]
    cells = [cell for cell in ("$0.05", "$3.40", "$20.00", "$100.00") if f">{cell}</td>" in row]
    assert cells == ["$0.05", "$3.40", "$20.00", "$100.00"]
    assert ">95</td>" in row


@pytest.mark.parametrize(("age", "place"), [(0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (400, 3)])
def test_case_G1_age_decides_the_bucket(harbor, today, bill, age, place):
    """S2.16–S2.19"""
    owing(harbor, today, "Ada", age, 12345)
    _, row = read_csv(bill.get(f"{PLACE}export.csv"))
    assert row[6:10] == ["123.45" if at == place else "0.00" for at in range(4)]


@pytest.mark.parametrize(
    ("applied_to", "buckets", "in_hand"),
    [
        ("the first", ["0.00", "150.00", "0.00", "0.00"], "0.00"),
        ("the second", ["0.00", "50.00", "100.00", "0.00"], "0.00"),
        ("nothing", ["0.00", "150.00", "100.00", "0.00"], "100.00"),
    ],
)
def test_case_G3_and_G4_credit_counts_where_it_is_attached_and_else_apart(
    harbor, today, bill, applied_to, buckets, in_hand
):
    patient = a_patient(harbor, "Ada", "Park")
    first = a_charge(harbor, patient, 10000, on=today - timedelta(days=85))
    second = a_charge(harbor, patient, 15000, on=today - timedelta(days=55))
    payment = a_payment(harbor, patient.account, 10000)
    charge = {"the first": first, "the second": second}.get(applied_to)
    if charge:
        apply_credit(credit_of(payment), [(charge, 10000)], by=harbor.bill)
    _, row = read_csv(bill.get(f"{PLACE}export.csv"))
    assert (row[6:10], row[10]) == (buckets, in_hand)
    if in_hand != "0.00":
        assert "In hand $100.00" in text_of(bill.get(f"{PLACE}{patient.account.ref}/"))


def test_file_is_exactly_what_is_filtered_in_its_order(harbor, bill, three, today):
    """S2.14, S2.15, S2.46"""
    ada, ben, cleo = three
    log_attempt(ada.account, Said("phone", AttemptOutcome.HUNG_UP), by=harbor.bill)
    head, *rows = read_csv(bill.get(f"{PLACE}export.csv", {"balance_min": "20", "sort": "owes", "page": "9"}))
    assert head[:6] == ["Account", "Name", "Patients", "Balance", "Days", "Oldest invoice"]
    assert [row[0] for row in rows] == [ben.account.ref, ada.account.ref]
    assert rows[1][3:6] == ["100.00", "95", str(today - timedelta(days=95))]
    assert rows[1][12:14] == ["Hung up", "Contact due"]
    book = read_xlsx(bill.get(f"{PLACE}export.xlsx").getvalue())
    assert [row[0] for row in book] == ["Account", ada.account.ref, ben.account.ref, cleo.account.ref]


def test_file_never_starts_a_formula(harbor, today, bill):
    owing(harbor, today, "=cmd()", 5)
    assert read_csv(bill.get(f"{PLACE}export.csv"))[1][1] == "'=cmd() Park"


def test_filters_are_kept_as_a_view(harbor, bill, three):
    asked = "balance_min=60&age=90%2B"
    assert "Save" in text_of(bill.get(f"{PLACE}?{asked}"))
    bill.post("/c/harbor/views/", {"page": "follow_ups", "name": "Old and large", "query": asked})
    page = bill.get(PLACE)
    assert "Old and large" in text_of(page)


def test_long_queue_is_walked_to_its_end(harbor, today, bill, monkeypatch):
    """Past the rows that are counted a list goes on by its keys, though a date may be missing elsewhere."""
    monkeypatch.setattr("clinicpay.ui.paging.CAP", 20)
    for age in range(40):
        owing(harbor, today, f"P{age:02}", age // 2)
    seen, page = [], bill.get(PLACE)
    for _ in range(3):
        seen += names(page)
        found = [link for link in page.context["table"].shown.links if link.label == "Next page"]
        if not found or not found[0].url:
            break
        page = bill.get(f"{PLACE}{found[0].url}")
    assert len(seen) == len(set(seen)) == 40


def test_long_queue_gets_its_totals_beside_the_page(harbor, today, bill, three, monkeypatch):
    """S2.16–S2.19: the page does not wait for sums over thousands of accounts; whoever has no script follows a tab."""
    monkeypatch.setattr("followups.views.queue.CAP", 2)
    page = bill.get(PLACE, {"age": "90+"})
    assert "$100.00 " in text_of(page)
    assert "90+ 1 ·" not in text_of(page)
    assert 'hx-get="/c/harbor/followups/ages/?age=90%2B"' in page.content.decode()
    part = bill.get(f"{PLACE}ages/", {"age": "90+"}, headers={"HX-Request": "true"})
    assert "All 3 · $160.05" in text_of(part)
    assert "90+ 1 · $100.00" in text_of(part)
    assert 'href="?age=90%2B" aria-current="page"' in part.content.decode()
