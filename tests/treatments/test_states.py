"""The clinical states: one table of moves in Python, the same in the database."""

import pytest

from clinicpay.clinics.refusals import Refusal
from clinicpay.close.models import EventReview
from tests.factories import a_patient, an_event
from tests.moves import accepted, listed
from treatments.models import TreatmentEvent
from treatments.services import move_event
from treatments.states import MOVES, EventState

ROADS = {
    EventState.SCHEDULED: [],
    EventState.IN_PROGRESS: ["in_progress"],
    EventState.CLOSED: ["closed"],
    EventState.REVIEWED: ["closed", "reviewed"],
    EventState.READY: ["closed", "reviewed", "ready"],
    EventState.DAY_CLOSED: ["closed", "reviewed", "ready", "day_closed"],
    EventState.CANCELLED: ["cancelled"],
}


@pytest.fixture
def reach(harbor):
    """An event that has come to a state along allowed moves."""
    patient = a_patient(harbor)

    def come(state: str) -> int:
        event = an_event(harbor, patient)
        for step in ROADS[EventState(state)]:
            TreatmentEvent.objects.filter(pk=event.pk).update(state=step)
            if step == EventState.CLOSED:  # without which it moves no further (tests/close/test_reviews.py)
                EventReview.objects.create(event=event, outcome="paid")
        return event.pk

    return come


def test_moves_in_python_are_those_of_the_database(reach):
    assert accepted("treatments_treatmentevent", "state", EventState, reach) == listed(MOVES)


def test_every_state_has_its_row_in_the_table():
    assert set(MOVES) == set(EventState)


@pytest.mark.parametrize("old", EventState)
def test_move_that_is_not_listed_is_refused_in_words(harbor, reach, old):
    event = TreatmentEvent.objects.get(pk=reach(old))
    for new in set(EventState) - MOVES[old]:
        with pytest.raises(Refusal, match=r"can't become|already"):
            move_event(event, new, by=harbor.itself)
    event.refresh_from_db()
    assert event.state == old
