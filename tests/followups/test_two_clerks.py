"""Two people at one account, one of them before a page that is old: nobody undoes what they have not seen."""

from datetime import timedelta

import pytest

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from followups.models import Callback, Case
from followups.services import plan_callback, put_on_case
from tests.factories import a_charge, a_payment
from tests.followups.pages import browser, text_of, value_of
from tests.followups.queue import owing

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(harbor, today):
    return owing(harbor, today, "Ada", 20).account


@pytest.fixture
def olga(harbor):
    return browser(harbor.olga)


def at(account, tail: str = "") -> str:
    return f"/c/harbor/followups/{account.ref}/{tail}"


def claim(client, account, member, seen) -> object:
    return client.post(at(account, "who/"), {"member": member.pk if member else "", "seen": seen})


def a_time(today, member, day: int = 1, **more) -> dict:
    return {"day": today + timedelta(days=day), "time": "09:00", "member": member.pk} | more


def test_of_two_who_claim_an_account_the_second_is_told(harbor, account, bill, olga):
    """S2.46: both pages said "Nobody"."""
    assert 'type="hidden" name="seen"' in bill.get(at(account)).content.decode()

    assert claim(olga, account, harbor.olga, "").status_code == 302
    answer = claim(bill, account, harbor.bill, "")
    assert answer.status_code == 409
    assert "Olga is on it since you opened this page" in text_of(answer)
    assert Case.objects.get().worker == harbor.olga

    assert claim(bill, account, harbor.bill, str(harbor.olga.pk)).status_code == 302
    assert Case.objects.get().worker == harbor.bill
    answer = claim(olga, account, None, "")
    assert answer.status_code == 409
    assert Case.objects.get().worker == harbor.bill


def test_claiming_twice_is_one_act(harbor, account, bill):
    """A double click, and somebody who has claimed it already."""
    for _ in range(2):
        assert claim(bill, account, harbor.bill, "").status_code == 302
    assert AuditEvent.objects.filter(action="case.handed_over").count() == 1


def test_claim_from_the_drawer_stays_there(harbor, account, bill):
    headers = {"HX-Request": "true", "HX-Target": "drawer-body"}
    answer = bill.post(at(account, "who/"), {"member": harbor.bill.pk, "seen": ""}, headers=headers)
    assert answer.status_code == 200
    assert "queue-changed" in answer["HX-Trigger"]
    assert 'id="drawer-title"' in answer.content.decode()


def test_callback_that_nobody_has_seen_is_not_replaced(harbor, account, today, bill, olga):
    """S2.33: the second is told whose it is, and by pressing once more means it."""
    form = bill.get(at(account, "callback/")).content.decode()
    assert "takes the place" not in form
    olga.post(at(account, "callback/"), a_time(today, harbor.olga, seen=""))

    answer = bill.post(at(account, "callback/"), a_time(today, harbor.bill, 2, seen=""))
    assert answer.status_code == 422
    assert "Another callback is planned since you opened this page" in text_of(answer)
    assert "9:00 AM, by Olga" in text_of(answer)
    assert "It takes the place of the callback of" in text_of(answer)
    assert Callback.objects.get().member == harbor.olga

    seen = value_of(answer.content.decode(), "seen")
    assert bill.post(at(account, "callback/"), a_time(today, harbor.bill, 2, seen=seen)).status_code == 302
    assert Callback.objects.get(state="planned").member == harbor.bill


def test_nobody_is_given_work_who_does_not_follow_up(harbor, account, today):
    """The choices of the forms are those of now; the acts ask again."""
    at = clock.noon(harbor.clinic, today + timedelta(days=1))
    with pytest.raises(Refusal, match="does not follow up debt"):
        plan_callback(account, at, by=harbor.bill, member=harbor.rita)
    with pytest.raises(Refusal, match="does not follow up debt"):
        put_on_case(account, harbor.rita, by=harbor.bill)
    assert not Callback.objects.exists()
    assert not Case.objects.exclude(worker=None).exists()


def test_callback_sent_twice_is_one(harbor, account, today, bill):
    for _ in range(2):
        assert bill.post(at(account, "callback/"), a_time(today, harbor.bill, seen="")).status_code == 302
    assert Callback.objects.get().state == "planned"


def test_callback_that_was_done_meanwhile_is_not_planned_over(harbor, account, today, bill, olga):
    bill.post(at(account, "callback/"), a_time(today, harbor.bill, seen=""))
    seen = str(Callback.objects.get().pk)
    olga.post(at(account, "callback/cancel/"), {"seen": seen})

    answer = bill.post(at(account, "callback/"), a_time(today, harbor.bill, 3, seen=seen))
    assert answer.status_code == 422
    assert "done or cancelled meanwhile" in text_of(answer)


@pytest.mark.parametrize("act", ["cancel", "take"])
def test_another_callback_than_was_seen_is_neither_cancelled_nor_taken(harbor, account, today, bill, olga, act):
    bill.post(at(account, "callback/"), a_time(today, harbor.bill, seen=""))
    seen = str(Callback.objects.get().pk)
    bill.post(at(account, "callback/"), a_time(today, harbor.bill, 5, seen=seen))

    answer = olga.post(at(account, f"callback/{act}/"), {"seen": seen})
    assert answer.status_code == 409
    assert "Another callback is planned" in text_of(answer)
    assert Callback.objects.get(state="planned").member == harbor.bill


@pytest.mark.parametrize(
    ("tail", "sent", "words"),
    [
        ("callback/", {"day": "9999-12-31", "time": "23:30"}, "Enter a day from 1880 to 2199"),
        ("callback/", {"day": "0001-01-01", "time": "00:00"}, "Enter a day from 1880 to 2199"),
        ("callback/", {"day": "2199-01-01", "time": "09:00"}, "within a year"),
        ("attempt/", {"promised": "5", "promised_for": "9999-12-31"}, "Enter a day from 1880 to 2199"),
        ("attempt/", {"promised": "5", "promised_for": "2199-01-01"}, "within a year"),
    ],
)
def test_day_that_nobody_means_is_told(harbor, account, bill, tail, sent, words):
    """S2.28, S2.33: a mistyped year would hide the account, or be a moment that can't be computed."""
    page = bill.get(at(account, tail)).content.decode()
    form = {"channel": "phone", "outcome": "promised_payment", "member": harbor.bill.pk} | sent
    if "request_key" in page:
        form["request_key"] = value_of(page, "request_key")
    answer = bill.post(at(account, tail), form)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [
        "followups/?oldest_before=9999-12-31",
        "followups/?oldest_after=0001-01-01",
        "write-offs/?asked_after=9999-12-31",
        "reports/write-offs/?start=0001-01-01&end=9999-12-31",
        "reports/follow-ups/?since=0001-01-01&until=0001-01-01",
        "followups/as-of/?on=0001-01-01",
        "followups/calendar/?month=9999-12",
    ],
)
def test_days_at_the_end_of_time_are_no_fault(account, bill, asked):
    assert bill.get(f"/c/harbor/{asked}").status_code in (200, 422)


def test_attempt_on_an_account_that_paid_meanwhile_is_told(harbor, account, today, bill):
    """A promise on a closed account: the page is old, and nothing is opened again."""
    charge = account.charges.get()
    page = bill.get(at(account, "attempt/")).content.decode()
    a_payment(harbor, account, 10000, (charge, 10000))
    sent = {"channel": "phone", "outcome": "promised_payment", "promised": "5", "promised_for": today}
    answer = bill.post(at(account, "attempt/"), sent | {"request_key": value_of(page, "request_key")})
    assert answer.status_code == 422
    assert "Ada Park owes $0.00" in text_of(answer)
    assert not Case.objects.exists()
    a_charge(harbor, account.patients.get(), 500)
    assert not Case.objects.exists()
