"""A day that closes while money is posted on it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from balances.models import ClosedDay, Posting
from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from tests.direct import connect, scratch
from tests.factories import a_patient, a_payment
from tests.races.crowd import a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)


def test_control_without_a_lock_a_posting_slips_behind_the_close():
    posted, closed = threading.Event(), threading.Event()

    def act(number: int) -> None:
        with connect() as connection:
            if number:
                posted.wait(20)
                connection.execute("insert into scratch values ('closed')")
                connection.commit()
                closed.set()
            else:
                assert not connection.execute("select 1 from scratch").fetchone()
                connection.execute("insert into scratch values ('posted')")
                posted.set()
                closed.wait(20)

    with scratch("what text"):
        assert not failures(rush(2, act))
        with connect() as connection:
            assert connection.execute("select count(*) from scratch").fetchone()[0] == 2


def test_close_waits_for_the_postings_of_its_day_even_when_nobody_asks_for_the_lock():
    home = a_clinic()
    today = clock.today(home.clinic)

    def close() -> None:
        with clinic_scope(home.clinic, home.olga.user):
            ClosedDay.objects.create(location=home.location, day=today)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with clinic_scope(home.clinic, home.rita.user):
            a_payment(home, a_patient(home).account, 100)
            closing = pool.submit(close)
            with pytest.raises(TimeoutError):
                closing.result(timeout=0.5)
        closing.result(timeout=5)
    with clinic_scope(home.clinic, home.rita.user):
        a_payment(home, a_patient(home).account, 100)
        days = list(Posting.objects.order_by("pk").values_list("business_date", flat=True))
        assert days == [today, today + timedelta(days=1)]


def test_posting_waits_for_a_close_and_lands_on_the_next_day():
    home = a_clinic()
    today = clock.today(home.clinic)

    def pay() -> None:
        with clinic_scope(home.clinic, home.rita.user):
            a_payment(home, a_patient(home).account, 100)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with clinic_scope(home.clinic, home.olga.user):
            ClosedDay.objects.create(location=home.location, day=today)
            paying = pool.submit(pay)
            with pytest.raises(TimeoutError):
                paying.result(timeout=0.5)
        paying.result(timeout=5)
    with clinic_scope(home.clinic):
        assert Posting.objects.get().business_date == today + timedelta(days=1)
