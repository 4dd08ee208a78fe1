"""Plans that bill themselves: across a change of the clocks, after a fault, never twice (S2.39, S2.53, D3, D8, B13)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from balances.models import Entry, Invoice, Posting
from clinicpay.clinics import clock
from clinicpay.clinics.models import JobFailure, JobRun
from clinicpay.night import STEPS, Tally, plan_nights, run_night
from clinicpay.patients.models import Account
from followups.models import Instalment
from followups.schedule import Terms
from followups.services import bill_next, start_plan
from followups.states import Frequency, InstalmentStatus
from tests.balances.invariants import broken
from tests.factories import a_charge, a_patient

pytestmark = pytest.mark.django_db

SPRING = (date(2027, 3, 7), ("2027-03-07T08:00", "2027-03-14T07:00", "2027-03-21T07:00"))
AUTUMN = (date(2027, 10, 31), ("2027-10-31T07:00", "2027-11-07T08:00", "2027-11-14T08:00"))
"""The first instalment, and 03:00 in New York in UTC of three Sundays, of which the second changes the clocks."""


def _plan(home, first: date, amount: int = 9000, instalment: int = 3000):
    patient = a_patient(home)
    charge = a_charge(home, patient, amount, on=date(2026, 1, 5))
    return start_plan(patient.account, [charge], Terms(instalment, Frequency.WEEKLY, first), by=home.bill)


def _tick(home) -> None:
    """What beat does every few minutes; twice, as when two of them meet."""
    for _ in range(2):
        for day in plan_nights(home.clinic):
            run_night(home.clinic.pk, day)


def _billed(plan) -> list[str]:
    return list(plan.instalments.values_list("status", flat=True))


@pytest.mark.parametrize(("first", "nights"), [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_three_instalments_are_billed_across_a_clock_change(harbor, first, nights):
    """S2.39, S2.53, D3: each at 03:00 of the clinic's own clock, neither a minute before nor twice."""
    JobRun.objects.create(job="instalments", local_date=first - timedelta(days=1), state=JobRun.State.DONE)
    moments = [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in nights]
    with time_machine.travel(moments[0] - timedelta(days=1)):
        plan = _plan(harbor, first)
    for number, moment in enumerate(moments, 1):
        assert moment == clock.night(harbor.clinic, first + timedelta(weeks=number - 1))
        with time_machine.travel(moment - timedelta(minutes=1)):
            _tick(harbor)
            assert _billed(plan).count("invoiced") == number - 1
        with time_machine.travel(moment + timedelta(minutes=1)):
            _tick(harbor)
            assert _billed(plan).count("invoiced") == number
        with time_machine.travel(moment - timedelta(hours=2)):  # a clock that steps back
            _tick(harbor)
            assert _billed(plan).count("invoiced") == number
    dates = list(Invoice.objects.filter(number__gt=1).order_by("number").values_list("invoice_date", "due_date"))
    assert dates == [(first + timedelta(weeks=n), first + timedelta(weeks=n)) for n in range(3)]
    account = Account.objects.get(pk=plan.account_id)
    assert (account.owes, account.planned) == (9000, 0)
    assert not broken()


def test_b13_second_and_third_night_of_a_plan_write_nothing(harbor):
    """B13, S2.54: also after somebody has billed the next by hand."""
    tonight = clock.today(harbor.clinic)
    plan = _plan(harbor, tonight)
    run_night(harbor.clinic.pk, tonight)
    bill_next(plan, 1, by=harbor.bill, first=2)
    before = Posting.objects.count(), Entry.objects.count(), Invoice.objects.count()
    for _ in range(2):
        run_night(harbor.clinic.pk, tonight)
        JobRun.objects.update(state=JobRun.State.DUE, cursor=0)  # even one that has forgotten how far it is
    assert (Posting.objects.count(), Entry.objects.count(), Invoice.objects.count()) == before
    assert _billed(plan) == ["invoiced", "invoiced", "scheduled"]


def test_d3_a_clinic_that_moves_to_another_zone_bills_each_date_once(harbor):
    """D3"""
    today = clock.today(harbor.clinic)
    plan = _plan(harbor, today + timedelta(days=7))
    JobRun.objects.create(job="instalments", local_date=today + timedelta(days=5), state=JobRun.State.DONE)
    at = clock.night(harbor.clinic, today + timedelta(days=7)) + timedelta(minutes=1)
    for zone in ("America/New_York", "Pacific/Auckland", "Pacific/Pago_Pago", "America/New_York"):
        harbor.clinic.timezone = zone
        harbor.clinic.save(update_fields=["timezone"])
        with time_machine.travel(at):
            _tick(harbor)
    assert _billed(plan) == ["invoiced", "scheduled", "scheduled"]


def test_d8_one_plan_that_fails_stops_no_other_and_is_billed_when_it_is_tried_again(harbor):
    """D8"""
    tonight = clock.today(harbor.clinic)
    poison, fine = _plan(harbor, tonight), _plan(harbor, tonight)

    def work(night, accounts):
        found = STEPS[0].work(night, accounts)
        if poison.account_id in accounts:
            raise ValueError("this account is poison")
        return Tally(found.done)

    run_night(harbor.clinic.pk, tonight, [replace(STEPS[0], work=work), *STEPS[1:]])
    assert (_billed(poison)[0], _billed(fine)[0]) == ("scheduled", "invoiced")
    assert JobRun.objects.get(job="instalments").state == JobRun.State.PARTIAL
    assert JobFailure.objects.get().account_id == poison.account_id
    assert not broken()
    run_night(harbor.clinic.pk, tonight)
    assert Instalment.objects.filter(status=InstalmentStatus.INVOICED).count() == 2
    assert JobRun.objects.get(job="instalments").state == JobRun.State.DONE
    assert not broken()
