"""Nights that are cut off at any point leave what an undisturbed one leaves; a control that forgets does not."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from types import SimpleNamespace

import pytest

from balances.models import AutoApplyRun
from balances.services import hold_credit
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import JobFailure, JobRun
from clinicpay.clinics.scope import clinic_scope
from clinicpay.night import ATTEMPTS, STEPS, Night, Step, Tally, plan_nights, run_night
from followups.schedule import Terms
from followups.services import start_plan
from followups.states import Frequency
from tests.access.samples import Words
from tests.balances.invariants import broken
from tests.balances.money import credit_of, left, totals
from tests.content import content, differing, fingerprint
from tests.drills.naive import run_naively
from tests.factories import Clinicful, a_charge, a_patient, a_payment, make_clinic

pytestmark = pytest.mark.django_db
CHUNKS = [replace(step, chunk=2) for step in STEPS]
Steps = Sequence[Step]
Content = dict[str, list]


class Killed(BaseException):
    """What kill -9 is to a transaction: nothing behind it is run, and it is rolled back."""


def a_busy_clinic(slug: str) -> Clinicful:
    """Five accounts: something for each step of a night, in up to three chunks of two."""
    home = make_clinic(slug)
    with clinic_scope(home.clinic, home.rita.user):
        tonight = clock.today(home.clinic)
        for n in range(5):
            patient = a_patient(home, f"Patient {n}")
            charges = [a_charge(home, patient, 3000 + n, on=tonight - timedelta(days=70)) for _ in range(2)]
            if n < 3:
                start_plan(patient.account, charges[:1], Terms(1000, Frequency.WEEKLY, tonight), by=home.bill)
            money = credit_of(a_payment(home, patient.account, 3500))
            if n == 4:
                hold_credit(money, 700, by=home.bill, criteria={"procedure": "D2740"})
    return home


def after_its_night(slug: str, run: Callable[[int, date], object]) -> Content:
    """What such a clinic is when its night is over, however that was run."""
    home = a_busy_clinic(slug)
    run(home.clinic.pk, clock.today(home.clinic))
    with clinic_scope(home.clinic):
        assert not broken()
        return content()


def undisturbed(clinic: int, day: date) -> None:
    run_night(clinic, day, CHUNKS)


def dying(steps: Steps, *, before: bool) -> tuple[list[Step], set[tuple[str, int]]]:
    """Steps whose worker dies in each chunk once, before or after its work; and the chunks at which it has."""
    died: set[tuple[str, int]] = set()

    def deadly(step: Step, night: Night, accounts: Sequence[int]) -> Tally:
        place = step.name, accounts[0]
        dies = place not in died
        died.add(place)
        if dies and before:
            raise Killed
        tally = step.work(night, accounts)
        if dies:
            raise Killed
        return tally

    return [replace(step, work=partial(deadly, step)) for step in steps], died


def until_done(run: Callable[[], None]) -> None:
    """As ticks do: once more, for as long as workers die."""
    for _ in range(50):
        with suppress(Killed):
            return run()
    raise AssertionError("this never ends")


@pytest.mark.parametrize("before", [True, False])
def test_d4_night_whose_every_chunk_dies_once_leaves_what_an_undisturbed_one_leaves(before):
    """D4: the content is equal, entry by entry, at every point at which it can be cut off."""
    steps, died = dying(CHUNKS, before=before)

    calm = after_its_night("calm", undisturbed)
    cut = after_its_night("cut", lambda clinic, day: until_done(lambda: run_night(clinic, day, steps)))

    assert len(died) >= 6
    assert differing(calm, cut) == {}
    assert fingerprint(calm) == fingerprint(cut)


def test_d5_control_worker_that_notes_before_it_works_leaves_something_else():
    """D5: undisturbed the naive worker does the same, so what the next assertion sees is the deaths alone."""
    steps, _ = dying(CHUNKS, before=True)

    calm = after_its_night("calm", undisturbed)
    naive = after_its_night("naive", lambda clinic, day: run_naively(clinic, day, CHUNKS))
    cut = after_its_night("cut", lambda clinic, day: until_done(lambda: run_naively(clinic, day, steps)))

    assert differing(calm, naive) == {}
    assert {"accounts", "entries", "nights"} <= set(differing(calm, cut))


def test_night_that_ends_between_two_steps_is_found_by_the_next_tick(harbor):
    """Its later steps are written down before the first is at work."""
    day = clock.today(harbor.clinic)
    steps, _ = dying(STEPS[1:2], before=True)
    a_charge(harbor, patient := a_patient(harbor), 1000)
    a_payment(harbor, patient.account, 1000)
    with pytest.raises(Killed):
        run_night(harbor.clinic.pk, day, [STEPS[0], *steps, *STEPS[2:]])
    assert dict(JobRun.objects.values_list("job", "state")) == {
        "instalments": "done",
        "auto_apply": "due",
        "promises": "due",
        "settle": "due",
    }
    assert day in plan_nights(harbor.clinic)


class Poison:
    """The step that applies money, with one account that fails after its money was applied."""

    def __init__(self, account: int) -> None:
        self.account, self.words = account, "the account is poison\nDETAIL: Ethan Park, 1 Elm Road"
        self.step = replace(STEPS[1], work=self.work)

    def work(self, night: Night, accounts: Sequence[int]) -> Tally:
        tally = STEPS[1].work(night, accounts)
        if self.account in accounts:
            raise ValueError(self.words)
        return tally


@pytest.fixture
def poisoned(harbor, monkeypatch):
    """Five accounts that owe 10.00 and have 7.00; the third fails."""
    patients = [a_patient(harbor, f"Patient {n}") for n in range(5)]
    charges = [a_charge(harbor, patient, 1000) for patient in patients]
    for patient in patients:
        a_payment(harbor, patient.account, 700)
    poison = Poison(patients[2].account_id)
    monkeypatch.setattr("clinicpay.night.steps.STEPS", steps := (STEPS[0], poison.step, *STEPS[2:]))
    return SimpleNamespace(patients=patients, charges=charges, poison=poison, steps=steps)


def test_d8_account_that_fails_is_left_whole_told_and_tried_again(harbor, client, poisoned):
    """D8, S3.9: others done, the night partly done, billing told of it, 0.00 half applied."""
    day, before = clock.today(harbor.clinic) - timedelta(days=1), totals(poisoned.patients[2].account)
    run_night(harbor.clinic.pk, day, poisoned.steps)
    assert left(*poisoned.charges) == [300, 300, 1000, 300, 300]
    assert totals(poisoned.patients[2].account) == before
    assert (JobRun.objects.get(job="auto_apply").state, AutoApplyRun.objects.get().allocated) == ("partial", 2800)
    assert JobFailure.objects.get(mended_at=None).error == "ValueError: the account is poison"
    client.force_login(harbor.bill.user)
    assert "The last night failed for 1 account." in client.get(address(harbor.clinic, "today")).content.decode()
    text = Words(client.get(address(harbor.clinic, "nights")).content.decode()).text
    assert "Partly done" in text
    assert str(poisoned.patients[2].account.name) in text
    for _ in range(ATTEMPTS):
        run_night(harbor.clinic.pk, day, poisoned.steps)
    assert JobRun.objects.get(job="auto_apply").attempts == ATTEMPTS
    poisoned.poison.account = 0
    client.post(address(harbor.clinic, "night_run_now"), {"day": day.isoformat()})
    run_night(harbor.clinic.pk, day, poisoned.steps)
    assert left(*poisoned.charges) == [300] * 5
    assert "The last night failed" not in client.get(address(harbor.clinic, "today")).content.decode()
    assert not broken()


def test_d8_control_work_without_a_savepoint_keeps_half(harbor, poisoned):
    """What the account's work had written would stand, were the failure only caught."""
    with suppress(ValueError):
        poisoned.poison.work(Night(harbor.clinic, clock.today(harbor.clinic)), [poisoned.poison.account])
    assert left(poisoned.charges[2]) == [300]


def test_d8_reception_is_told_nothing_of_nights(harbor, client, poisoned):
    run_night(harbor.clinic.pk, clock.today(harbor.clinic), poisoned.steps)
    client.force_login(harbor.rita.user)
    assert "The last night" not in client.get(address(harbor.clinic, "today")).content.decode()
    assert client.get(address(harbor.clinic, "nights")).status_code == 403
