"""The pages of the daily close, as billing, an admin and the owner use them (S0.9, S0.24, S0.33–S0.35)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from balances import checks
from balances.services import complete_event
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.close.models import CashCount, DailyClose
from clinicpay.close.queries import current_close
from clinicpay.close.services import start_review
from payments.models import Payment
from payments.services import GoingBack, refund_payment, reverse_payment
from payments.states import Method, RefundReason
from tests.close.desk import Desk
from tests.deposits.slips import paid
from tests.factories import a_count, a_patient, a_payment, an_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def desk(client, harbor, today):
    return Desk(client, harbor, today).enter("adam")


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def noon(harbor, day):
    return clock.noon(harbor.clinic, day)


def test_s0_9_a_day_is_listed_with_what_is_open_and_what_it_moved(harbor, desk, ethan, today):
    a_payment(harbor, ethan.account, 10000)
    an_event(harbor, ethan, 100, service_at=noon(harbor, today))
    status, words = desk.get("close_days")
    assert status == 200
    assert "closes next" in words
    assert "$100.00" in words
    assert "2 open points" in words


def test_s0_24_each_check_lists_the_specific_treatments_and_payments_one_click_away(harbor, desk, ethan, today):
    event = an_event(harbor, ethan, 100, service_at=noon(harbor, today))
    payment = a_payment(harbor, ethan.account, 4200)
    stuck = Payment.objects.create(
        number=900, account=ethan.account, location=harbor.location, amount=700, method="card", status="pending"
    )
    Payment.objects.filter(pk=stuck.pk).update(status="processing")
    wrong = a_payment(harbor, ethan.account, 300)
    reverse_payment(wrong, by=harbor.rita, reason="entered twice")
    status, words = desk.get("close_day")
    assert status == 200
    found = (event.ref, payment.ref, "PAY-900", "entered twice", "1 treatment not marked complete", "Blocks")
    for part in (*found, f"{payment.ref} Ethan Park Not applied $42.00"):
        assert part in words
    for address in (
        f"/treatments/{event.ref}/",
        f"/payments/{payment.ref}/allocate/",
        "/payments/PAY-900/",
        f"/payments/{wrong.ref}/",
    ):
        assert f'href="/c/harbor{address}"' in desk.html
    for check in ("K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8"):
        assert check in words
        status, _ = desk.get("close_day", "?ledger=1")
    assert desk.get("close_points", check="K5")[1].count(payment.ref)
    assert desk.get("close_points", check="K8")[1].count(wrong.ref)
    assert desk.get("close_points", check="K9")[0] == 404


def test_k7_says_in_words_that_the_ledger_differs_and_leads_to_where(harbor, desk, today, monkeypatch):
    """Names of checks are for the shell; who may prove the ledger is shown the way."""
    start_review(harbor.location, today, by=harbor.bill)
    where = 'href="/c/harbor/settings/prove-it/#checks"'
    desk.get("close_day", "?ledger=1")
    assert where not in desk.html
    fault = checks.Check("planted", "A planted fault.", "select 'all', true")
    monkeypatch.setattr(checks, "CHECKS", [*checks.CHECKS, fault])
    words = desk.get("close_day", "?ledger=1")[1]
    assert "The ledger does not agree with its entries in 1 check" in words
    assert "planted" not in words
    assert where in desk.html
    desk.enter("bill").get("close_day", "?ledger=1")
    assert where not in desk.html


def test_k6_a_count_is_summed_kept_and_counted_again(harbor, desk, ethan, today):
    a_payment(harbor, ethan.account, 10000)
    assert "Begin the review" in desk.get("close_day")[1]
    assert "has begun" in desk.post("close_review")[1]
    status, words = desk.count({5000: 1, 2000: 2, 25: 2}, kept="50.00")
    assert status == 200
    assert "The count was saved." in words
    count = CashCount.objects.get()
    assert (count.counted, count.kept, count.made_by_id) == (9050, 5000, harbor.adam.user_id)
    assert list(count.lines.order_by("-denomination").values_list("denomination", "pieces")) == [
        (5000, 1),
        (2000, 2),
        (25, 2),
    ]
    assert "$9.50 short" in words
    desk.count({10000: 1})
    assert CashCount.objects.count() == 2
    assert "the cash is" not in desk.get("close_day")[1].lower()


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ("-5", "Fewer than none"),
        ("1.5", "whole number of pieces"),
        ("1e9", "whole number of pieces"),
        ("1000000000", "At most 100,000 pieces"),
        ("two", "whole number of pieces"),
        ("٣", "whole number of pieces"),
    ],
)
def test_count_that_is_none_is_refused_in_words(harbor, desk, today, pieces, says):
    start_review(harbor.location, today, by=harbor.bill)
    status, words = desk.count({2000: pieces})
    assert status == 422
    assert says in words
    assert not CashCount.objects.exists()


def test_count_keeps_no_more_than_there_is_and_a_float_says_why_it_differs(harbor, desk, today):
    start_review(harbor.location, today, by=harbor.bill)
    assert "Only $20.00 was counted" in desk.count({2000: 1}, kept="20.01")[1]
    assert "Say why this one began otherwise" in desk.count({2000: 1}, opening="20.00")[1]
    assert not CashCount.objects.exists()
    desk.count({2000: 1}, opening="20.00", opening_reason="Float for the new drawer", kept="20.00")
    assert CashCount.objects.get().opening_reason == "Float for the new drawer"


def test_the_float_that_was_kept_opens_the_next_day(harbor, desk, ethan, today):
    before = Desk(desk.client, harbor, today - timedelta(days=1))
    a_payment(harbor, ethan.account, 10000, on=before.day)
    start_review(harbor.location, before.day, by=harbor.bill)
    before.count({10000: 1}, kept="40.00")
    assert before.close(why_K5="Deposit for the crown")[0] == 200
    start_review(harbor.location, today, by=harbor.bill)
    assert 'value="40.00"' in (desk.get("close_count") and desk.html)
    assert "the cash was not counted" in desk.get("close_day")[1].lower()


def test_terminal_that_says_otherwise_needs_a_reason(harbor, desk, today):
    paid(harbor, 12000, Method.CARD)
    start_review(harbor.location, today, by=harbor.bill)
    assert "Terminals" in desk.get("close_count")[1]
    desk.count({}, t_card="119.00")
    assert "Card is $1.00 short" in desk.get("close_day")[1]
    status, words = desk.close(why_K5="Deposits", **{"why_K6-card": ""})
    assert status == 422
    assert "Say why the day is closed over this" in words
    assert "DC-001 closes" in desk.close(why_K5="Deposits", **{"why_K6-card": "Tip of 1.00 was typed twice"})[1]
    assert current_close(harbor.location, today).snapshot["count"]["terminals"] == {"card": 11900}


def test_a_refund_counts_in_the_tender_by_which_it_went_out(harbor, desk, today):
    payment = paid(harbor, 5000, Method.CARD)
    refund_payment(payment, GoingBack(2000, RefundReason.OTHER, method=Method.CASH), by=harbor.bill)
    words = desk.get("close_day")[1]
    assert "-$20.00" in words
    start_review(harbor.location, today, by=harbor.bill)
    desk.count({1000: 1}, opening="30.00", opening_reason="Brought from the safe")
    desk.close(why_K5="On account")
    tenders = current_close(harbor.location, today).snapshot["tenders"]
    assert {method: (one["in"], one["out"]) for method, one in tenders.items()} == {
        "card": (5000, 0),
        "cash": (0, 2000),
    }


def test_close_with_a_cash_difference_is_sealed_printed_and_proved(harbor, desk, ethan, today):
    a_payment(harbor, ethan.account, 10000)
    start_review(harbor.location, today, by=harbor.bill)
    desk.count({5000: 1, 2000: 2})
    status, words = desk.close(**{"why_K6-cash": "Ten dollars were given out as change twice"}, why_K5="Deposit")
    assert status == 200
    assert "DC-001" in words
    assert "-$10.00" in words
    assert "given out as change twice" in words
    assert "As it was closed" in words
    close = DailyClose.objects.get()
    assert close.snapshot["count"]["difference"] == -1000
    status, _ = desk.get("close_sheet", "?version=1")
    assert status == 200
    assert desk.html.startswith("%PDF")
    seal = desk.get("close_day")[1].split("Seal ")[1].split()[0]
    assert f"This is the seal of {close.ref}" in desk.get("close_proof", f"?seal={seal}")[1]
    assert "isn’t ours" in desk.get("close_proof", f"?seal={'0' * 64}")[1]
    assert "64 digits" in desk.get("close_proof", "?seal=abc")[1]


def test_day_with_a_treatment_that_nobody_reviewed_is_not_closed_by_whatever_is_sent(harbor, desk, ethan, today):
    """K2: the page offers no form, and who sends one all the same is told why; what was typed closes nothing."""
    event = an_event(harbor, ethan, 100, service_at=noon(harbor, today))
    complete_event(event, by=harbor.petra)
    start_review(harbor.location, today, by=harbor.bill)
    words = desk.get("close_day")[1]
    assert "It can’t be closed yet: 1 treatment not reviewed." in words
    assert "Close the day" not in words
    status, words = desk.close(reason="Never mind")
    assert status == 422
    assert "This day can't be closed: 1 treatment not reviewed." in words
    assert current_close(harbor.location, today).state == "reviewing"


def test_closing_twice_and_by_two_people_is_answered_clearly(harbor, desk, today):
    start_review(harbor.location, today, by=harbor.bill)
    form = {"seen": desk.seen()}
    assert "DC-001 closes" in desk.post("close_act", form)[1]
    assert "DC-001 has closed this day already" in desk.post("close_act", form)[1]
    assert "DC-001 has closed this day already" in desk.enter("olga").post("close_act", form)[1]
    assert DailyClose.objects.count() == 1


def test_a_payment_that_arrives_meanwhile_is_shown_before_the_day_closes(harbor, desk, ethan, today):
    start_review(harbor.location, today, by=harbor.bill)
    seen = desk.seen()
    a_payment(harbor, ethan.account, 100)
    a_count(harbor, today)
    status, words = desk.post("close_act", {"seen": seen, "why_K5": "Deposit"})
    assert status == 422
    assert "has changed since you looked at it" in words
    assert current_close(harbor.location, today).state == "reviewing"
    assert "DC-001 closes" in desk.close(why_K5="Deposit")[1]


def test_who_closes_is_told_what_has_changed_since_they_looked(harbor, desk, ethan, today):
    a_payment(harbor, ethan.account, 100, method="cash")
    start_review(harbor.location, today, by=harbor.bill)
    a_count(harbor, today)
    desk.get("close_day")
    marks = dict(re.findall(r'name="(seen|shown)" value="([^"]*)"', desk.html))
    a_payment(harbor, ethan.account, 2500, method="cash")

    status, words = desk.post("close_act", {**marks, "reason": "Deposit"})

    assert status == 422
    assert "Cash: $1.00, now $26.00." in words
    assert "K5: 1 payment not applied in full, now 2 payments not applied in full." in words
    assert "K6 cash: now the cash is $25.00 short." in words
    marks = dict(re.findall(r'name="(seen|shown)" value="([^"]*)"', desk.html))
    assert "DC-001 closes" in desk.post("close_act", {**marks, "reason": "Deposit"})[1]


@pytest.mark.parametrize("shown", ["", "x", "e30:1vA:forged", "\u20ac" * 50])
def test_a_note_that_is_not_ours_tells_nothing_and_closes_nothing_unseen(harbor, desk, today, shown):
    start_review(harbor.location, today, by=harbor.bill)

    status, words = desk.post("close_act", {"seen": "stale", "shown": shown})

    assert status == 422
    assert "has changed since you looked at it" in words
    assert "Changed since you looked:" not in words


def test_one_reason_may_stand_for_all(harbor, desk, ethan, today):
    a_payment(harbor, ethan.account, 100)
    an_event(harbor, ethan, 100, service_at=noon(harbor, today))
    start_review(harbor.location, today, by=harbor.bill)
    a_count(harbor, today)
    assert "DC-001 closes" in desk.close(why_K1="Carried over to Monday", reason="Power cut")[1]
    checks = current_close(harbor.location, today).snapshot["checks"]
    assert {one["check"]: one["reason"] for one in checks} == {"K1": "Carried over to Monday", "K5": "Power cut"}


def test_days_close_in_order_and_the_page_leads_to_the_first(harbor, desk, ethan, today):
    a_payment(harbor, ethan.account, 100)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        later = Desk(desk.client, harbor, today + timedelta(days=2)).enter("adam")
        a_payment(harbor, ethan.account, 200)
        words = later.get("close_days")[1]
        assert words.count("closes next") == 1
        later.post("close_review")
        a_count(harbor, later.day)
        words = later.get("close_day")[1]
        assert "Days close in order" in words
        assert "an earlier day is still open" in words
        assert f'href="{desk.at("close_day")}"' in later.html
        status, words = later.close(why_K5="Deposit")
        assert (status, "Days close in order" in words) == (422, True)


def test_owner_reopens_and_both_versions_are_compared_line_by_line(harbor, desk, ethan, today):
    a_payment(harbor, ethan.account, 10000)
    start_review(harbor.location, today, by=harbor.bill)
    a_count(harbor, today)
    desk.close(why_K5="Deposit")
    assert desk.enter("adam").get("close_reopen")[0] == 403
    desk.enter("olga")
    assert "stays as it was closed" in desk.get("close_reopen")[1]
    assert desk.post("close_reopen", {"reason": ""})[0] == 422
    assert "open again" in desk.post("close_reopen", {"reason": "A cheque was forgotten"})[1]
    paid(harbor, 2500, Method.CHEQUE)
    a_count(harbor, today, -500)
    desk.enter("adam").close(why_K5="Deposits", **{"why_K6-cash": "A five is missing"})
    words = desk.get("close_compare")[1]
    for part in (
        "Cheque: received v1: – v2: $25.00",
        "Counted v1: $100.00 v2: $95.00",
        "A five is missing",
        "A cheque was forgotten",
    ):
        assert part in words
    assert "Version 1 was opened again" in desk.get("close_day", "?version=1")[1]
    assert desk.get("close_day", "?version=3")[0] == 404
    first = desk.get("close_sheet", "?version=1")
    assert first[0] == 200
    assert desk.get("close_sheet", "?version=9")[0] == 404
    assert [one.version for one in DailyClose.objects.order_by("version")] == [1, 2]


def test_a_day_to_come_or_of_another_location_is_not_there(harbor, desk, today):
    tomorrow = Desk(desk.client, harbor, today + timedelta(days=1))
    assert tomorrow.get("close_day")[0] == 404
    assert desk.get("close_day", location=999_999)[0] == 404
    assert desk.client.get(f"/c/harbor/close/{harbor.location.pk}/2026-02-30/").status_code == 404


def test_filters_narrow_the_days_down(harbor, desk, ethan, today):
    annex = Location.objects.create(name="Annex")
    a_payment(harbor, ethan.account, 100)
    a_payment(harbor, ethan.account, 100, location=annex)
    start_review(annex, today, by=harbor.bill)
    assert desk.get("close_days", "?state=reviewing")[1].count("open point") == 1
    assert "Annex" in desk.get("close_days", f"?location={annex.pk}&state=waits")[1]
    assert (
        "No day to close" in desk.get("close_days", "?state=closed")[1]
        or "Clear" in desk.get("close_days", "?state=closed")[1]
    )
    assert desk.get("close_days", "?on_after=2020-01-01&on_before=2020-02-01")[1].count("open point") == 0
    assert desk.get("close_days", "?on_after=never&location=x")[0] == 200


def test_billing_reviews_and_counts_but_does_not_close(harbor, desk, today):
    desk.enter("bill").post("close_review")
    assert "Only an admin or the owner can close a day" in desk.get("close_day")[1]
    assert desk.count({})[0] == 200
    assert desk.close()[0] == 403
    assert desk.enter("rita").get("close_day")[0] == 403


def test_business_day_may_begin_after_midnight(harbor, desk):
    assert "Midnight" in desk.get("settings_day")[1]
    assert "was saved" in desk.post("settings_day", {"hour": "4"})[1]
    harbor.clinic.refresh_from_db()
    assert harbor.clinic.day_starts_at == 4
    assert desk.post("settings_day", {"hour": "24"})[0] == 422
    assert desk.enter("bill").get("settings_day")[0] == 403
