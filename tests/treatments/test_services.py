"""Scheduling and completing treatments."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from balances.models import Charge
from balances.services import bill_event, complete_event
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from tests.factories import a_patient, a_payment, a_ready_event, a_review, an_event
from treatments.models import PriceItem, TreatmentEvent
from treatments.services import Work, add_procedures, move_event, reopen_record, write_record
from treatments.states import EventState


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def test_fee_comes_from_the_price_list(harbor, ethan):
    PriceItem.objects.create(code="D0120", description="Check-up", fee=7500)
    event = an_event(harbor, ethan)
    added = add_procedures(event, by=harbor.rita, work=[Work("D0120"), Work("D0120", fee=0)])
    assert [(one.line, one.fee, one.description) for one in added] == [(1, 7500, "Check-up"), (2, 0, "Check-up")]


def test_procedure_without_any_price_is_refused(harbor, ethan):
    PriceItem.objects.create(code="D0120", description="Check-up", fee=7500, active=False)
    with pytest.raises(Refusal, match="not on the price list"):
        add_procedures(an_event(harbor, ethan), by=harbor.rita, work=[Work("D0120")])


def test_completed_treatment_takes_no_more_procedures(harbor, ethan):
    event = an_event(harbor, ethan, 100)
    complete_event(event, by=harbor.petra)
    with pytest.raises(Refusal, match="can't be changed"):
        add_procedures(event, by=harbor.rita, work=[Work("D1", fee=100)])


def test_completing_bills_each_procedure_once(harbor, ethan):
    event = an_event(harbor, ethan, 100, 0, 300)
    billed = bill_event(event, by=harbor.rita)
    assert list(billed.charges.order_by("line").values_list("amount", flat=True)) == [100, 300]
    assert complete_event(event, by=harbor.rita) is None
    assert Charge.objects.count() == 2


def test_completing_twice_is_refused(harbor, ethan):
    event = an_event(harbor, ethan, 100)
    complete_event(event, by=harbor.rita)
    with pytest.raises(Refusal, match="clinically closed"):
        complete_event(event, by=harbor.rita)
    assert Charge.objects.count() == 1


def test_completing_by_billing_staff_is_refused(harbor, ethan):
    event = an_event(harbor, ethan, 100)
    with pytest.raises(Refused):
        complete_event(event, by=harbor.bill)
    event.refresh_from_db()
    assert event.state == "scheduled"


def test_completing_leaves_its_line_in_the_trail(harbor, ethan):
    event = an_event(harbor, ethan, 100)
    complete_event(event, by=harbor.petra)
    line = AuditEvent.objects.get(action="event.moved")
    assert (line.before, line.after, line.subject_id) == ({"state": "scheduled"}, {"state": "closed"}, event.pk)


@pytest.fixture
def done(harbor, ethan):
    """A treatment whose record is complete."""
    event = an_event(harbor, ethan, 100)
    complete_event(event, by=harbor.petra)
    return event


@pytest.mark.parametrize("come", [a_review, a_ready_event])
def test_record_is_written_again_only_once_it_is_reopened(harbor, ethan, done, come):
    a_payment(harbor, ethan.account, 100, (done.charges.get(), 100))
    come(harbor, done)
    with pytest.raises(Refusal, match="Re-open its record"):
        write_record(done, by=harbor.petra, notes="more")
    with pytest.raises(Refusal, match="Say why"):
        reopen_record(done, by=harbor.petra, reason=" ")
    assert reopen_record(done, by=harbor.petra, reason="forgot a tooth").state == "closed"
    assert write_record(done, by=harbor.petra, notes="more").clinical_notes == "more"
    line = AuditEvent.objects.filter(action="event.moved").latest("pk")
    assert (line.after, line.reason) == ({"state": "closed"}, "forgot a tooth")


def test_record_of_a_closed_day_is_the_owners_to_reopen(harbor, ethan, done):
    a_payment(harbor, ethan.account, 100, (done.charges.get(), 100))
    move_event(a_ready_event(harbor, done), EventState.DAY_CLOSED, by=harbor.adam)
    done.refresh_from_db()
    with pytest.raises(Refusal, match="owner"):
        reopen_record(done, by=harbor.petra, reason="forgot a tooth")


def test_record_that_was_not_reviewed_has_nothing_to_reopen(harbor, ethan, done):
    """A scheduled treatment would otherwise become complete without being billed."""
    for event, state in ((an_event(harbor, ethan, 100), "scheduled"), (done, "clinically closed")):
        with pytest.raises(Refusal, match=f"is {state}: its record was not reviewed"):
            reopen_record(event, by=harbor.petra, reason="forgot a tooth")
        event.refresh_from_db()
        assert event.get_state_display().lower() == state


def test_record_is_for_practitioners_to_reopen(harbor, done):
    for who in ("rita", "bill", "adam", "olga"):
        with pytest.raises(Refused):
            reopen_record(done, by=harbor.members[who], reason="x")


@pytest.mark.parametrize("state", sorted(set(EventState) - {"scheduled"}))
def test_treatment_begins_as_scheduled_or_comes_in_complete(harbor, ethan, state):
    fields = {"patient": ethan, "practitioner": harbor.practitioner, "location": harbor.location}
    fields |= {"service_at": timezone.now(), "state": state}
    with pytest.raises(IntegrityError, match="cannot begin"), transaction.atomic():
        TreatmentEvent.objects.create(number=900, **fields)
    if state == EventState.CLOSED:
        assert TreatmentEvent.objects.create(number=901, external_ref="visit 7", **fields).is_completed
