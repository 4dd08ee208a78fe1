"""The clinical side: the practitioner's record, procedures that are added, a treatment that is cancelled."""

import pytest
from django.test import Client

from balances.services import bill_event
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.scope import clinic_scope
from tests.factories import a_patient, an_event
from tests.journeys.steps import BACKEND
from treatments.models import TreatmentEvent


@pytest.fixture
def petra(desk) -> Client:
    """The practitioner, signed in."""
    client = Client()
    client.force_login(desk.petra.user, backend=BACKEND)
    return client


@pytest.fixture
def address(desk) -> str:
    """A scheduled treatment."""
    with clinic_scope(desk.clinic):
        an_event(desk, a_patient(desk), 5000)
    return f"/c/{desk.clinic.slug}/treatments/TE-001/"


def test_record_is_written_by_the_practitioner_and_read_by_reception_alone(desk, petra, rita, address):
    olga = Client()
    olga.force_login(desk.olga.user, backend=BACKEND)

    petra.post(f"{address}record/", {"notes": "Caries on 14."})

    assert "Caries on 14." in petra.get(address).content.decode()
    assert "Caries on 14." in rita.get(address).content.decode()
    assert "Caries on 14." not in olga.get(address).content.decode()
    assert rita.post(f"{address}record/", {"notes": "Mine"}).status_code == 403
    with clinic_scope(desk.clinic):
        assert AuditEvent.objects.get(action="event.record_written").after == {"characters": 13}


def test_procedures_are_added_without_fees_in_sight(desk, petra, address):
    page = petra.get(f"{address}procedures/").content.decode()

    petra.post(f"{address}procedures/", {"codes": ["D1110"]})

    assert "Adult cleaning" in page
    assert "$" not in page
    with clinic_scope(desk.clinic):
        assert list(TreatmentEvent.objects.get().procedures.values_list("code", "fee")) == [
            ("D1001", 5000),
            ("D1110", 12000),
        ]


def test_procedures_of_a_complete_treatment_stay_as_they_are(desk, petra, rita, address):
    rita.post(f"{address}complete/")

    answer = petra.post(f"{address}procedures/", {"codes": ["D1110"]})

    assert answer.status_code == 422
    assert "its procedures can&#x27;t be changed" in answer.content.decode()


def test_treatment_starts_and_is_cancelled_before_anything_is_charged(desk, rita, address):
    rita.post(f"{address}start/")
    rita.post(f"{address}cancel/")

    with clinic_scope(desk.clinic):
        assert TreatmentEvent.objects.get().state == "cancelled"


def test_treatment_that_was_billed_early_is_not_cancelled(desk, rita, address):
    with clinic_scope(desk.clinic):
        bill_event(TreatmentEvent.objects.get(), by=desk.itself)

    answer = rita.post(f"{address}cancel/")

    assert answer.status_code == 409
    assert "has charges" in answer.content.decode()


def test_complete_treatment_is_not_even_asked_about(rita, address):
    rita.post(f"{address}complete/")

    answer = rita.get(f"{address}cancel/")

    assert answer.status_code == 409
    assert "can&#x27;t be cancelled" in answer.content.decode()
