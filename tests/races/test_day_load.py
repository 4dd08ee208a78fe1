"""I8 under load: sixteen people post while the day is closed, and none of it lands in what was closed."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg
import pytest
from django.db import connection

from balances.models import Posting
from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import DailyClose
from clinicpay.close.queries import totals_of_day
from clinicpay.close.services import close_day, start_review
from tests.factories import Clinicful, a_count, a_patient, a_payment
from tests.races.crowd import PATIENCE, a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, EACH = 16, 12

GUARDED = ("ledger_stamp_posting", "ledger_open_date", "ledger_close_day")
"""The functions that take the lock of a location's day."""


def post_while_the_day_closes(home: Clinicful, today: date, *, is_held: bool = False) -> tuple[list, dict]:
    """What each person got (the close is the last), and what the ledger has of the day's tenders afterwards.

    Everybody is in the middle of it when the close begins, and posts once more after it. `is_held` commits one posting
    only when the day is closed: the close that waits for the day's postings would never end.
    """
    with clinic_scope(home.clinic, home.rita.user):
        accounts = [a_patient(home).account for _ in range(PEOPLE)]
        start_review(home.location, today, by=home.bill)
        a_count(home, today)
    middle, posted, closed = threading.Barrier(PEOPLE + 1), threading.Event(), threading.Event()

    def post(number: int) -> None:
        for turn in range(EACH):
            if turn == 3:
                middle.wait(PATIENCE)
            if turn == EACH - 1:
                assert closed.wait(PATIENCE)
            with clinic_scope(home.clinic, home.rita.user):
                a_payment(home, accounts[number], 100)
                if is_held and (number, turn) == (0, 3):
                    posted.set()
                    assert closed.wait(PATIENCE)

    def close(_number: int) -> DailyClose:
        middle.wait(PATIENCE)
        assert posted.wait(PATIENCE)
        try:
            with clinic_scope(home.clinic, home.adam.user):
                return close_day(home.location, today, by=home.adam, reason="In the middle of the crowd")
        finally:
            closed.set()

    if not is_held:
        posted.set()
    results = rush(PEOPLE + 1, lambda number: (post if number < PEOPLE else close)(number))
    with clinic_scope(home.clinic):
        return results, totals_of_day(home.location, today)["tenders"]


@contextmanager
def without_the_lock() -> Iterator[None]:
    """The ledger's functions as they are but for the lock; whole again afterwards."""
    login = {"conninfo": os.environ["DATABASE_SUPERUSER_URL"], "dbname": connection.settings_dict["NAME"]}
    with psycopg.connect(**login, autocommit=True) as superuser:
        query = "select pg_get_functiondef(p.oid) from pg_proc p where p.proname = any(%s)"
        whole = [row[0] for row in superuser.execute(query, [list(GUARDED)])]
        bare = [re.sub(r"perform pg_advisory_xact_lock\w*\([^;]*;", "", text) for text in whole]
        assert len(whole) == len(GUARDED)
        assert all(before != after for before, after in zip(whole, bare, strict=True))
        try:
            for text in bare:
                superuser.execute(text)
            yield
        finally:
            for text in whole:
                superuser.execute(text)


def test_control_without_the_lock_postings_slip_into_the_closed_day():
    """Who chose today's date before the close and writes after it may also be refused: the date's own check sees it."""
    home = a_clinic()
    with without_the_lock():
        results, found = post_while_the_day_closes(home, clock.today(home.clinic), is_held=True)
    assert all("That day is closed" in str(error) for error in failures(results))
    assert results[-1].snapshot["tenders"]["cash"]["in"] < found["cash"]["in"]


def test_nothing_lands_in_a_day_that_is_being_closed_by_sixteen_people():
    """I8: what is posted is either in the closed version or on the next day, to the cent."""
    home = a_clinic()
    today = clock.today(home.clinic)
    results, found = post_while_the_day_closes(home, today)
    assert not failures(results)
    kept = results[-1].snapshot["tenders"]
    assert kept == found
    with clinic_scope(home.clinic):
        assert Posting.objects.filter(kind="receive").count() == PEOPLE * EACH
        later = Posting.objects.filter(kind="receive").exclude(business_date=today).count()
    assert kept["cash"]["in"] == 100 * (PEOPLE * EACH - later)
    assert later
