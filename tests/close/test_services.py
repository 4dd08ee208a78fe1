"""A day is reviewed, closed over what was found, and re-opened by the owner (K1–K7, I8)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from balances import checks
from balances.models import ClosedDay, Posting
from balances.services import complete_event
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.models import DailyClose
from clinicpay.close.queries import current_close, earlier_open_day, findings
from clinicpay.close.services import close_day, reopen_day, start_review
from clinicpay.close.states import CloseState
from clinicpay.staff.access import Refused
from followups.services import plan_callback
from payments.models import Payment
from payments.services import reverse_payment
from tests.factories import a_closed_day, a_count, a_patient, a_payment, a_ready_event, a_review, an_event


@pytest.fixture
def today(harbor):
    return clock.today(harbor.clinic)


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def event(harbor, ethan):
    """A treatment of today, clinically closed and billed."""
    event = an_event(harbor, ethan, 10000, service_at=clock.noon(harbor.clinic, clock.today(harbor.clinic)))
    complete_event(event, by=harbor.petra)
    return event


@pytest.fixture
def review(harbor, today):
    return start_review(harbor.location, today, by=harbor.bill)


def found(harbor, day) -> dict[str, str]:
    return {one.check: one.words for one in findings(harbor.clinic, harbor.location, day)}


def commits() -> None:
    connection.check_constraints()


def test_reviewed_day_without_findings_closes_with_a_number_and_its_totals(harbor, ethan, event, review, today):
    charge = event.charges.get()
    a_payment(harbor, ethan.account, 10000, (charge, 10000))
    reverse_payment(a_payment(harbor, ethan.account, 700), by=harbor.bill, reason="entered twice")
    a_ready_event(harbor, event)
    a_count(harbor, today)
    closed = close_day(harbor.location, today, by=harbor.adam)
    assert (closed.ref, closed.version, closed.state) == ("DC-001", 1, CloseState.CLOSED)
    cash = closed.snapshot["tenders"]["cash"]
    assert (cash["in"], cash["out"], cash["payments"], cash["reversed"]) == (10700, 700, 2, 700)
    assert closed.snapshot["acts"] == {"charge": 1, "receive": 2, "allocate": 1, "reverse_payment": 1}
    assert closed.closed_at
    event.refresh_from_db()
    assert event.state == "day_closed"
    assert AuditEvent.objects.filter(action="day.closed", subject="DC-001").exists()
    commits()


def test_posting_after_the_close_lands_on_the_next_day(harbor, ethan, review, today):
    close_day(harbor.location, today, by=harbor.olga)
    a_payment(harbor, ethan.account, 100)
    assert Posting.objects.latest("pk").business_date == today + timedelta(days=1)


def test_day_is_not_closed_before_its_review(harbor, today):
    with pytest.raises(Refusal, match="Review this day"):
        close_day(harbor.location, today, by=harbor.adam)
    assert not ClosedDay.objects.exists()


def test_review_begins_once_and_not_before_the_day(harbor, review, today):
    with pytest.raises(Refusal, match="reviewing already"):
        start_review(harbor.location, today, by=harbor.bill)
    with pytest.raises(Refusal, match="still to come"):
        start_review(harbor.location, today + timedelta(days=1), by=harbor.bill)


def test_treatment_that_was_not_reviewed_blocks(harbor, event, review, today):
    with pytest.raises(Refusal, match="1 treatment not reviewed"):
        close_day(harbor.location, today, by=harbor.olga, reason="never mind")
    review.refresh_from_db()
    assert (review.state, ClosedDay.objects.count()) == (CloseState.REVIEWING, 0)


def test_ledger_that_does_not_agree_blocks(harbor, review, today, monkeypatch):
    """One check more, which never agrees, stands for a fault; tests of check_ledger plant real ones."""
    fault = checks.Check("planted", "A planted fault.", "select 'all', true")
    monkeypatch.setattr(checks, "CHECKS", [*checks.CHECKS, fault])
    with pytest.raises(Refusal, match="does not agree with its entries in 1 check"):
        close_day(harbor.location, today, by=harbor.olga, reason="never mind")


def test_everything_else_needs_a_reason(harbor, ethan, event, review, today):
    a_review(harbor, event)
    an_event(harbor, ethan, 100, service_at=clock.noon(harbor.clinic, today))
    a_payment(harbor, ethan.account, 100)
    stuck = Payment.objects.create(
        number=900, account=ethan.account, location=harbor.location, amount=1, method="card", status="pending"
    )
    Payment.objects.filter(pk=stuck.pk).update(status="processing")
    assert found(harbor, today) == {
        "K1": "1 treatment not marked complete",
        "K3": "1 treatment reviewed, but neither confirmed nor flagged",
        "K4": "1 payment still processing",
        "K5": "1 payment not applied in full",
        "K6": "the cash was not counted",
    }
    a_count(harbor, today)
    with pytest.raises(Refusal, match="Give a reason to close this day over: 1 treatment not marked"):
        close_day(harbor.location, today, by=harbor.olga)
    closed = close_day(harbor.location, today, by=harbor.olga, reason="Power cut")
    assert (closed.reason, closed.snapshot["findings"]) == ("Power cut", ["K1", "K3", "K4", "K5"])
    event.refresh_from_db()
    assert event.state == "reviewed"


def test_what_belongs_to_another_location_or_day_is_not_found(harbor, ethan, today):
    annex = Location.objects.create(name="Annex")
    an_event(harbor, ethan, 100, location=annex, service_at=clock.noon(harbor.clinic, today))
    an_event(harbor, ethan, 100, service_at=clock.noon(harbor.clinic, today - timedelta(days=1)))
    a_payment(harbor, ethan.account, 100, location=annex)
    assert found(harbor, today) == {}


@pytest.mark.parametrize("what", ["treatment", "money"])
def test_earlier_day_that_is_open_is_closed_first(harbor, ethan, today, what):
    """The clinic came here a week ago; something happened the day before yesterday."""
    harbor.clinic.created_at -= timedelta(days=7)
    before = today - timedelta(days=2)
    if what == "money":
        a_payment(harbor, ethan.account, 100, on=before)
    else:
        an_event(harbor, ethan, 100, service_at=clock.noon(harbor.clinic, before))
    start_review(harbor.location, today, by=harbor.bill)
    with pytest.raises(Refusal, match=f"in order: {before:%b} {before.day}, {before.year} is still open"):
        close_day(harbor.location, today, by=harbor.olga, reason="Hurry")
    a_closed_day(harbor, before)
    a_count(harbor, today)
    close_day(harbor.location, today, by=harbor.olga, reason="In order")


def test_history_from_before_the_clinic_came_needs_no_close(harbor, ethan, today):
    a_payment(harbor, ethan.account, 100, on=date(2026, 1, 5))
    an_event(harbor, ethan, 100, service_at=datetime(2026, 1, 5, 15, tzinfo=UTC))
    assert earlier_open_day(harbor.clinic, harbor.location, today) is None


def test_reopened_day_takes_postings_again_and_keeps_both_versions(harbor, ethan, event, review, today):
    charge = event.charges.get()
    a_payment(harbor, ethan.account, 9000, (charge, 9000))
    plan_callback(ethan.account, timezone.now() + timedelta(days=2), by=harbor.bill, member=harbor.bill)
    a_ready_event(harbor, event)
    a_count(harbor, today)
    first = close_day(harbor.location, today, by=harbor.adam)
    kept = (first.snapshot, first.closed_at, first.number)
    again = reopen_day(harbor.location, today, by=harbor.olga, reason="A cheque was forgotten")
    event.refresh_from_db()
    assert (event.state, again.version, again.state) == ("ready", 2, CloseState.REVIEWING)
    a_payment(harbor, ethan.account, 500)
    assert Posting.objects.latest("pk").business_date == today
    a_count(harbor, today)
    second = close_day(harbor.location, today, by=harbor.adam, reason="The rest is promised")
    first.refresh_from_db()
    assert (first.snapshot, first.closed_at, first.number) == kept
    assert (first.state, first.reopen_reason) == (CloseState.REOPENED, "A cheque was forgotten")
    assert first.reopened_at
    assert (second.ref, second.version) == ("DC-002", 2)
    assert {name: second.snapshot["tenders"]["cash"][name] for name in ("in", "out")} == {"in": 9500, "out": 0}
    assert [bool(lock.reopened_at) for lock in ClosedDay.objects.order_by("pk")] == [True, False]
    event.refresh_from_db()
    assert event.state == "day_closed"
    commits()


def test_reopening_needs_a_reason_and_a_closed_day(harbor, review, today):
    with pytest.raises(Refusal, match="isn't closed"):
        reopen_day(harbor.location, today, by=harbor.olga, reason="why not")
    close_day(harbor.location, today, by=harbor.olga)
    with pytest.raises(Refusal, match="Say why"):
        reopen_day(harbor.location, today, by=harbor.olga, reason=" ")
    assert current_close(harbor.location, today).state == CloseState.CLOSED


@pytest.mark.parametrize(
    ("act", "refused"),
    [
        (start_review, ["rita", "petra"]),
        (close_day, ["rita", "bill", "petra"]),
        (reopen_day, ["rita", "bill", "adam", "petra"]),
    ],
)
def test_acts_on_a_day_are_for_their_roles(harbor, today, act, refused):
    more = {"reason": "x"} if act is reopen_day else {}
    for who in refused:
        with pytest.raises(Refused, match="You can't"):
            act(harbor.location, today, by=harbor.members[who], **more)
    assert not DailyClose.objects.exists()
