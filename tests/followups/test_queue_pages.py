"""The queue as billing works it: who owes, since when, what was said, what is next (S2.1–S2.35, S2.46, S2.50–S2.56)."""

import re
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from followups.models import Attempt, Callback, Case, Promise
from followups.services import judge_promises, make_promise
from tests.factories import a_charge, a_patient, a_payment, an_invoice
from tests.followups.pages import browser, text_of

pytestmark = pytest.mark.django_db


def _owing(home, today, name: str, age: int, amount: int = 10000):
    patient = a_patient(home, name, "Park")
    a_charge(home, patient, amount, on=today - timedelta(days=age))
    return patient


def _names(page: str) -> list[str]:
    return re.findall(r"data-open[^>]*>([^<]+)</a>", page)


def _at(patient, tail: str = "") -> str:
    return f"/c/harbor/followups/{patient.account.ref}/{tail}"


def _attempt(**more) -> dict:
    return {"channel": "phone", "outcome": "no_answer", "notes": "", "request_key": uuid4(), **more}


def test_who_owes_stands_in_the_queue_oldest_first(harbor, today, bill):
    """S2.1, S2.4, S2.10–S2.14, S2.51, S2.52"""
    _owing(harbor, today, "Young", 3, 700)
    old = _owing(harbor, today, "Old", 95, 12345)
    a_patient(harbor, "Paid", "Up")

    page = bill.get("/c/harbor/followups/")

    assert _names(page.content.decode()) == ["Old Park", "Young Park"]
    assert "$123.45" in text_of(page)
    assert " 95 " in text_of(page)
    assert "invoice age is the metric" in text_of(page)
    assert "Never" in text_of(page)  # last contact
    assert "Contact due" in text_of(page)  # next action
    old.account.refresh_from_db()
    assert old.account.oldest_open == today - timedelta(days=95)


def test_paid_up_account_leaves_the_queue_and_comes_back_with_its_age(harbor, today, bill):
    """S2.41, G2"""
    patient = a_patient(harbor)
    first, second = (a_charge(harbor, patient, 1000, on=today - timedelta(days=age)) for age in (40, 10))
    a_payment(harbor, patient.account, 1000, (first, 1000))
    patient.account.refresh_from_db()
    assert patient.account.oldest_open == second.invoice.invoice_date
    a_payment(harbor, patient.account, 1000, (second, 1000))
    patient.account.refresh_from_db()
    assert patient.account.oldest_open is None
    assert "Nobody owes anything" in text_of(bill.get("/c/harbor/followups/"))


@pytest.mark.parametrize(("age", "bucket"), [(0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60")])
@pytest.mark.parametrize("shift", [0, 60])
def test_buckets_have_their_edges(harbor, today, bill, age, bucket, shift):
    """S2.16–S2.19: 60 and 61, 90 and 91 (C6)"""
    bucket = bucket if not shift else {"0-30": "61-90", "31-60": "90+"}[bucket]
    age += shift + (1 if shift and age == 0 else 0)
    _owing(harbor, today, "Edge", age)
    for key in ("0-30", "31-60", "61-90", "90+"):
        names = _names(bill.get("/c/harbor/followups/", {"age": key}).content.decode())
        assert names == (["Edge Park"] if key == bucket else []), key


def test_tabs_count_and_sum_each_bucket_whatever_is_chosen(harbor, today, bill):
    _owing(harbor, today, "One", 5, 1000)
    _owing(harbor, today, "Two", 6, 2000)
    _owing(harbor, today, "Three", 100, 4000)
    for chosen in ({}, {"age": "90+"}):
        text = text_of(bill.get("/c/harbor/followups/", chosen))
        assert "All 3 · $70.00" in text
        assert "0-30 2 · $30.00" in text
        assert "90+ 1 · $40.00" in text


def test_oldest_bucket_suggests_what_to_do(harbor, today, bill):
    """S2.20"""
    assert "payment plan or a write-off" not in text_of(bill.get("/c/harbor/followups/"))
    assert "payment plan or a write-off" in text_of(bill.get("/c/harbor/followups/", {"age": "90+"}))


@pytest.mark.parametrize("who", ["bill", "adam", "olga"])
def test_who_follows_up_finds_it_in_the_menu(harbor, who):
    """S2.8, S2.10"""
    page = browser(getattr(harbor, who)).get("/c/harbor/followups/")
    assert page.status_code == 200
    assert '/c/harbor/followups/"' in page.content.decode()


@pytest.mark.parametrize("who", ["rita", "petra"])
def test_others_are_refused_and_have_no_entry(harbor, who):
    """S2.8"""
    client = browser(getattr(harbor, who))
    refused = client.get("/c/harbor/followups/")
    assert refused.status_code == 403
    assert "Billing, Admin or Owner" in text_of(refused)
    assert '/c/harbor/followups/"' not in client.get("/c/harbor/today/").content.decode()


def test_empty_queue_names_what_hides_rows(harbor, today, bill):
    """S2.9, S2.50"""
    assert "Nobody owes anything" in text_of(bill.get("/c/harbor/followups/"))
    _owing(harbor, today, "Ada", 5)
    hidden = text_of(bill.get("/c/harbor/followups/", {"balance_min": "500", "oldest_after": "2020-01-01"}))
    assert "Nobody owes anything" not in hidden
    assert "Balance from 500" in hidden.replace(":", "")
    assert "Clear" in hidden


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "ada"}, ["Ada Park"]),
        ({"balance_min": "50"}, ["Ada Park"]),
        ({"balance_max": "50"}, ["Ben Park"]),
        ({"next": "callback_set"}, ["Ben Park"]),
        ({"next": "contact_due"}, ["Ada Park"]),
        ({"who": "nobody"}, ["Ada Park"]),
        ({"who": "me"}, ["Ben Park"]),
        ({"sort": "owes"}, ["Ben Park", "Ada Park"]),
        ({"sort": "days"}, ["Ben Park", "Ada Park"]),
    ],
)
def test_queue_is_narrowed_and_sorted(harbor, today, bill, asked, found):
    _owing(harbor, today, "Ada", 20, 10000)
    ben = _owing(harbor, today, "Ben", 10, 1000)
    tomorrow = str(today + timedelta(days=1))
    bill.post(_at(ben, "callback/"), {"day": tomorrow, "time": "15:00", "member": harbor.bill.pk})
    bill.post(_at(ben, "who/"), {"member": harbor.bill.pk})
    assert _names(bill.get("/c/harbor/followups/", asked).content.decode()) == found


def test_wrong_filters_are_told_and_never_a_fault(harbor, today, bill):
    _owing(harbor, today, "Ada", 20)
    for asked in ({"balance_min": "x"}, {"oldest_after": "2026-99-99"}, {"who": "999999"}, {"age": "7"}, {"next": "?"}):
        assert bill.get("/c/harbor/followups/", asked).status_code == 200, asked


def test_panel_shows_invoices_payments_contacts_and_promises(harbor, today, bill):
    """S2.21–S2.24, S2.56"""
    patient = a_patient(harbor)
    invoice = an_invoice(harbor, patient, 10000, on=today - timedelta(days=50))
    payment = a_payment(harbor, patient.account, 2500, (invoice.charges.get(), 2500))
    bill.post(_at(patient, "attempt/"), _attempt(notes="Will ask her brother"))
    promise = make_promise(patient.account, 100, today, by=harbor.bill)
    judge_promises(by=harbor.itself, day=today + timedelta(days=1))

    shown = bill.get(_at(patient))
    assert 'data-alloc="full" title="fully allocated"' in shown.content.decode()  # S3.29, wherever payments are listed
    text = text_of(shown)
    for words in (
        invoice.ref,
        payment.ref,
        invoice.event.ref,
        "$75.00",
        "50 days",
        "Will ask her brother",
        "No answer",
    ):
        assert words in text, words
    assert "0 kept, 0 partly, 1 broken" in text
    assert promise.case.account_id == patient.account_id
    part = bill.get(_at(patient), headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert 'id="drawer-title"' in part.content.decode()


@pytest.mark.parametrize("channel", ["phone", "email", "sms", "in_person"])
def test_attempt_keeps_its_channel(harbor, today, bill, channel):
    """S2.5, S2.25, S2.26"""
    patient = _owing(harbor, today, "Ada", 20)
    assert bill.post(_at(patient, "attempt/"), _attempt(channel=channel)).status_code == 302
    assert Attempt.objects.get().channel == channel


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("no_answer", "contact_due"),
        ("dispute", "disputed"),
        ("hung_up", "contact_due"),
        ("refused", "refused"),
        ("no_payment", "contact_due"),
    ],
)
def test_attempt_keeps_its_outcome_and_moves_the_case(harbor, today, bill, outcome, state):
    """S2.27, S2.29–S2.31, S2.55"""
    patient = _owing(harbor, today, "Ada", 20)
    bill.post(_at(patient, "attempt/"), _attempt(outcome=outcome, notes="x <b>"))
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.notes, attempt.made_by_id) == (outcome, "x <b>", harbor.bill.user_id)
    assert Case.objects.get().state == state
    page = bill.get("/c/harbor/followups/")
    assert attempt.get_outcome_display() in text_of(page)  # S2.15, S2.46


def test_promised_payment_is_recorded_with_the_attempt(harbor, today, bill):
    """S2.28, S2.32"""
    patient = _owing(harbor, today, "Ada", 20)
    promised = {"outcome": "promised_payment", "promised": "40.00", "promised_for": today + timedelta(days=7)}
    assert bill.post(_at(patient, "attempt/"), _attempt(**promised, notes="After pay day")).status_code == 302
    promise = Promise.objects.get()
    assert (promise.amount, Attempt.objects.get().promise) == (4000, promise)
    assert "$40.00 by" in text_of(bill.get("/c/harbor/followups/"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"outcome": "promised_payment"}, "Say how much was promised."),
        ({"outcome": "promised_payment", "promised": "5"}, "Say for which day."),
        ({"outcome": "promised_payment", "promised": "500", "promised_for": "2126-01-01"}, "Nobody can promise more"),
        ({"outcome": "promised_payment", "promised": "5", "promised_for": "2020-01-01"}, "for today or later"),
        ({"outcome": "no_answer", "promised": "5"}, "choose Promised payment"),
        ({"outcome": ""}, "Choose what came of it."),
        ({"outcome": "bought"}, "Select a valid choice"),
        ({"notes": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_wrong_attempt_is_told_and_changes_nothing(harbor, today, bill, wrong, words):
    patient = _owing(harbor, today, "Ada", 20)
    response = bill.post(_at(patient, "attempt/"), _attempt(**wrong))
    assert response.status_code == 422
    assert words in text_of(response).replace("&#x27;", "'")
    assert not Attempt.objects.exists()
    assert not Case.objects.exists()


def test_attempt_sent_twice_is_one(harbor, today, bill):
    patient = _owing(harbor, today, "Ada", 20)
    sent = _attempt()
    assert [bill.post(_at(patient, "attempt/"), sent).status_code for _ in range(2)] == [302, 302]
    assert Attempt.objects.count() == 1


def test_who_owes_nothing_is_not_contacted(harbor, bill):
    patient = a_patient(harbor)
    response = bill.post(_at(patient, "attempt/"), _attempt())
    assert response.status_code == 422
    assert "owes nothing" in text_of(response)


def test_callback_is_set_on_the_clinics_clock(harbor, today, bill):
    """S2.2, S2.6, S2.33"""
    patient = _owing(harbor, today, "Ada", 20)
    tomorrow = today + timedelta(days=1)
    sent = {"day": tomorrow, "time": "15:40", "member": harbor.olga.pk, "note": "After work"}
    assert bill.post(_at(patient, "callback/"), sent).status_code == 302
    callback = Callback.objects.get()
    assert callback.due_at.astimezone(clock.zone(harbor.clinic)).strftime("%Y-%m-%d %H:%M") == f"{tomorrow} 15:40"
    assert callback.member == harbor.olga
    assert "3:40 PM" in text_of(bill.get("/c/harbor/followups/"))
    assert Case.objects.get().state == "callback_set"

    bill.post(_at(patient, "callback/cancel/"))
    callback.refresh_from_db()
    assert (callback.state, Case.objects.get().state) == ("cancelled", "contact_due")


def test_second_callback_replaces_the_first(harbor, today, bill):
    patient = _owing(harbor, today, "Ada", 20)
    for day in (1, 2):
        sent = {"day": today + timedelta(days=day), "time": "09:00", "member": harbor.bill.pk}
        bill.post(_at(patient, "callback/"), sent)
    assert list(Callback.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "planned"]


@pytest.mark.parametrize(
    ("day", "time", "words"),
    [("spring", "02:30", "no such time"), ("2020-01-01", "09:00", "later moment"), ("x", "09:00", "valid date")],
)
def test_callback_at_no_such_moment_is_refused(harbor, today, bill, day, time, words):
    """In New York the clocks go from 2 to 3 on a Sunday in March."""
    patient = _owing(harbor, today, "Ada", 20)
    if day == "spring":
        to_come = (today + timedelta(days=n) for n in range(1, 366))
        day = next(one for one in to_come if not _is_half_past_two(one, clock.zone(harbor.clinic)))
    response = bill.post(_at(patient, "callback/"), {"day": day, "time": time, "member": harbor.bill.pk})
    assert response.status_code == 422
    assert words in text_of(response)
    assert not Callback.objects.exists()


def _is_half_past_two(day, zone) -> bool:
    """Whether the clocks show this time on the day."""
    moment = datetime.combine(day, time(2, 30), zone)
    return moment.astimezone(UTC).astimezone(zone).time() == time(2, 30)


def test_nobody_is_given_a_callback_who_does_not_follow_up(harbor, today, bill):
    patient = _owing(harbor, today, "Ada", 20)
    sent = {"day": today + timedelta(days=1), "time": "09:00", "member": harbor.petra.pk}
    assert bill.post(_at(patient, "callback/"), sent).status_code == 422


def test_callback_whose_time_has_come_is_done_by_the_next_attempt(harbor, today, bill):
    patient = _owing(harbor, today, "Ada", 20)
    bill.post(_at(patient, "attempt/"), _attempt())
    Callback.objects.create(case=Case.objects.get(), member=harbor.bill, due_at=timezone.now() - timedelta(hours=1))
    bill.post(_at(patient, "attempt/"), _attempt())
    assert Callback.objects.get().state == "done"


def test_account_is_claimed_and_handed_over(harbor, today, bill):
    patient = _owing(harbor, today, "Ada", 20)
    for member in (harbor.bill, harbor.olga):
        bill.post(_at(patient, "who/"), {"member": member.pk})
        assert Case.objects.get().worker == member
    bill.post(_at(patient, "who/"), {"member": ""})
    assert Case.objects.get().worker is None


def test_payment_closes_the_case_with_its_callback(harbor, today, bill):
    """S2.40, S2.41, F1"""
    patient = a_patient(harbor)
    charge = a_charge(harbor, patient, 1000, on=today - timedelta(days=40))
    bill.post(_at(patient, "callback/"), {"day": today + timedelta(days=1), "time": "09:00", "member": harbor.bill.pk})
    a_payment(harbor, patient.account, 1000, (charge, 1000))
    assert Case.objects.get().state == "closed"
    assert Callback.objects.get().state == "cancelled"
    assert _names(bill.get("/c/harbor/followups/").content.decode()) == []


def test_other_clinics_accounts_are_not_there(harbor, lakeside, today, bill):
    with clinic_scope(lakeside.clinic):
        _owing(lakeside, clock.today(lakeside.clinic), "Far", 20)
    assert _names(bill.get("/c/harbor/followups/").content.decode()) == []
