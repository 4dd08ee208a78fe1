"""Money that was taken on an earlier day and is entered today: who closes days chooses that day (decision 0186)."""

from datetime import timedelta

import pytest

from balances.checks import run_checks
from balances.earlier import earlier_days
from balances.models import Entry, Posting
from balances.services import apply_credit, undo_allocation
from balances.states import PostingKind
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.queries import earlier_open_day, findings
from clinicpay.close.queries.rows import money_for_sheet
from clinicpay.close.services import reopen_day
from clinicpay.ui.words import day_words
from followups.queries import owed_on
from payments.models import Payment, Receipt
from payments.services import reverse_payment
from tests.balances.invariants import broken
from tests.balances.money import allocation, credit_of, totals
from tests.factories import a_charge, a_closed_day, a_locked_day, a_patient, a_payment
from tests.payments.late import WHY, days_of, late


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def lowest(charge) -> int:
    """The least that any date shows as owed on a charge."""
    rows = Entry.objects.filter(charge=charge).values_list("posting__business_date", "charge_delta")
    return min(sum(delta for on, delta in rows if on <= day) for day, _ in rows)


def all_agree() -> bool:
    return not broken() and not any(found.differences for found in run_checks())


# ---- what carries the day ------------------------------------------------------


def test_all_that_is_received_carries_the_chosen_day(harbor, ethan, today, yesterday):
    charge = a_charge(harbor, ethan, 5000, on=yesterday)
    payment = late(harbor, ethan.account, 6000, yesterday, (charge, 5000))
    assert payment.receipt.business_date == yesterday
    assert payment.paid_when == yesterday
    assert clock.business_day(harbor.clinic, payment.created_at) == today, "it is entered now"
    assert credit_of(payment).received_on == yesterday
    assert days_of(payment) == {"receive": yesterday, "allocate": yesterday}
    assert Posting.objects.get(kind=PostingKind.RECEIVE).reason == WHY
    line = AuditEvent.objects.get(action="payment.received")
    assert (line.reason, line.after["business_day"], line.actor) == (WHY, yesterday.isoformat(), harbor.adam.label)
    assert totals(ethan.account) == (0, 1000)
    assert not owed_on(yesterday)
    assert all_agree()


def test_today_is_the_default_also_for_who_closes_days(harbor, ethan, today, yesterday):
    payment = late(harbor, ethan.account, 100, None, why="", by=harbor.olga)
    assert (payment.receipt.business_date, credit_of(payment).received_on) == (today, today)
    assert payment.paid_when == payment.paid_at == payment.created_at
    assert "business_day" not in AuditEvent.objects.get(action="payment.received").after


def test_close_of_that_day_finds_and_counts_it(harbor, ethan, today, yesterday):
    late(harbor, ethan.account, 6000, yesterday, patient=ethan)
    found = {one.check: one.words for one in findings(harbor.clinic, harbor.location, yesterday)}
    assert {"K5", "K6"} <= set(found), "not applied, and not counted"
    [move] = money_for_sheet(harbor.location, yesterday)
    assert (move["amount"], move["method"], move["whose"]) == (6000, "cash", ethan.name)
    assert money_for_sheet(harbor.location, today) == []
    closed = a_closed_day(harbor, yesterday)
    cash = closed.snapshot["tenders"]["cash"]
    assert (cash["in"], cash["payments"]) == (6000, 1)


def test_charge_of_today_is_not_paid_before_it_was_posted(harbor, ethan, today, yesterday):
    charge = a_charge(harbor, ethan, 5000)
    payment = late(harbor, ethan.account, 5000, yesterday, (charge, 5000))
    assert days_of(payment) == {"receive": yesterday, "allocate": today}
    assert lowest(charge) == 0
    assert not owed_on(yesterday)
    assert all_agree()


def test_charge_that_was_paid_on_that_day_and_is_owed_again_since_is_paid_today(harbor, ethan, today, yesterday):
    """As of yesterday nothing was owed any more: a second payment on it would show less than nothing."""
    charge = a_charge(harbor, ethan, 5000, on=yesterday - timedelta(days=30))
    a_payment(harbor, ethan.account, 4000, (charge, 4000), on=yesterday)
    undo_allocation(allocation(charge=charge).pk, by=harbor.bill, reason="for another visit")
    both = late(harbor, ethan.account, 5000, yesterday, (charge, 3000))
    assert days_of(both)["allocate"] == today
    part = late(harbor, ethan.account, 1000, yesterday, (charge, 1000))
    assert days_of(part)["allocate"] == yesterday, "so much was owed all the time"
    assert lowest(charge) >= 0
    assert all_agree()


def test_two_parts_for_one_charge_count_together(harbor, ethan, today, yesterday):
    charge = a_charge(harbor, ethan, 5000, on=yesterday - timedelta(days=30))
    a_payment(harbor, ethan.account, 4000, (charge, 4000), on=yesterday)
    undo_allocation(allocation(charge=charge).pk, by=harbor.bill, reason="for another visit")
    payment = late(harbor, ethan.account, 1600, yesterday, (charge, 800), (charge, 800))
    assert days_of(payment)["allocate"] == today
    assert lowest(charge) >= 0


def test_charge_of_a_location_whose_day_is_closed_is_paid_today(harbor, ethan, today, yesterday):
    annex = Location.objects.create(name="Annex")
    here, there = (a_charge(harbor, ethan, 500, on=yesterday, location=at) for at in (harbor.location, annex))
    a_locked_day(annex, yesterday)
    payment = late(harbor, ethan.account, 1000, yesterday, (here, 500), (there, 500))
    assert allocation(charge=here).posting.business_date == yesterday
    assert allocation(charge=there).posting.business_date == today
    assert credit_of(payment).received_on == yesterday
    assert all_agree()


def test_later_acts_on_that_money_carry_their_own_day(harbor, ethan, today, yesterday):
    charge = a_charge(harbor, ethan, 500, on=yesterday)
    payment = late(harbor, ethan.account, 500, yesterday)
    apply_credit(credit_of(payment), [(charge, 500)], by=harbor.rita)
    assert days_of(payment) == {"receive": yesterday, "allocate": today}


def test_reversal_takes_the_chosen_day_while_it_is_open(harbor, ethan, today, yesterday):
    charge = a_charge(harbor, ethan, 5000, on=yesterday)
    payment = late(harbor, ethan.account, 5000, yesterday, (charge, 5000))
    reverse_payment(payment, by=harbor.bill, reason="entered twice")
    assert set(days_of(payment).values()) == {yesterday}
    assert not money_for_sheet(harbor.location, today)
    assert [one.owes for one in owed_on(yesterday)] == [one.owes for one in owed_on(today)] == [5000]
    assert all_agree()


def test_reversal_after_the_close_of_that_day_is_refused(harbor, ethan, yesterday):
    payment = late(harbor, ethan.account, 5000, yesterday)
    a_locked_day(harbor.location, yesterday)
    with pytest.raises(Refusal, match=f"taken on {day_words(yesterday)}, and that day is closed"):
        reverse_payment(payment, by=harbor.bill, reason="entered twice")


# ---- who, and which days -------------------------------------------------------


@pytest.mark.parametrize("who", ["rita", "bill"])
def test_who_does_not_close_days_is_told_who_does(harbor, ethan, yesterday, who):
    with pytest.raises(Refusal, match="Admin or Owner"):
        late(harbor, ethan.account, 100, yesterday, by=harbor.members[who])
    assert not Payment.objects.exists()


def test_reason_is_asked_for(harbor, ethan, yesterday):
    with pytest.raises(Refusal, match="Say why"):
        late(harbor, ethan.account, 100, yesterday, why="  ")
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("ago", "words"),
    [(-1, "before today"), (0, "before today"), (3, "is closed at"), (4, "not among the days"), (40000, "not among")],
)
def test_day_that_takes_no_money_is_refused(harbor, ethan, today, yesterday, ago, words):
    with pytest.raises(Refusal, match=words):
        late(harbor, ethan.account, 100, today - timedelta(days=ago))
    assert not Payment.objects.exists()
    assert not Receipt.objects.exists()


def test_days_after_the_last_closed_one_are_open(harbor, today, yesterday):
    assert earlier_days(harbor.clinic, harbor.location.pk) == [yesterday, yesterday - timedelta(days=1)]


def test_where_today_is_closed_no_earlier_day_is_open(harbor, ethan, today, yesterday):
    a_locked_day(harbor.location, today)
    assert earlier_days(harbor.clinic, harbor.location.pk) == []
    with pytest.raises(Refusal, match="not among"):
        late(harbor, ethan.account, 100, yesterday)


def test_location_that_never_closed_a_day_has_a_week_at_most(harbor, today):
    assert earlier_days(harbor.clinic, harbor.location.pk) == [], "the clinic came today"
    harbor.clinic.created_at -= timedelta(days=2)
    assert earlier_days(harbor.clinic, harbor.location.pk) == [today - timedelta(days=n) for n in (1, 2)]
    harbor.clinic.created_at -= timedelta(days=300)
    assert earlier_days(harbor.clinic, harbor.location.pk) == [today - timedelta(days=n) for n in range(1, 8)]


def test_location_that_closed_long_ago_has_a_month_at_most(harbor, today):
    a_locked_day(harbor.location, today - timedelta(days=90))
    assert earlier_days(harbor.clinic, harbor.location.pk) == [today - timedelta(days=n) for n in range(1, 32)]


def test_day_that_was_reopened_takes_money_again(harbor, ethan, today):
    day, after = today - timedelta(days=60), today - timedelta(days=1)
    a_closed_day(harbor, day)
    a_closed_day(harbor, after)
    assert earlier_days(harbor.clinic, harbor.location.pk) == []
    reopen_day(harbor.location, day, by=harbor.olga, reason="cash was forgotten")
    assert earlier_days(harbor.clinic, harbor.location.pk) == [day]
    assert late(harbor, ethan.account, 100, day).receipt.business_date == day


def test_each_location_has_its_own_days(harbor, ethan, today, yesterday):
    annex = Location.objects.create(name="Annex")
    a_locked_day(annex, yesterday)
    assert [len(earlier_days(harbor.clinic, at.pk)) for at in (harbor.location, annex)] == [2, 0]
    with pytest.raises(Refusal, match="is closed at Annex"):
        late(harbor, ethan.account, 100, yesterday, location=annex)
    assert not Payment.objects.exists()


def test_day_with_money_waits_to_be_closed_before_later_ones(harbor, ethan, today, yesterday):
    harbor.clinic.created_at -= timedelta(days=5)
    assert earlier_open_day(harbor.clinic, harbor.location, today) is None
    late(harbor, ethan.account, 100, yesterday)
    assert earlier_open_day(harbor.clinic, harbor.location, today) == yesterday
