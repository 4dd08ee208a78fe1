"""One treatment in progress: billed by many, listed further and completed, all at once."""

import threading
import uuid

import pytest

from balances.models import Charge, Invoice
from balances.requests import Once
from balances.services import complete_event
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from payments.services import bill_as_shown, foresee_billing
from tests.balances.invariants import broken
from tests.factories import a_patient, an_event
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush, until_waiting
from treatments.models import TreatmentEvent
from treatments.services import Work, add_procedures, start_event

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 12


@pytest.fixture
def home():
    """A clinic with one treatment in progress."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        start_event(an_event(home, a_patient(home), 12000, 3000, 0), by=home.petra)
    return home


def test_each_procedure_is_billed_once_whoever_bills_and_completes(home):
    with clinic_scope(home.clinic, home.rita.user):
        seal = foresee_billing(_event(), home.clinic).seal

    def act(number: int) -> object:
        if number == PEOPLE - 1:
            return complete_event(_event(), by=home.petra)
        return bill_as_shown(_event(), seal, by=home.rita, once=Once.of(uuid.uuid4()))

    results = rush(PEOPLE, in_scope(home, act))

    told = failures(results, Refusal)
    assert failures(results) == told
    assert all("it is billed on INV-" in str(one) for one in told), told
    with clinic_scope(home.clinic):
        assert Invoice.objects.count() == 1
        assert sorted(Charge.objects.values_list("amount", flat=True)) == [3000, 12000]
        assert _event().is_completed
        assert broken() == []


def test_what_is_listed_while_it_is_billed_is_not_billed_unseen(home):
    with clinic_scope(home.clinic, home.rita.user):
        seal = foresee_billing(_event(), home.clinic).seal
    listed = threading.Event()

    def act(number: int) -> object:
        if number == 0:
            add_procedures(_event(), by=home.petra, work=[Work("D9", "Polish", fee=900)])
            listed.set()
            return until_waiting()
        assert listed.wait(PATIENCE)
        return bill_as_shown(_event(), seal, by=home.rita, once=Once.of(uuid.uuid4()))

    _, told = rush(2, in_scope(home, act))

    assert "Something has changed since this summary was made." in str(told)
    with clinic_scope(home.clinic):
        assert Charge.objects.count() == 0


def _event() -> TreatmentEvent:
    return TreatmentEvent.objects.select_related("patient__account").get()
