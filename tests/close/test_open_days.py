"""Which days are to be closed is one rule for Daily close, the order of closing and Overview; so are their gaps."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from balances.models import ClosedDay, Posting
from balances.services import complete_event
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.days import DONE, OpenDay, earlier_open_day, open_days
from clinicpay.close.queries.gaps import gaps_of
from clinicpay.close.queries.listing import days
from clinicpay.close.services import reopen_day, start_review
from followups.services import plan_callback
from payments.services import Order, Tender, record_payment, reverse_payment
from payments.states import Method
from tests.close.desk import Desk
from tests.factories import a_closed_day, a_locked_day, a_patient, a_payment, a_review, an_event
from treatments.models import TreatmentEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def annex(harbor):
    return Location.objects.create(name="Annex")


@pytest.fixture
def week(harbor, annex):
    """A clinic that came six days ago, whose day begins at four; something of every kind has happened since."""
    harbor.clinic.created_at -= timedelta(days=6)
    harbor.clinic.day_starts_at = 4
    today = clock.today(harbor.clinic)  # only now: before four in the morning it is still yesterday
    ethan = a_patient(harbor)
    at = [today - timedelta(days=number) for number in range(9)]
    a_payment(harbor, ethan.account, 100, on=at[8])  # before the clinic came
    an_event(harbor, ethan, 100, service_at=clock.noon(harbor.clinic, at[7]))
    late = clock.day_bounds(harbor.clinic, at[5])[1] - timedelta(hours=1)  # three at night, of the day before
    an_event(harbor, ethan, 100, service_at=late)
    cancelled = an_event(harbor, ethan, 100, service_at=clock.noon(harbor.clinic, at[4]))
    TreatmentEvent.objects.filter(pk=cancelled.pk).update(state="cancelled")
    a_payment(harbor, ethan.account, 100, on=at[3])
    a_payment(harbor, ethan.account, 100, on=at[3], location=annex)
    an_event(harbor, ethan, 100, service_at=clock.noon(harbor.clinic, at[2]), location=annex)
    a_payment(harbor, ethan.account, 100)
    return at


def by_hand(clinic) -> Iterator[tuple[int, date]]:
    """The rule, row by row."""
    first, last = clock.first_day(clinic), clock.today(clinic)
    locked = set(ClosedDay.objects.filter(reopened_at=None).values_list("location", "day"))
    busy = set(Posting.objects.values_list("location", "business_date"))
    for event in TreatmentEvent.objects.exclude(state__in=DONE):
        busy.add((event.location_id, clock.business_day(clinic, event.service_at)))
    for one in DailyClose.objects.filter(state__in=["open", "reviewing"]):
        yield one.location_id, one.day
    for place, day in busy - locked:
        if first <= day <= last:
            yield place, day
    for place, day in set(_entered()) - locked:
        if last - timedelta(days=31) <= day < first:
            yield place, day


def _entered() -> Iterator[tuple[int, date]]:
    """Where and for which days people took money."""
    yield from Posting.objects.filter(kind="receive", source="manual").values_list("location", "business_date")


def found(clinic, **more) -> list[tuple[int, date]]:
    return [(one.location_id, one.day) for one in open_days(clinic, **more)]


def test_open_days_are_those_on_which_something_happened_and_that_nobody_closed(harbor, annex, week):
    """S0.9, S0.24: the same as the rule row by row, before a close and after it, in order."""
    here = harbor.location.pk
    expected = [(here, week[5]), (annex.pk, week[3]), (here, week[3]), (annex.pk, week[2]), (here, week[0])]
    assert found(harbor.clinic) == expected
    assert set(expected) == set(by_hand(harbor.clinic))
    a_closed_day(harbor, week[5])
    assert found(harbor.clinic) == expected[1:]
    assert set(expected[1:]) == set(by_hand(harbor.clinic))
    reopen_day(harbor.location, week[5], by=harbor.olga, reason="A cheque was forgotten")
    again = open_days(harbor.clinic)[0]
    assert again == OpenDay(here, str(harbor.location), week[5], "reviewing", 2)


def test_days_of_one_location_and_before_a_day(harbor, annex, week):
    assert found(harbor.clinic, location=annex.pk) == [(annex.pk, week[3]), (annex.pk, week[2])]
    assert found(harbor.clinic, before=week[3]) == [(harbor.location.pk, week[5])]
    assert earlier_open_day(harbor.clinic, annex, week[2]) == week[3]
    assert earlier_open_day(harbor.clinic, annex, week[3]) is None
    assert earlier_open_day(harbor.clinic, annex, week[8]) is None


def test_a_day_whose_review_has_begun_waits_wherever_days_are_listed(client, harbor, today):
    """Also one from before the clinic came, as a demo has it: Overview once left out what Daily close listed."""
    before = today - timedelta(days=3)
    a_payment(harbor, a_patient(harbor).account, 100, on=before)
    assert found(harbor.clinic) == []
    start_review(harbor.location, before, by=harbor.bill)
    assert found(harbor.clinic) == [(harbor.location.pk, before)]
    desk = Desk(client, harbor, before).enter("olga")
    assert "Reviewing" in desk.get("close_days")[1]
    link = f'href="{desk.at("close_day")}"'
    assert link in desk.html
    assert link in client.get("/c/harbor/").content.decode()
    assert earlier_open_day(harbor.clinic, harbor.location, today) == before


def test_a_day_before_the_clinic_came_waits_once_money_is_entered_for_it(harbor, today):
    """A demo has days of before; what was brought in on them nobody closes."""
    ethan, days = a_patient(harbor), [today - timedelta(days=number) for number in range(4)]
    a_locked_day(harbor.location, days[3])
    brought = a_payment(harbor, ethan.account, 100, on=days[2])
    a_payment(harbor, ethan.account, 100, on=days[1])
    reverse_payment(brought, by=harbor.bill, reason="entered twice")
    assert found(harbor.clinic) == []
    order = Order(harbor.location, [Tender(Method.CASH, 100)], day=days[1], late_reason="found in the drawer")
    record_payment(ethan.account, order, by=harbor.adam)
    assert found(harbor.clinic) == [(harbor.location.pk, days[1])] == list(by_hand(harbor.clinic))
    assert earlier_open_day(harbor.clinic, harbor.location, today) == days[1]
    a_locked_day(harbor.location, days[1])
    assert found(harbor.clinic) == [] == list(by_hand(harbor.clinic))


def test_list_of_days_is_what_waits_and_then_what_was_closed(harbor, annex, week):
    a_closed_day(harbor, week[5])
    a_closed_day(harbor, week[3])
    rows = days(harbor.clinic)
    assert [(one.location, one.day) for one in rows] == [
        ("Annex", week[3]),
        ("Annex", week[2]),
        (str(harbor.location), week[0]),
        (str(harbor.location), week[3]),
        (str(harbor.location), week[5]),
    ]
    assert [one.is_next for one in rows] == [True, False, True, False, False]


def test_rule_and_gaps_are_one_question_each_however_many_days(harbor, week):
    asked = {}
    for size, span in ((1, week[:1]), (9, week)):
        with CaptureQueriesContext(connection) as queries:
            assert open_days(harbor.clinic)
            assert len(gaps_of(harbor.clinic, [(harbor.location.pk, day) for day in span])) == size
        asked[size] = len(queries)
    assert asked == {1: 2, 9: 2}
    assert gaps_of(harbor.clinic, []) == []


def test_s0_24_flagged_balance_is_no_gap_of_its_day_and_an_unflagged_one_is(client, harbor, today):
    """K3 is the same for Overview, for the list and for the close."""
    ethan = a_patient(harbor)
    event = an_event(harbor, ethan, 10000, service_at=clock.noon(harbor.clinic, today))
    complete_event(event, by=harbor.petra)
    event.refresh_from_db()
    desk = Desk(client, harbor, today).enter("olga")
    a_review(harbor, event)
    [gaps] = gaps_of(harbor.clinic, [(harbor.location.pk, today)])
    assert gaps.words == ["1 neither confirmed nor flagged"]
    assert "1 neither confirmed nor flagged" in client.get("/c/harbor/").content.decode()
    assert "1 open point" in desk.get("close_days")[1]
    assert "1 treatment reviewed, but neither" in desk.get("close_day")[1]
    assert event.ref in desk.get("close_points", check="K3")[1]
    plan_callback(ethan.account, timezone.now() + timedelta(days=2), by=harbor.bill, member=harbor.bill)
    [gaps] = gaps_of(harbor.clinic, [(harbor.location.pk, today)])
    assert (gaps.total, gaps.words, gaps.lacking) == (0, [], {})
    assert "neither confirmed nor flagged" not in client.get("/c/harbor/").content.decode()
