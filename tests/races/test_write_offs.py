"""Write-offs decided by many at once, and leave that is withdrawn meanwhile (W2): once, and never after the end."""

import threading
from datetime import timedelta

import pytest

from balances.models import Entry
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.delegations import NotDelegated, delegate, withdraw_delegation
from clinicpay.staff.models import Delegation
from followups.models import WriteOff
from followups.services import approve_write_off, reject_write_off, request_write_off
from tests.balances.invariants import broken
from tests.balances.money import left
from tests.factories import a_charge, a_patient
from tests.races.crowd import PATIENCE, a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 8


def waits(home):
    """A write-off of 10.00 that Adam asked for, with its charge."""
    with clinic_scope(home.clinic, home.adam.user):
        charge = a_charge(home, a_patient(home), 1000)
        return charge, request_write_off(charge.account, [charge.invoice], by=home.adam, reason="gone")


def test_control_who_reads_before_the_lock_tells_everybody_that_they_approved():
    home = a_clinic()
    _, request = waits(home)
    gate = threading.Barrier(CROWD)

    def naive(_: int) -> str:
        with clinic_scope(home.clinic, home.olga.user):
            found = WriteOff.objects.get(pk=request.pk)
            gate.wait(PATIENCE)
            if found.status != "requested":
                raise Refusal("decided")
            WriteOff.objects.filter(pk=found.pk).update(status="approved")
            return "approved"

    assert rush(CROWD, naive).count("approved") > 1


def test_one_request_approved_by_a_crowd_is_written_off_once():
    home = a_clinic()
    charge, request = waits(home)

    def approve(_: int) -> WriteOff:
        with clinic_scope(home.clinic, home.olga.user):
            return approve_write_off(request, by=home.olga)

    results = rush(CROWD, approve)
    assert len(failures(results, Refusal)) == len(failures(results)) == CROWD - 1
    with clinic_scope(home.clinic):
        assert left(charge) == [0]
        assert Entry.objects.filter(kind="write_off").count() == 1
        assert AuditEvent.objects.filter(action="write_off.approved").count() == 1
        assert not broken()


def test_approved_by_one_and_declined_by_another_is_one_of_both():
    for _ in range(3):
        home = a_clinic()
        charge, request = waits(home)

        def decide(number: int, home=home, request=request) -> WriteOff:
            with clinic_scope(home.clinic, home.olga.user):
                if number % 2:
                    return approve_write_off(request, by=home.olga)
                return reject_write_off(request, by=home.olga, reason="She will pay")

        results = rush(4, decide)
        assert len(failures(results, Refusal)) == len(failures(results)) == 3
        with clinic_scope(home.clinic):
            is_approved = WriteOff.objects.get().status == "approved"
            assert left(charge) == [0 if is_approved else 1000]
            assert not broken()


def test_leave_that_is_withdrawn_meanwhile_approves_nothing_afterwards():
    for _ in range(3):
        home = a_clinic()
        charge, request = waits(home)
        with clinic_scope(home.clinic, home.olga.user):
            last = clock.today(home.clinic) + timedelta(days=3)
            leave = delegate(home.bill, by=home.olga, limit=1000, last_day=last)

        def race(number: int, home=home, request=request, leave=leave) -> object:
            who = home.bill if number else home.olga
            with clinic_scope(home.clinic, who.user):
                if number:
                    return approve_write_off(request, by=home.bill)
                return withdraw_delegation(leave, by=home.olga)

        results = rush(3, race)
        assert len(failures(results, Refusal, NotDelegated)) == len(failures(results))
        with clinic_scope(home.clinic):
            made, ended = WriteOff.objects.get(), Delegation.objects.get().ended_at
            assert made.status == "requested" or made.decided_at < ended
            assert left(charge) == [1000 if made.status == "requested" else 0]
            assert not broken()
