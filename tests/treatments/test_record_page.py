"""The page of the clinical record: written, re-opened after its review, and closed with its day."""

import pytest

from balances.services import complete_event
from clinicpay.audit.models import AuditEvent
from tests.factories import a_patient, a_payment, a_ready_event, a_review, an_event
from tests.followups.pages import browser, text_of
from treatments.services import move_event, write_record
from treatments.states import EventState

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(harbor):
    """A treatment whose record is complete and whose charge is paid."""
    ethan = a_patient(harbor)
    event = an_event(harbor, ethan, 100)
    complete_event(event, by=harbor.petra)
    a_payment(harbor, ethan.account, 100, (event.charges.get(), 100))
    write_record(event, by=harbor.petra, notes="Filling, upper left.")
    return event


@pytest.fixture
def petra(harbor):
    return browser(harbor.petra)


def place(event) -> str:
    return f"/c/harbor/treatments/{event.ref}/record/"


def test_record_that_was_not_reviewed_asks_for_no_reason(petra, done):
    assert "re-opened" not in text_of(petra.get(place(done)))
    petra.post(place(done), {"notes": "Filling, upper right."})
    done.refresh_from_db()
    assert (done.clinical_notes, done.state) == ("Filling, upper right.", "closed")


@pytest.mark.parametrize("come", [a_review, a_ready_event])
def test_reviewed_record_is_reopened_and_written_with_a_reason(harbor, petra, done, come):
    come(harbor, done)
    here = f"/c/harbor/treatments/{done.ref}/"
    assert "Re-open record" in text_of(petra.get(here))
    assert "Re-open record" not in text_of(browser(harbor.rita).get(here))
    page = text_of(petra.get(place(done)))
    assert f"{done.ref} has been reviewed. To save is to re-open its record" in page
    assert "Why the record is re-opened" in page

    for nothing in ({}, {"reason": " "}):
        answer = petra.post(place(done), {"notes": "More.", **nothing})
        assert "Say why the record is re-opened." in text_of(answer)
    done.refresh_from_db()
    assert (done.clinical_notes, done.state in {"reviewed", "ready"}) == ("Filling, upper left.", True)

    petra.post(place(done), {"notes": "More.", "reason": "forgot a tooth"})
    done.refresh_from_db()
    assert (done.clinical_notes, done.state) == ("More.", "closed")
    assert AuditEvent.objects.filter(action="event.moved").latest("pk").reason == "forgot a tooth"


def test_form_from_before_the_review_keeps_what_was_typed_and_asks_why(harbor, petra, done):
    petra.get(place(done))
    a_review(harbor, done)

    answer = petra.post(place(done), {"notes": "More."})

    assert answer.status_code == 422
    page = text_of(answer)
    assert "Say why the record is re-opened." in page
    assert "More." in page


def test_record_of_a_closed_day_is_read_alone(harbor, petra, done):
    move_event(a_ready_event(harbor, done), EventState.DAY_CLOSED, by=harbor.adam)

    page = petra.get(place(done)).content.decode()
    assert "The owner can re-open it." in page
    assert "Filling, upper left." in page
    assert "<textarea" not in page

    answer = petra.post(place(done), {"notes": "More."})
    done.refresh_from_db()
    assert "The owner can re-open it." in text_of(answer)
    assert done.clinical_notes == "Filling, upper left."
