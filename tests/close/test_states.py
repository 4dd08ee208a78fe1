"""A version of a day's close: one table of moves in Python, the same in the database."""

from datetime import date, timedelta

from django.db import transaction

from clinicpay.close.models import DailyClose
from clinicpay.close.states import MOVES, CloseState
from tests.moves import accepted, listed

ROAD = [CloseState.REVIEWING, CloseState.CLOSED, CloseState.REOPENED]


def test_moves_in_python_are_those_of_the_database(harbor):
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(99))

    def reach(state: str) -> int:
        """With everything that a later state needs, so that only the move decides."""
        close = DailyClose.objects.create(
            location=harbor.location, day=next(days), number=None, snapshot={}, reopen_reason="why"
        )
        DailyClose.objects.filter(pk=close.pk).update(number=close.pk)
        for step in ROAD[: list(CloseState).index(CloseState(state))]:
            DailyClose.objects.filter(pk=close.pk).update(state=step)
        return close.pk

    with transaction.atomic():
        assert accepted("close_dailyclose", "state", CloseState, reach) == listed(MOVES)
        transaction.set_rollback(True)  # closed without their locks


def test_every_state_has_its_row_in_the_table():
    assert set(MOVES) == set(CloseState)
