"""Undoing a long run: a worker's, chunk by chunk, followed and stopped on its page, and exact in the end (I12)."""

import uuid

import pytest
from django.test import Client

from balances.models import AutoApplyRun
from balances.queries import live_allocations
from balances.services import begin_undo, go_on, note_problem, run_auto_apply, stop_run, undo_allocation, undoing
from balances.states import RunState
from clinicpay import tasks
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from tests.a_worker import a_worker, wait_for
from tests.access.samples import HTMX, Words
from tests.balances.invariants import broken
from tests.balances.money import left
from tests.factories import a_charge, a_patient, a_payment, make_clinic

WHY = "Wrong rules"


@pytest.fixture
def few(monkeypatch):
    """Three applications are many, and a chunk is two."""
    monkeypatch.setattr(undoing, "LONG", 3)
    monkeypatch.setattr(undoing, "LINES", 2)
    monkeypatch.setattr("balances.views.runs.LONG", 3)


def five(home):
    """Five accounts that owed 50.00 and had 20.00, which a run has applied."""
    charges = []
    for n in range(5):
        patient = a_patient(home, f"Patient {n}")
        charges.append(a_charge(home, patient, 5000))
        a_payment(home, patient.account, 2000)
    return charges, run_auto_apply(by=home.bill)


def undo(client, home, **form):
    client.force_login(home.bill.user)
    sent = {"reason": WHY, "request_key": str(uuid.uuid4())} | form
    return client.post(address(home.clinic, "auto_apply_undo", number=1), sent, follow=True)


def words(client, home, name="auto_apply_run", **headers) -> str:
    client.force_login(home.bill.user)
    return Words(client.get(address(home.clinic, name, number=1), headers=headers).content.decode()).text


@pytest.mark.django_db
def test_long_undo_is_left_to_a_worker_and_followed_on_its_page(client, harbor, few):
    charges, run = five(harbor)
    page = Words(undo(client, harbor).content.decode()).text
    assert "RUN-001 is being undone." in page
    assert "0 of 5" in page
    assert left(*charges) == [3000] * 5

    assert go_on(run.pk)
    assert "2 of 5" in words(client, harbor, "auto_apply_progress", **HTMX)
    assert sum(left(*charges)) == 19000
    while go_on(run.pk):
        pass

    assert left(*charges) == [5000] * 5
    run.refresh_from_db()
    assert (run.state, run.undone, run.undoing_since) == (RunState.UNDONE, 5, None)
    assert "every balance is as before this run" in words(client, harbor)
    last = AuditEvent.objects.filter(action="run.undone").get()
    assert (last.actor, last.reason) == (str(harbor.bill), WHY)
    assert not broken()


@pytest.mark.django_db
def test_same_form_twice_begins_once_and_another_is_refused(client, harbor, few):
    five(harbor)
    key = str(uuid.uuid4())
    for _ in range(2):
        assert undo(client, harbor, request_key=key).status_code == 200

    assert "still at work" in undo(client, harbor).content.decode()
    assert AuditEvent.objects.filter(action="run.undo_begun").count() == 1


@pytest.mark.django_db
def test_stopped_undo_says_what_is_undone_and_goes_on_later(client, harbor, few):
    charges, run = five(harbor)
    undo(client, harbor)
    assert go_on(run.pk)

    client.post(address(harbor.clinic, "auto_apply_stop", number=1))

    assert not go_on(run.pk)
    page = words(client, harbor)
    assert "Undoing it was stopped: 2 applications are undone" in page
    assert "Undo the rest" in page
    page = words(client, harbor, "auto_apply_undo")
    assert "The 3 applications still standing of 5 are undone" in page
    assert "$100.00" not in page  # what the whole run had applied
    undo(client, harbor)  # three are few: at once
    assert "Nothing to undo" in words(client, harbor, "auto_apply_undo")
    assert left(*charges) == [5000] * 5
    assert AutoApplyRun.objects.get().state == RunState.UNDONE


@pytest.mark.django_db
def test_run_touched_before_is_refused_and_one_touched_meanwhile_is_undone_all_the_same(harbor, few):
    charges, run = five(harbor)
    begin_undo(run, by=harbor.bill, reason=WHY)
    last = live_allocations(charge=charges[0]).get()
    undo_allocation(last.pk, by=harbor.rita, reason="By hand, keeping a part", keep=500)
    while go_on(run.pk):
        pass
    assert left(*charges) == [5000] * 5
    assert not broken()

    again = run_auto_apply(by=harbor.bill)
    undo_allocation(live_allocations(charge=charges[1]).get().pk, by=harbor.rita, reason="By hand")
    with pytest.raises(Refusal, match="can't be undone as a whole"):
        begin_undo(again, by=harbor.bill, reason=WHY)
    assert left(*charges) == [3000, 5000, 3000, 3000, 3000]


@pytest.mark.django_db
def test_undo_that_stands_still_says_why_and_goes_on(client, harbor, few):
    charges, run = five(harbor)
    undo(client, harbor)
    note_problem(run.pk, "Somebody else is working on this account right now.")

    assert not go_on(run.pk)
    page = words(client, harbor)
    assert "It stands at 0 of 5 applications, and goes on from there." in page
    client.post(address(harbor.clinic, "auto_apply_again", number=1))
    assert go_on(run.pk)
    stop_run(run, by=harbor.bill)
    assert sum(left(*charges)) == 19000


@pytest.mark.django_db(transaction=True)
def test_real_worker_undoes_a_long_run_from_its_page(tmp_path, monkeypatch):
    """301 applications: by Celery in another process, through the real broker, in chunks of its own size."""
    queue = f"undo-{uuid.uuid4().hex}"
    monkeypatch.setattr(tasks.auto_apply, "_exec_options", {"queue": queue})
    home = make_clinic(queue[:13], "Harbor Clinic")
    with clinic_scope(home.clinic):
        patient = a_patient(home)
        charges = [a_charge(home, patient, 1000) for _ in range(301)]
        a_payment(home, patient.account, 301_000)
        run = run_auto_apply(by=home.bill)
        assert run.allocated == 301_000

    assert "RUN-001 is being undone." in undo(Client(), home).content.decode()
    with a_worker(queue, tmp_path):

        def undone():
            with clinic_scope(home.clinic):
                return AutoApplyRun.objects.get().state == RunState.UNDONE

        wait_for(undone, tmp_path)
    with clinic_scope(home.clinic):
        assert AutoApplyRun.objects.get().undone == 301
        assert sum(left(*charges)) == 301_000
        assert not broken()
