"""The review of follow-up work (S2.47): who reached whom, what was promised and kept, and what money came of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from balances.models import Entry
from balances.services import apply_credit, undo_allocation
from balances.states import EntryKind
from clinicpay.clinics import clock
from followups.models import Attempt, Callback, Promise
from followups.queries.review import RECOVERY_DAYS, Applied, Reach, Span, reaches, recovered
from followups.services import cancel_callback, judge_promises, log_attempt, make_promise, open_case
from followups.services.contacts import Said
from followups.states import AttemptOutcome
from payments.services import reverse_payment
from tests.balances.money import credit_of
from tests.downloads import read_xlsx
from tests.factories import a_charge, a_patient, a_payment
from tests.followups.pages import browser, text_of
from tests.followups.queue import read_csv

pytestmark = pytest.mark.django_db
PLACE = "/c/harbor/reports/follow-ups/"


@pytest.fixture
def span(harbor, today):
    return Span(harbor.clinic, today - timedelta(days=90), today)


def owes(home, amount: int = 10000, name: str = "Ada"):
    return a_charge(home, a_patient(home, name, "Park"), amount)


def said(charge, by, outcome=AttemptOutcome.NO_ANSWER, **more) -> Attempt:
    """An attempt that a person makes: the database notes who is signed in."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.user_id', %s, true)", [str(by.user_id)])
    return log_attempt(charge.account, Said("phone", outcome, **more), by=by)


def came(span) -> list[tuple[int | None, int]]:
    return [(one.who, one.minor) for one in recovered(span)]


def test_S2_47_page_counts_attempts_promises_and_money_by_person(harbor, today):
    ada, ben, cleo = (owes(harbor, 10000, name) for name in ("Ada", "Ben", "Cleo"))
    said(ada, harbor.bill)
    said(ada, harbor.bill, AttemptOutcome.PROMISED, promised=4000, promised_for=today)
    said(ben, harbor.bill, AttemptOutcome.PROMISED, promised=2000, promised_for=today)
    said(cleo, harbor.adam, AttemptOutcome.REFUSED)
    a_payment(harbor, ada.account, 4000, (ada, 4000))
    a_payment(harbor, cleo.account, 1234, (cleo, 1234))
    judge_promises(by=harbor.itself, day=today + timedelta(days=1))

    text = text_of(browser(harbor.olga).get(PLACE))
    assert "Bill 3 attempts 2 67% reached 2 $60.00 1 0 1 0 of 0 $40.00" in text
    assert "Adam 1 attempts 1 100% reached 0 $0.00 0 0 0 0 of 0 $12.34" in text
    assert "All 4 attempts 3 75% reached 2 $60.00 1 0 1 0 of 0 $52.34" in text
    assert "Attempts 4 3 reached somebody" in text
    assert "within 30 days after an attempt" in text
    assert "Recovered over time" in text


def test_S2_47_billing_sees_its_own_figures_alone(harbor, today):
    ada, ben = owes(harbor), owes(harbor, 5000, "Ben")
    said(ada, harbor.bill)
    said(ben, harbor.adam)
    for asked in ({}, {"who": harbor.adam.user_id}):
        page = browser(harbor.bill).get(PLACE, asked)
        assert "Bill 1 attempts" in text_of(page)
        assert "Adam" not in text_of(page).replace("Your own figures; admins", "")
        assert "Your own figures" in text_of(page)
    _, *rows = read_csv(browser(harbor.bill).get("/c/harbor/reports/follow-ups.csv"))
    assert [row[2] for row in rows] == ["Bill"]


def test_S2_47_owner_chooses_a_person(harbor, today):
    said(owes(harbor), harbor.bill)
    said(owes(harbor, 5000, "Ben"), harbor.adam)
    text = text_of(browser(harbor.olga).get(PLACE, {"who": harbor.adam.user_id}))
    assert "Adam 1 attempts" in text
    assert "Bill 1 attempts" not in text


@pytest.mark.parametrize("who", ["rita", "petra"])
def test_S2_47_others_see_no_review_and_no_entry(harbor, who):
    client = browser(getattr(harbor, who))
    assert client.get(PLACE).status_code == 403
    assert "reports/follow-ups" not in client.get("/c/harbor/today/").content.decode()


def test_money_counts_once_for_the_latest_attempt(harbor, span):
    """Two people called, one payment came: it is not counted twice."""
    ada = owes(harbor)
    said(ada, harbor.bill)
    said(ada, harbor.adam)
    a_payment(harbor, ada.account, 3000, (ada, 3000))
    assert came(span) == [(harbor.adam.user_id, 3000)]


def test_money_before_the_attempt_and_of_others_accounts_is_not_its_doing(harbor, span):
    ada, ben = owes(harbor), owes(harbor, 5000, "Ben")
    a_payment(harbor, ada.account, 3000, (ada, 3000))
    said(ada, harbor.bill)
    a_payment(harbor, ben.account, 1000, (ben, 1000))
    assert came(span) == []


def test_money_that_was_in_hand_before_is_not_recovered(harbor, today, span):
    ada = owes(harbor)
    payment = a_payment(harbor, ada.account, 3000, on=today - timedelta(days=3))
    said(ada, harbor.bill)
    apply_credit(credit_of(payment), [(ada, 3000)], by=harbor.rita)
    assert came(span) == []


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALLED = Reach(NOON, NOON.date(), NOON.date() + timedelta(days=RECOVERY_DAYS), 1)


@pytest.mark.parametrize(
    ("days", "hours", "received", "counts"),
    [
        (0, 1, 0, True),
        (0, -1, 0, False),
        (30, 0, 30, True),
        (31, 0, 31, False),
        (30, 0, 0, True),
        (30, 0, -1, False),
    ],
)
def test_money_counts_after_the_attempt_and_for_thirty_days(days, hours, received, counts):
    """Applied `days` and `hours` after the attempt, received `received` days after its day."""
    moment = NOON + timedelta(days=days, hours=hours)
    assert CALLED.explains(Applied(1, 100, moment, moment.date(), NOON.date() + timedelta(days=received))) is counts


def test_promise_reaches_to_its_last_day(harbor, today, span):
    """Who brought the promise has the money until then, though a colleague called in between."""
    ada = owes(harbor)
    said(ada, harbor.bill, AttemptOutcome.PROMISED, promised=3000, promised_for=today + timedelta(days=45))
    said(ada, harbor.adam)
    later, first = reaches(span)[ada.account_id]
    assert (later.who, later.until) == (harbor.adam.user_id, today + timedelta(days=30))
    assert (first.who, first.until) == (harbor.bill.user_id, today + timedelta(days=45))


def test_money_that_went_away_again_is_not_recovered(harbor, span):
    ada = owes(harbor)
    said(ada, harbor.bill)
    reverse_payment(a_payment(harbor, ada.account, 3000, (ada, 3000)), by=harbor.bill, reason="wrong")
    assert came(span) == []


def test_rest_of_an_allocation_keeps_its_moment_and_its_attempt(harbor, span):
    """A part undone twice, after a colleague's attempt: what is left is still what Bill had recovered."""
    ada = owes(harbor)
    said(ada, harbor.bill)
    a_payment(harbor, ada.account, 3000, (ada, 3000))
    said(ada, harbor.adam)
    for keep in (2000, 500):
        entry = Entry.objects.get(kind=EntryKind.ALLOCATE, charge=ada, reversed_by=None)
        undo_allocation(entry.pk, by=harbor.rita, reason="too much", keep=keep)
    assert came(span) == [(harbor.bill.user_id, 500)]


def test_money_belongs_to_the_day_on_which_it_came(harbor, today, span):
    """Periods side by side count it once."""
    ada = owes(harbor)
    said(ada, harbor.bill)
    a_payment(harbor, ada.account, 1000, (ada, 1000))
    before = Span(harbor.clinic, today - timedelta(days=30), today - timedelta(days=1))
    assert (came(before), len(came(Span(harbor.clinic, today, today)))) == ([], 1)


def test_S2_47_callbacks_are_on_time_when_the_account_was_contacted_that_day(harbor, today):
    ada, ben, cleo = (owes(harbor, 1000, name) for name in ("Ada", "Ben", "Cleo"))
    start, _ = clock.day_bounds(harbor.clinic, today)
    for charge in (ada, ben, cleo):
        case = open_case(charge.account, by=harbor.bill)
        Callback.objects.create(case=case, member=harbor.bill, due_at=start)
    cancel_callback(Callback.objects.get(case__account=cleo.account), by=harbor.bill)
    said(ada, harbor.adam)
    _, *rows = read_csv(browser(harbor.olga).get("/c/harbor/reports/follow-ups.csv"))
    assert {row[2]: row[12:] for row in rows} == {"Adam": ["0", "0"], "All": ["2", "1"], "Bill": ["2", "1"]}


def test_S2_47_files_say_the_period_and_the_sum(harbor, today):
    said(owes(harbor), harbor.bill)
    said(owes(harbor, 5000, "Ben"), harbor.adam)
    client = browser(harbor.olga)
    head, *rows = read_csv(client.get("/c/harbor/reports/follow-ups.csv", {"since": today, "until": today}))
    assert head[:4] == ["From", "To", "Who", "Attempts"]
    assert [row[:2] for row in rows] == [[str(today), str(today)]] * 3
    assert [row[2:4] for row in rows] == [["Adam", "1"], ["Bill", "1"], ["All", "2"]]
    book = read_xlsx(client.get("/c/harbor/reports/follow-ups.xlsx").getvalue())
    assert [row[2] for row in book] == ["Who", "Adam", "Bill", "All"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"since": "2026-02-30"}, "Enter a valid date."),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "The first day is after the last."),
        ({"until": "9999-12-31"}, "Choose today or an earlier day."),
        ({"since": "2001-01-01"}, "Choose two years at most."),
        ({"who": "me"}, "Select a valid choice"),
    ],
)
def test_wrong_period_is_told_and_the_usual_one_is_shown(harbor, asked, words):
    page = browser(harbor.olga).get(PLACE, asked)
    assert page.status_code == 200
    assert words in text_of(page)


def test_presets_are_addresses(harbor, today):
    page = browser(harbor.olga).get(PLACE).content.decode()
    last = today.replace(day=1) - timedelta(days=1)
    assert f'href="?since={last.replace(day=1)}&amp;until={last}"' in page or f"until={last}" in page
    assert "Nobody was contacted in this period" in page


def test_promise_that_was_not_brought_by_an_attempt_counts_for_nobody(harbor, today):

    make_promise(owes(harbor).account, 100, today, by=harbor.bill)
    assert Promise.objects.count() == 1
    assert "Nobody was contacted" in text_of(browser(harbor.olga).get(PLACE))
