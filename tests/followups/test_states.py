"""Cases and promises: one table of moves in Python, the same in the database."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from followups.models import Callback, Case, Promise
from followups.services import open_case
from followups.states import (
    CALLBACK_MOVES,
    CASE_MOVES,
    CASE_OPEN,
    PROMISE_MOVES,
    CallbackState,
    CaseState,
    PromiseStatus,
)
from tests.factories import a_charge, a_patient
from tests.moves import accepted, listed

ENDS = {PromiseStatus.KEPT: 100, PromiseStatus.PARTLY_KEPT: 50}


@pytest.fixture
def a_case(harbor):
    """A case of an account that owes 1.00."""

    def begin() -> Case:
        patient = a_patient(harbor)
        a_charge(harbor, patient, 100)
        return open_case(patient.account, by=harbor.bill)

    return begin


def test_every_state_has_its_row_in_the_tables():
    assert set(CASE_MOVES) == set(CaseState)
    assert set(PROMISE_MOVES) == set(PromiseStatus)
    assert set(CALLBACK_MOVES) == set(CallbackState)
    assert set(CaseState) > CASE_OPEN


def test_moves_of_a_case_in_python_are_those_of_the_database(a_case):
    """An outcome belongs to a closed case alone, so each row is asked with and without one."""

    def stand(state: str) -> int:
        case = a_case()
        Case.objects.filter(pk=case.pk).update(state=state, outcome="recovered" if state == "closed" else "")
        return case.pk

    def passes(old: str, new: str) -> bool:
        outcome = "recovered" if new == "closed" else ""
        try:
            with transaction.atomic():
                Case.objects.filter(pk=stand(old)).update(state=new, outcome=outcome)
                transaction.set_rollback(True)
        except IntegrityError:
            return False
        return True

    pairs = {(str(old), str(new)) for old in CaseState for new in CaseState if old != new}
    assert {pair for pair in pairs if passes(*pair)} == listed(CASE_MOVES)


def test_moves_of_a_promise_in_python_are_those_of_the_database(a_case):
    """What was paid decides which end fits, so each is tried with an amount that does."""

    def reach(status: str) -> int:
        promise = Promise.objects.create(case=a_case(), amount=100, due_date="2026-12-01")
        if status != PromiseStatus.OPEN:
            Promise.objects.filter(pk=promise.pk).update(status=status, paid=ENDS.get(PromiseStatus(status), 0))
        return promise.pk

    ends = {(PromiseStatus.OPEN.value, status.value) for status in PROMISE_MOVES[PromiseStatus.OPEN] if reach(status)}
    assert ends == listed(PROMISE_MOVES)
    assert accepted("followups_promise", "status", PromiseStatus, reach) < ends, "an end is final"


def test_moves_of_a_callback_in_python_are_those_of_the_database(harbor, a_case):
    def reach(state: str) -> int:
        callback = Callback.objects.create(case=a_case(), member=harbor.bill, due_at=timezone.now())
        if state != CallbackState.PLANNED:
            Callback.objects.filter(pk=callback.pk).update(state=state)
        return callback.pk

    assert accepted("followups_callback", "state", CallbackState, reach) == listed(CALLBACK_MOVES)
