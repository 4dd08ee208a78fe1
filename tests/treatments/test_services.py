"""Scheduling and completing treatments."""

import pytest

from balances.models import Charge
from balances.services import bill_event, complete_event
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from tests.factories import a_patient, an_event
from treatments.models import PriceItem
from treatments.services import Work, add_procedures


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
