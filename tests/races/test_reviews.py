"""One treatment at several desks at once: reviewed once, confirmed once, with one line of the trail for each."""

import pytest

from balances.services import complete_event
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import EventReview
from clinicpay.close.reviews import confirm, review
from tests.factories import a_patient, a_payment, an_event, some_evidence
from tests.races.crowd import a_clinic, failures, in_scope, rush
from treatments.models import TreatmentEvent

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 8


def test_treatment_confirmed_by_many_at_once_is_confirmed_once():
    """S0.33, S0.34: one succeeds at each step; the others are told so in words, and nothing is written twice."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        event = an_event(home, a_patient(home), 10000)
        complete_event(event, by=home.rita)
        a_payment(home, event.patient.account, 10000, (event.charges.get(), 10000))
        some_evidence(home, event)

    def reviewed(_number: int) -> object:
        return review(TreatmentEvent.objects.get(), outcome="paid", by=home.rita)

    def confirmed(_number: int) -> object:
        return confirm(TreatmentEvent.objects.get(), by=home.rita)

    for act, words in ((reviewed, "was reviewed already"), (confirmed, "already")):
        told = failures(rush(PEOPLE, in_scope(home, act)))
        assert len(told) == PEOPLE - 1
        assert all(isinstance(one, Refusal) and words in str(one) for one in told), told
    with clinic_scope(home.clinic):
        assert TreatmentEvent.objects.get().state == "ready"
        assert EventReview.objects.count() == 1
        assert AuditEvent.objects.filter(action="event.confirmed").count() == 1
