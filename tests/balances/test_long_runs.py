"""Previews and runs that are too long for a page: a worker's, chunk by chunk, followed on their page (S3.8)."""

import uuid

import pytest

from balances.models import AutoApplyRun
from balances.services import apply_preview, ask_again, go_on, note_problem, preview_run, previews, stop_run, undo_run
from balances.states import RunState
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from clinicpay.tasks import auto_apply
from tests.access.samples import HTMX
from tests.balances.invariants import broken
from tests.balances.money import left
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def charges(harbor, monkeypatch):
    """Five accounts that owe 50.00 and have 20.00 in hand, in a clinic where three are many."""
    monkeypatch.setattr(previews, "LONG", 3)
    monkeypatch.setattr(previews, "CHUNK", 2)
    monkeypatch.setattr(previews, "LINES", 3)
    found = []
    for n in range(5):
        patient = a_patient(harbor, f"Patient {n}")
        found.append(a_charge(harbor, patient, 5000))
        a_payment(harbor, patient.account, 2000)
    return found


def at_end(run):
    """What a worker does, in one go."""
    while go_on(run.pk):
        pass
    run.refresh_from_db()
    return run


def page(client, home, name="auto_apply_run", **headers):
    client.force_login(home.bill.user)
    return client.get(address(home.clinic, name, number=1), headers=headers)


def test_long_preview_is_left_to_a_worker_and_followed_on_its_page(client, harbor, charges):
    run = preview_run(by=harbor.bill)
    assert (run.accounts, run.done, run.is_over) == (5, 0, False)
    assert go_on(run.pk)
    text = page(client, harbor).content.decode()
    assert "2 of 5" in text
    assert "hx-get" in text
    assert "Look again" in text
    part = page(client, harbor, "auto_apply_progress", **HTMX)
    assert b"2 of 5" in part.content
    assert b"<html" not in part.content
    assert at_end(run).decisions.count() == 10 - 5
    over = page(client, harbor, "auto_apply_progress", **HTMX)
    assert over["HX-Redirect"] == address(harbor.clinic, "auto_apply_run", number=1)
    assert "Would apply" in page(client, harbor).content.decode()
    assert left(*charges) == [5000] * 5


def test_long_preview_is_applied_by_a_worker_exactly_as_shown(client, harbor, charges):
    run = at_end(preview_run(by=harbor.bill))
    told = list(run.decisions.order_by("pk").values_list("credit", "charge", "amount"))
    client.force_login(harbor.bill.user)
    data = {"request_key": str(uuid.uuid4())}
    for _ in range(2):  # two clicks
        client.post(address(harbor.clinic, "auto_apply_run", number=1), data)
    run.refresh_from_db()
    assert (run.state, run.is_over, run.done, left(*charges)) == (RunState.APPLIED, False, 0, [5000] * 5)
    with pytest.raises(Refusal, match="still at work"):
        undo_run(run, by=harbor.bill, reason="too early")
    assert (at_end(run).done, run.allocated, run.changed, left(*charges)) == (5, 10000, 0, [3000] * 5)
    assert list(run.decisions.order_by("pk").values_list("credit", "charge", "amount")) == told
    assert AuditEvent.objects.get(action="run.applied").actor == harbor.bill.label
    assert undo_run(run, by=harbor.bill, reason="for a test") == 5
    assert left(*charges) == [5000] * 5
    assert not broken()


def test_account_larger_than_a_chunk_is_applied_whole(harbor, charges):
    patient = a_patient(harbor, "Zoe")
    many = [a_charge(harbor, patient, 100) for _ in range(5)]
    a_payment(harbor, patient.account, 450)
    run = at_end(apply_preview(at_end(preview_run(by=harbor.bill)), by=harbor.bill))
    assert (left(*many), run.done, run.changed) == ([0, 0, 0, 0, 50], 6, 0)
    assert not broken()


def test_worker_that_dies_between_two_chunks_loses_and_repeats_nothing(harbor, charges):
    run = at_end(preview_run(by=harbor.bill))
    apply_preview(run, by=harbor.bill)
    assert go_on(run.pk)  # and here it dies; the next one goes on
    assert left(*charges).count(3000) == 2
    assert (at_end(run).done, run.allocated) == (5, 10000)
    assert not go_on(run.pk)
    assert not broken()


def test_stopped_preview_says_so_and_is_not_applied(client, harbor, charges):
    run = preview_run(by=harbor.bill)
    go_on(run.pk)
    client.force_login(harbor.bill.user)
    client.post(address(harbor.clinic, "auto_apply_stop", number=1))
    text = page(client, harbor).content.decode()
    assert "after 2 of 5 accounts" in text
    assert "make a new one" in text
    with pytest.raises(Refusal, match="not complete"):
        apply_preview(run, by=harbor.bill)
    with pytest.raises(Refusal, match="over already"):
        stop_run(run, by=harbor.bill)


def test_run_stopped_while_it_is_applied_keeps_that_and_is_undone_as_a_whole(harbor, charges):
    run = at_end(preview_run(by=harbor.bill))
    apply_preview(run, by=harbor.bill)
    go_on(run.pk)
    stop_run(run, by=harbor.bill)
    assert not go_on(run.pk)
    assert left(*charges).count(3000) == 2
    undo_run(run, by=harbor.bill, reason="stopped")
    assert left(*charges) == [5000] * 5
    assert not broken()


def test_run_that_failed_says_why_and_goes_on_where_it_stood(client, harbor, charges):
    run = preview_run(by=harbor.bill)
    go_on(run.pk)
    note_problem(run.pk, "Somebody else is working on this account right now.")
    assert not go_on(run.pk)
    text = page(client, harbor).content.decode()
    assert "Somebody else is working on this account" in text
    assert "2 of 5 accounts" in text
    assert "Run again" in text
    ask_again(run, by=harbor.bill)
    assert at_end(run).done == 5


def test_worker_acts_for_who_asked_and_stands_still_once_they_may_not(harbor, charges):
    run = preview_run(by=harbor.bill)
    Membership.objects.filter(pk=harbor.bill.pk).update(role=Role.RECEPTION)
    auto_apply(harbor.clinic.pk, run.pk)
    assert "This needs" in AutoApplyRun.objects.get().problem


def test_short_preview_is_complete_at_once(harbor):
    a_payment(harbor, a_patient(harbor).account, 700)
    assert preview_run(by=harbor.bill).is_over
