"""A clinic's night: what it does, that it happens once, and that it goes on where it stopped."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from balances.models import AutoApplyRun, Entry, Posting
from balances.services import hold_credit
from clinicpay.clinics import clock
from clinicpay.clinics.models import JobRun
from clinicpay.night import ATTEMPTS, STEPS, Night, Step, Tally, plan_nights, run_night
from clinicpay.patients.models import Account
from followups.models import Case, Instalment, Promise
from followups.schedule import Terms
from followups.services import make_promise, start_plan
from followups.states import CaseState, Frequency, InstalmentStatus, PromiseStatus
from tests.balances.invariants import broken
from tests.balances.money import credit_of, left, totals
from tests.factories import a_charge, a_patient, a_payment


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def tonight(harbor):
    return clock.today(harbor.clinic)


def rows(day: date) -> dict[str, tuple[str, int, int]]:
    return {one.job: (one.state, one.done, one.skipped) for one in JobRun.objects.filter(local_date=day)}


def test_night_bills_applies_judges_and_settles_in_this_order(harbor, ethan, tonight):
    """S2.53, S3.9, S3.38: what is billed tonight is paid tonight, which keeps a promise and closes the case."""
    charge = a_charge(harbor, ethan, 5000, on=tonight - timedelta(days=50))
    start_plan(ethan.account, [charge], Terms(3000, Frequency.MONTHLY, tonight), by=harbor.bill)
    money = credit_of(a_payment(harbor, ethan.account, 9000))
    hold_credit(money, 2000, by=harbor.bill, criteria={"procedure": "D9999"})
    run_night(harbor.clinic.pk, tonight)
    assert rows(tonight) == {
        "instalments": ("done", 1, 0),
        "auto_apply": ("done", 1, 2),
        "promises": ("done", 0, 0),
        "settle": ("done", 0, 0),
    }
    assert totals(ethan.account) == (0, 4000)
    assert Instalment.objects.filter(status=InstalmentStatus.INVOICED).count() == 1
    assert AutoApplyRun.objects.get().finished_at
    assert not broken()


def test_night_judges_promises_and_opens_cases_for_overdue_debt(harbor, ethan, tonight):
    a_charge(harbor, ethan, 5000, on=tonight - timedelta(days=80))
    mia = a_patient(harbor, "Mia")
    a_charge(harbor, mia, 4000, on=tonight - timedelta(days=3))
    with time_machine.travel(datetime.now(UTC) - timedelta(days=5)):
        make_promise(mia.account, 4000, clock.today(harbor.clinic) + timedelta(days=1), by=harbor.bill)
    run_night(harbor.clinic.pk, tonight)
    assert Promise.objects.get().status == PromiseStatus.BROKEN
    assert Case.objects.get(account=ethan.account).state == CaseState.CONTACT_DUE
    assert rows(tonight)["settle"] == ("done", 1, 0)


def test_twice_is_the_same_as_once(harbor, ethan, tonight):
    """B13."""
    a_charge(harbor, ethan, 5000, on=tonight - timedelta(days=50))
    a_payment(harbor, ethan.account, 2000)
    run_night(harbor.clinic.pk, tonight)
    before = rows(tonight), Posting.objects.count(), Entry.objects.count()
    for _ in range(2):
        run_night(harbor.clinic.pk, tonight)
    assert (rows(tonight), Posting.objects.count(), Entry.objects.count()) == before
    assert AutoApplyRun.objects.count() == 1


def test_missed_nights_are_caught_up_and_bill_what_was_due(harbor, ethan, tonight):
    charge = a_charge(harbor, ethan, 6000)
    start_plan(ethan.account, [charge], Terms(2000, Frequency.WEEKLY, tonight), by=harbor.bill)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=16)):
        for day in plan_nights(harbor.clinic):
            run_night(harbor.clinic.pk, day)
        assert Instalment.objects.filter(status=InstalmentStatus.INVOICED).count() == 3
        assert Account.objects.get(pk=ethan.account_id).owes == 6000
        assert set(JobRun.objects.values_list("state", flat=True)) == {"done"}


def a_step(poison: int, seen: list[int], chunk: int = 2) -> Step:
    """A step that notes which accounts it worked on, and fails for one of them."""

    def work(_night: Night, accounts: list[int]) -> Tally:
        if poison in accounts:
            raise ValueError("this account is poison")
        seen.extend(accounts)
        return Tally(len(accounts))

    return replace(STEPS[3], name="test", work=work, chunk=chunk)


def test_d8_account_that_fails_is_noted_and_stops_no_other(harbor, tonight):
    people = [a_patient(harbor, name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve")]
    for person in people:
        a_charge(harbor, person, 1000, on=tonight - timedelta(days=90))
    poison, seen = people[2].account_id, []
    step = a_step(poison, seen)
    run_night(harbor.clinic.pk, tonight, [step])
    row = JobRun.objects.get(job="test")
    assert sorted(seen) == sorted(person.account_id for person in people if person.account_id != poison)
    assert (row.state, row.done, row.failures.get().account_id) == ("partial", 4, poison)
    assert "this account is poison" in row.failures.get().error


def test_what_failed_is_tried_again_and_mended(harbor, ethan, tonight):
    a_charge(harbor, ethan, 1000, on=tonight - timedelta(days=90))
    seen: list[int] = []
    run_night(harbor.clinic.pk, tonight, [a_step(ethan.account_id, seen)])
    run_night(harbor.clinic.pk, tonight, [a_step(0, seen)])
    row = JobRun.objects.get(job="test")
    assert (seen, row.state, row.done, row.attempts) == ([ethan.account_id], "done", 1, 2)
    assert not row.failures.filter(mended_at=None)


def test_what_fails_for_good_is_tried_a_few_times_only(harbor, ethan, tonight):
    a_charge(harbor, ethan, 1000, on=tonight - timedelta(days=90))
    for _ in range(6):
        run_night(harbor.clinic.pk, tonight, [a_step(ethan.account_id, [])])
    row = JobRun.objects.get(job="test")
    assert (row.state, row.attempts, row.failures.count()) == ("partial", ATTEMPTS, ATTEMPTS)
    assert row.failures.filter(mended_at=None).count() == 1


def test_poison_never_keeps_half_of_its_money(harbor, ethan, tonight):
    """What an account's work wrote before it failed is gone."""
    charge = a_charge(harbor, ethan, 1000, on=tonight - timedelta(days=90))
    a_payment(harbor, ethan.account, 1000)
    applying = STEPS[1]

    def half(night: Night, accounts: list[int]) -> Tally:
        applying.work(night, accounts)
        raise ValueError("after the money was applied")

    run_night(harbor.clinic.pk, tonight, [replace(applying, work=half)])
    assert left(charge) == [1000]
    assert not broken()
