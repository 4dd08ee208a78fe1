"""Counting the drawer (K6): one sum where notes and coins aren't known, wrong sums, a page that is out of date."""

import re

import pytest

from balances.models import ClosedDay
from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close import services
from clinicpay.close.models import CashCount, DailyClose
from clinicpay.close.services import close_day, reopen_day, start_review
from payments.states import Method
from tests.close.desk import Desk
from tests.deposits.slips import paid
from tests.factories import a_count, a_patient, a_payment, make_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def desk(client, harbor, today):
    start_review(harbor.location, today, by=harbor.bill)
    return Desk(client, harbor, today).enter("adam")


@pytest.fixture
def rupees(client):
    """A day in review of a clinic whose notes and coins we don't know, with 120.00 taken in cash."""
    home = make_clinic("pune", currency="INR")
    with clinic_scope(home.clinic):
        day = clock.today(home.clinic)
        a_payment(home, a_patient(home).account, 12000)
        start_review(home.location, day, by=home.bill)
    return Desk(client, home, day).enter("adam")


def shown(desk: Desk) -> str:
    """The mark of the count page as it is shown now."""
    desk.get("close_count")
    return re.search(r'name="seen" value="([^"]*)"', desk.html)[1]


def counts(desk: Desk) -> list[int]:
    with clinic_scope(desk.home.clinic):
        return list(CashCount.objects.order_by("pk").values_list("counted", flat=True))


def test_one_sum_is_typed_where_no_notes_are_known(rupees):
    words = rupees.get("close_count")[1]
    assert "Cash counted" in words
    assert "Pieces" not in words
    assert "data-piece-total" in rupees.html
    status, words = rupees.post("close_count", {"opening": "0", "kept": "20.00", "total": "110.00"})
    assert status == 200
    assert "The count was saved." in words
    assert "₹10.00 short" in words
    assert counts(rupees) == [11000]
    rupees.get("close_count")
    assert 'value="110.00"' in rupees.html
    closed = rupees.close(why_K5="Deposit", **{"why_K6-cash": "Ten given out as change"})[1]
    assert "DC-001 closes" in closed
    rupees.get("close_sheet", "?version=1")
    assert rupees.html.startswith("%PDF")


@pytest.mark.parametrize(
    ("total", "says"),
    [
        ("", "Type what was counted: 0 if nothing lies there."),
        ("  ", "Type what was counted"),
        ("-5", "not negative"),
        ("12.345", "at most 2 decimals"),
        ("1e3", "an amount"),
        ("ten", "amount"),
        ("9" * 20, "at most"),
    ],
)
def test_sum_that_is_none_is_refused_and_kept_as_it_was_typed(rupees, total, says):
    status, words = rupees.post("close_count", {"opening": "0", "kept": "0", "total": total})
    assert status == 422
    assert says in words
    assert counts(rupees) == []


@pytest.mark.parametrize("typed", ["-", "--", "-abc", "12.345", "1e3", "9" * 30])
def test_terminal_total_that_is_none_is_refused(harbor, desk, today, typed):
    """A dash was once taken for zero."""
    paid(harbor, 12000, Method.CARD)
    status, words = desk.count({}, t_card=typed)
    assert status == 422
    assert "amount" in words.partition("Terminals")[2]
    assert not CashCount.objects.exists()


@pytest.mark.parametrize("field", ["opening", "kept"])
@pytest.mark.parametrize("typed", ["-1", "1.234", "x"])
def test_float_that_is_none_is_refused(desk, field, typed):
    assert desk.count({2000: 1}, **{field: typed})[0] == 422
    assert not CashCount.objects.exists()


def test_count_of_a_stale_page_replaces_no_count_that_was_not_seen(harbor, desk, today):
    """Two people count: who saves second is told what the first counted, and may still save."""
    stale = shown(desk)
    desk.enter("bill").count({2000: 3}, seen=stale)
    assert counts(desk) == [6000]
    status, words = desk.enter("adam").count({2000: 2}, seen=stale)
    assert status == 422
    assert "Meanwhile $60.00 was counted. Nothing was saved." in words
    assert counts(desk) == [6000]
    again = re.search(r'name="seen" value="([^"]*)"', desk.html)[1]
    assert again != stale
    assert "The count was saved." in desk.count({2000: 2}, seen=again)[1]
    assert counts(desk) == [6000, 4000]


def test_count_of_a_page_from_before_the_day_was_opened_again_is_not_of_the_new_version(harbor, desk, today):
    stale = shown(desk)
    close_day(harbor.location, today, by=harbor.adam)
    assert "Cash is counted while a day is in review." in desk.count({2000: 1}, seen=stale)[1]
    reopen_day(harbor.location, today, by=harbor.olga, reason="A cheque was forgotten")
    status, words = desk.count({2000: 1}, seen=stale)
    assert (status, "Meanwhile this day was opened again" in words) == (422, True)
    assert counts(desk) == []


def test_the_same_count_sent_twice_is_one(desk):
    form = {"n_2000": "1", "opening": "0", "kept": "0", "seen": shown(desk), "request_key": "0" * 31 + "1"}
    assert desk.client.post(desk.at("close_count"), form).status_code == 302
    assert desk.client.post(desk.at("close_count"), form).status_code in {302, 422}
    assert counts(desk) == [2000]


def test_who_was_let_in_second_is_told_that_the_day_is_closed(harbor, desk, today, monkeypatch):
    """The close of somebody else comes between the look at the day and the lock on it."""
    a_payment(harbor, a_patient(harbor).account, 100)
    a_count(harbor, today)
    seen = desk.seen()
    act = services.close_day

    def slow(*given, **named):
        monkeypatch.setattr(services, "close_day", act)
        act(harbor.location, today, by=harbor.olga, reason="I was first")
        return act(*given, **named)

    monkeypatch.setattr(services, "close_day", slow)
    status, words = desk.post("close_act", {"seen": seen, "why_K5": "Deposit"})
    assert status == 200
    assert "DC-001 has closed this day already. Nothing was changed." in words
    assert DailyClose.objects.count() == ClosedDay.objects.count() == 1
