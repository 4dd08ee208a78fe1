"""Money that was taken on an earlier day and is entered today: who closes days chooses that day (decision 0186)."""

import io
import uuid
from datetime import date, timedelta

import pypdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from balances.checks import run_checks
from balances.earlier import earlier_days
from balances.models import Credit, Entry, Posting
from balances.services import apply_credit, undo_allocation
from balances.states import PostingKind
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.queries import earlier_open_day, findings
from clinicpay.close.queries.rows import money_for_sheet
from clinicpay.close.services import reopen_day
from clinicpay.patients.models import Account
from clinicpay.patients.services import open_account
from clinicpay.ui.words import day_words
from followups.queries import owed_on
from payments.models import Payment, Receipt
from payments.services import Order, Tender, receipt_document, record_payment, reverse_payment
from payments.states import Method
from tests.balances.invariants import broken
from tests.balances.money import allocation, credit_of, totals
from tests.factories import a_charge, a_closed_day, a_locked_day, a_patient, a_payment
from tests.followups.pages import browser, text_of
from tests.payments.refund_forms import Page

WHY = "Found in the drawer while counting"


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def yesterday(harbor, today):
    """Open, and so is the day before it; the one before these is closed."""
    a_locked_day(harbor.location, today - timedelta(days=3))
    return today - timedelta(days=1)


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def late(home, account, amount, day, *parts, by=None, **more) -> Payment:
    """Cash that was taken on a day and is entered now, by the admin if nobody else is named."""
    order = Order(
        location=more.pop("location", home.location),
        tenders=[Tender(Method.CASH, amount)],
        parts=[(charge.pk, part) for charge, part in parts],
        day=day,
        late_reason=more.pop("why", WHY),
        **more,
    )
    return Payment.objects.get(receipt=record_payment(account, order, by=by or home.adam))


def days_of(payment: Payment) -> dict[str, date]:
    """The business date of each act on a payment's money."""
    rows = Entry.objects.filter(credit__payment=payment).order_by("pk")
    return {entry.posting.kind: entry.posting.business_date for entry in rows.select_related("posting")}


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
    assert earlier_days(harbor.clinic) == {harbor.location.pk: [yesterday, yesterday - timedelta(days=1)]}


def test_where_today_is_closed_no_earlier_day_is_open(harbor, ethan, today, yesterday):
    a_locked_day(harbor.location, today)
    assert earlier_days(harbor.clinic) == {}
    with pytest.raises(Refusal, match="not among"):
        late(harbor, ethan.account, 100, yesterday)


def test_location_that_never_closed_a_day_has_a_week_at_most(harbor, today):
    assert earlier_days(harbor.clinic) == {}, "the clinic came today"
    harbor.clinic.created_at -= timedelta(days=2)
    assert earlier_days(harbor.clinic)[harbor.location.pk] == [today - timedelta(days=n) for n in (1, 2)]
    harbor.clinic.created_at -= timedelta(days=300)
    assert earlier_days(harbor.clinic)[harbor.location.pk] == [today - timedelta(days=n) for n in range(1, 8)]


def test_location_that_closed_long_ago_has_a_month_at_most(harbor, today):
    a_locked_day(harbor.location, today - timedelta(days=90))
    assert earlier_days(harbor.clinic)[harbor.location.pk] == [today - timedelta(days=n) for n in range(1, 32)]


def test_day_that_was_reopened_takes_money_again(harbor, ethan, today):
    day, after = today - timedelta(days=60), today - timedelta(days=1)
    a_closed_day(harbor, day)
    a_closed_day(harbor, after)
    assert earlier_days(harbor.clinic) == {}
    reopen_day(harbor.location, day, by=harbor.olga, reason="cash was forgotten")
    assert earlier_days(harbor.clinic) == {harbor.location.pk: [day]}
    assert late(harbor, ethan.account, 100, day).receipt.business_date == day


def test_each_location_has_its_own_days(harbor, ethan, today, yesterday):
    annex = Location.objects.create(name="Annex")
    a_locked_day(annex, yesterday)
    assert list(earlier_days(harbor.clinic)) == [harbor.location.pk]
    with pytest.raises(Refusal, match="is closed at Annex"):
        late(harbor, ethan.account, 100, yesterday, location=annex)
    assert not Payment.objects.exists()


def test_day_with_money_waits_to_be_closed_before_later_ones(harbor, ethan, today, yesterday):
    harbor.clinic.created_at -= timedelta(days=5)
    assert earlier_open_day(harbor.clinic, harbor.location, today) is None
    late(harbor, ethan.account, 100, yesterday)
    assert earlier_open_day(harbor.clinic, harbor.location, today) == yesterday


# ---- the page ------------------------------------------------------------------


def place(patient) -> str:
    return f"/c/harbor/patients/{patient.ref}/pay/"


def filled(client, address: str, **typed) -> dict[str, str]:
    fields = Page(client.get(address)).fields
    return {name: value for name, value in fields.items() if "__prefix__" not in name} | typed


def test_choice_is_shown_to_who_closes_days_where_there_is_one(harbor, ethan, today):
    adam, rita = browser(harbor.adam), browser(harbor.rita)
    assert "business_day" not in filled(adam, place(ethan)), "no earlier day is open"
    a_locked_day(harbor.location, today - timedelta(days=3))
    page = text_of(adam.get(place(ethan)))
    for day in (today - timedelta(days=1), today - timedelta(days=2)):
        assert f"{day:%a}, {day_words(day)}" in page
    assert f"Today, {day_words(today)}" in page
    assert "only)" not in page
    assert "business_day" not in filled(rita, place(ethan))


def test_day_that_is_open_at_one_location_only_says_where(harbor, ethan, today, yesterday):
    a_locked_day(Location.objects.create(name="Annex"), yesterday)
    assert f"{day_words(yesterday)} ({harbor.location} only)" in text_of(browser(harbor.adam).get(place(ethan)))


def test_page_records_it_and_every_paper_says_the_day(harbor, ethan, today, yesterday):
    adam = browser(harbor.adam)
    charge = a_charge(harbor, ethan, 6000, on=yesterday)
    sent = filled(adam, place(ethan), amount="60.00", method="cash", business_day=yesterday.isoformat(), day_reason=WHY)
    answer = adam.post(place(ethan), sent, follow=True)
    assert f"$60.00 recorded for the business day {day_words(yesterday)}." in text_of(answer)
    payment = Payment.objects.get()
    assert days_of(payment) == {"receive": yesterday, "allocate": yesterday}
    charge.refresh_from_db()
    assert charge.outstanding == 0
    entered = f"Entered on {day_words(today)} for the business day {day_words(yesterday)}"
    story = text_of(adam.get(f"/c/harbor/payments/{payment.ref}/history/"))
    assert entered in story
    assert WHY in story
    assert f"Paid date {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/payments/{payment.ref}/"))
    receipt = payment.receipt
    assert f"Date {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/receipts/{receipt.ref}/"))
    assert f"Business day: {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/receipts/{receipt.ref}/history/"))
    assert f"for the business day {day_words(yesterday)}" in text_of(adam.get(f"/c/harbor/patients/{ethan.ref}/"))
    paper = pypdf.PdfReader(io.BytesIO(receipt_document(receipt, harbor.clinic))).pages[0].extract_text()
    assert day_words(yesterday) in " ".join(paper.split())
    assert day_words(today) not in " ".join(paper.split())


def test_money_of_a_payer_may_be_of_an_earlier_day_too(harbor, yesterday):
    delta = open_account(by=harbor.rita, name="Delta", kind=Account.Kind.INSURANCE)
    adam, here = browser(harbor.adam), f"/c/harbor/transactions/{delta.ref}/pay/"
    sent = filled(adam, here, amount="250.00", business_day=yesterday.isoformat(), day_reason=WHY)
    assert adam.post(here, sent).status_code == 302
    assert Credit.objects.get().received_on == yesterday


def test_form_without_a_choice_is_an_ordinary_payment(harbor, ethan, today, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", day_reason="typed, and then left at today")
    assert adam.post(place(ethan), sent).status_code == 302
    assert Receipt.objects.get().business_date == today
    assert not AuditEvent.objects.exclude(reason="").exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"day_reason": ""}, "Say why it was not entered on that day"),
        ({"business_day": "soon"}, "Choose a day of the list"),
        ({"business_day": "9999-12-31"}, "Enter a day from 1880 to 2199"),
        ({"business_day": "2199-12-31"}, "Choose a business day before today"),
        ({"business_day": "1999-12-31"}, "not among the days that are still to be closed"),
    ],
)
def test_wrong_day_is_told_in_words_and_nothing_is_stored(harbor, ethan, yesterday, typed, words):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=yesterday.isoformat(), day_reason=WHY, memo="kept")
    answer = adam.post(place(ethan), sent | typed)
    assert (answer.status_code, words in text_of(answer)) == (422, True)
    page = Page(answer).fields
    assert (page["memo"], page["amount"]) == ("kept", "60.00"), "what was typed stays"
    assert not Payment.objects.exists()


def test_day_that_was_closed_meanwhile_is_refused_beside_the_choice(harbor, ethan, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=yesterday.isoformat(), day_reason=WHY)
    a_locked_day(harbor.location, yesterday)
    answer = adam.post(place(ethan), sent)
    said = f"{day_words(yesterday)} is closed at {harbor.location}. Nothing was recorded; choose another business day."
    assert (answer.status_code, said in text_of(answer)) == (422, True)
    assert not Payment.objects.exists()
    assert adam.post(place(ethan), sent | {"business_day": ""}).status_code == 302, "the choice is still there"


def test_form_that_arrives_again_after_the_close_is_answered_as_before(harbor, ethan, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=yesterday.isoformat(), day_reason=WHY)
    first = adam.post(place(ethan), sent)
    a_locked_day(harbor.location, yesterday)
    again = adam.post(place(ethan), sent)
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert Payment.objects.count() == 1
    assert adam.post(place(ethan), sent | {"business_day": ""}).status_code == 409, "the same form for another day"


@pytest.mark.parametrize("who", ["rita", "bill"])
def test_crafted_day_of_who_may_not_choose_is_refused_rather_than_forgotten(harbor, ethan, yesterday, who):
    client = browser(harbor.members[who])
    sent = filled(client, place(ethan), amount="60.00")
    assert "business_day" not in sent
    answer = client.post(place(ethan), sent | {"business_day": yesterday.isoformat(), "day_reason": WHY})
    assert (answer.status_code, "those who close days: Admin or Owner" in text_of(answer)) == (422, True)
    assert not Payment.objects.exists()
    assert client.post(place(ethan), sent | {"business_day": "", "request_key": str(uuid.uuid4())}).status_code == 302


def test_payment_of_that_day_with_the_same_amount_may_be_the_same(harbor, ethan, today, yesterday):
    day = yesterday - timedelta(days=1)
    a_payment(harbor, ethan.account, 6000, on=yesterday)
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00", business_day=day.isoformat(), day_reason=WHY)
    answer = adam.post(place(ethan), sent)
    assert (answer.status_code, "This may be the same payment twice." in text_of(answer)) == (422, True)
    assert adam.post(place(ethan), sent | {"another": "on"}).status_code == 302


def test_who_may_not_choose_is_asked_for_no_days(harbor, ethan, yesterday):
    rita = browser(harbor.rita)
    with CaptureQueriesContext(connection) as asked:
        sent = filled(rita, place(ethan), amount="60.00")
        assert rita.post(place(ethan), sent).status_code == 302
    assert not [one for one in asked if "closedday" in one["sql"]]


def test_ordinary_payment_of_who_may_choose_asks_for_no_days_either(harbor, ethan, yesterday):
    adam = browser(harbor.adam)
    sent = filled(adam, place(ethan), amount="60.00")
    with CaptureQueriesContext(connection) as asked:
        assert adam.post(place(ethan), sent).status_code == 302
    assert not [one for one in asked if "closedday" in one["sql"]]
