"""A day that closes while money is posted on it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connections
from psycopg import errors

from balances.models import ClosedDay, Posting
from balances.services import complete_event
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.services import close_day, start_review
from followups.models import Case
from payments.services import Order, Tender, record_payment
from payments.states import Method
from tests.balances.attacks import act, line
from tests.direct import connect, scratch
from tests.factories import a_charge, a_closed_day, a_locked_day, a_patient, a_payment, a_review, an_event
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush, until_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def test_control_without_a_lock_a_posting_slips_behind_the_close():
    posted, closed = threading.Event(), threading.Event()

    def act(number: int) -> None:
        with connect() as connection:
            if number:
                assert posted.wait(PATIENCE)
                connection.execute("insert into scratch values ('closed')")
                connection.commit()
                closed.set()
            else:
                assert not connection.execute("select 1 from scratch").fetchone()
                connection.execute("insert into scratch values ('posted')")
                posted.set()
                assert closed.wait(PATIENCE)

    with scratch("what text"):
        assert not failures(rush(2, act))
        with connect() as connection:
            assert connection.execute("select count(*) from scratch").fetchone()[0] == 2


def told_after(home, first, act, second, other) -> str:
    """What somebody is told who waited for what somebody else was doing; "" if it was done after all."""

    def follow() -> str:
        try:
            with clinic_scope(home.clinic, second.user):
                other()
        except Refusal as refusal:
            return str(refusal)
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(1) as pool:
        with clinic_scope(home.clinic, first.user):
            act()
            following = pool.submit(follow)
            until_waiting()
            assert not following.done()
        return following.result(PATIENCE)


def test_close_waits_for_the_postings_of_its_day_even_when_nobody_asks_for_the_lock():
    home = a_clinic()
    today = clock.today(home.clinic)

    def pay() -> None:
        a_payment(home, a_patient(home).account, 100)

    assert told_after(home, home.rita, pay, home.olga, lambda: a_closed_day(home, today)) == ""

    with clinic_scope(home.clinic, home.rita.user):
        a_payment(home, a_patient(home).account, 100)
        days = list(Posting.objects.order_by("pk").values_list("business_date", flat=True))
        assert days == [today, today + timedelta(days=1)]


def test_posting_waits_for_a_close_and_lands_on_the_next_day():
    home = a_clinic()
    today = clock.today(home.clinic)

    def pay() -> None:
        a_payment(home, a_patient(home).account, 100)

    assert told_after(home, home.olga, lambda: a_closed_day(home, today), home.rita, pay) == ""

    with clinic_scope(home.clinic):
        assert Posting.objects.get().business_date == today + timedelta(days=1)


SEES = "select count(*) from balances_closedday where reopened_at is null"


def begun(home, level: psycopg.IsolationLevel) -> psycopg.Connection:
    """A transaction of Rita's, begun at an isolation level before anything is closed."""
    connection = connect()
    connection.isolation_level = level
    pins = [str(home.clinic.pk), str(home.rita.user_id)]
    connection.execute("select set_config('app.clinic_id', %s, true), set_config('app.user_id', %s, true)", pins)
    assert connection.execute(SEES).fetchone() == (0,)
    return connection


@pytest.mark.parametrize(
    ("level", "sees", "refusal"),
    [
        (psycopg.IsolationLevel.READ_COMMITTED, 1, "ledger_closed_day"),
        (psycopg.IsolationLevel.REPEATABLE_READ, 0, "ledger_isolation"),
        (psycopg.IsolationLevel.SERIALIZABLE, 0, "ledger_isolation"),
    ],
)
def test_transaction_begun_before_the_close_posts_nothing_on_the_closed_day(level, sees, refusal):
    """The older snapshots are the control: they don't see the close, so only the refusal keeps them out."""
    home = a_clinic()
    today = clock.today(home.clinic)
    with clinic_scope(home.clinic, home.rita.user):
        charge = a_charge(home, a_patient(home), 100)
        a_review(home, charge.event)
    ids = {"clinic": home.clinic.pk, "location": home.location.pk, "today": today}
    with closing(begun(home, level)) as late:
        with clinic_scope(home.clinic, home.olga.user):
            a_closed_day(home, today)
        assert late.execute(SEES).fetchone() == (sees,)
        with pytest.raises(errors.CheckViolation) as caught:
            late.execute(act("write_off", line("write_off", str(charge.pk), -1)), ids)
        assert caught.value.diag.constraint_name == refusal
    with clinic_scope(home.clinic):
        assert Posting.objects.filter(business_date=today).count() == 1


def late(home, day) -> None:
    """Cash of an earlier day, entered now by who may choose that."""
    order = Order(home.location, [Tender(Method.CASH, 100)], day=day, late_reason="found in the drawer")
    record_payment(a_patient(home).account, order, by=home.adam)


def test_close_of_the_day_before_waits_for_money_that_is_entered_for_it():
    home = a_clinic()
    day = clock.today(home.clinic) - timedelta(days=1)
    with clinic_scope(home.clinic, home.olga.user):
        a_locked_day(home.location, day - timedelta(days=1))
        start_review(home.location, day, by=home.adam)

    said = told_after(
        home, home.adam, lambda: late(home, day), home.olga, lambda: close_day(home.location, day, by=home.olga)
    )

    assert "can't be closed" in said, "its cash was not counted"
    with clinic_scope(home.clinic):
        assert Posting.objects.get().business_date == day
        assert not ClosedDay.objects.filter(day=day).exists()


def test_money_for_the_day_before_waits_for_its_close_and_is_refused():
    home = a_clinic()
    day = clock.today(home.clinic) - timedelta(days=1)
    with clinic_scope(home.clinic, home.olga.user):
        a_locked_day(home.location, day - timedelta(days=1))

    said = told_after(home, home.olga, lambda: a_locked_day(home.location, day), home.adam, lambda: late(home, day))

    assert "is closed at" in said
    with clinic_scope(home.clinic):
        assert not Posting.objects.exists()


def test_close_of_a_later_day_waits_for_money_of_an_earlier_one_and_then_comes_after_it():
    """Nothing had happened on the earlier day, so nobody had to close it; now somebody has to, first."""
    home = a_clinic()
    today = clock.today(home.clinic)
    home.clinic.created_at -= timedelta(days=9)
    day, later = today - timedelta(days=2), today - timedelta(days=1)
    with clinic_scope(home.clinic, home.olga.user):
        a_locked_day(home.location, day - timedelta(days=1))
        start_review(home.location, later, by=home.adam)

    said = told_after(
        home, home.adam, lambda: late(home, day), home.olga, lambda: close_day(home.location, later, by=home.olga)
    )

    assert "Days close in order" in said
    with clinic_scope(home.clinic):
        assert not ClosedDay.objects.filter(day=later).exists()


def test_two_people_who_close_a_day_close_it_once():
    home = a_clinic()
    today = clock.today(home.clinic)
    with clinic_scope(home.clinic, home.rita.user):
        start_review(home.location, today, by=home.bill)

    results = rush(6, in_scope(home, lambda number: close_day(home.location, today, by=home.adam)))

    assert len(failures(results, Refusal)) == len(failures(results)) == 5
    with clinic_scope(home.clinic):
        assert ClosedDay.objects.count() == 1


def test_completing_treatments_and_closing_their_day_never_wait_for_each_other():
    home = a_clinic()
    today = clock.today(home.clinic)
    with clinic_scope(home.clinic, home.rita.user):
        events = [an_event(home, a_patient(home), 100, service_at=clock.noon(home.clinic, today)) for _ in range(6)]
        start_review(home.location, today, by=home.bill)

    def work(number: int) -> None:
        if number < len(events):
            complete_event(events[number], by=home.rita)
        else:
            close_day(home.location, today, by=home.adam, reason="In a hurry")

    results = rush(len(events) + 1, in_scope(home, work))

    assert not failures(results[:-1])
    assert not failures([one for one in results if not isinstance(one, Refusal)])
    with clinic_scope(home.clinic):
        assert Posting.objects.count() == len(events)


def test_case_and_the_payment_of_its_debt_never_pass_each_other():
    """Whichever comes first: afterwards an open case has debt, in raw SQL too."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        charges = [a_charge(home, a_patient(home), 100) for _ in range(4)]

    def work(number: int) -> None:
        charge = charges[number // 2]
        if number % 2:
            Case.objects.create(account_id=charge.account_id)
        else:
            a_payment(home, charge.account, 100, (charge, 100))

    results = rush(2 * len(charges), in_scope(home, work))

    assert not failures([one for one in results if not isinstance(one, IntegrityError)])
    with clinic_scope(home.clinic):
        assert not Case.objects.exclude(state="closed").filter(account__owes=0).exists()
