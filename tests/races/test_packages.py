"""One price split over treatments while they close, are cancelled and are added, all at once."""

import threading
from contextlib import closing

import pytest
from psycopg import errors

from balances.models import Charge
from balances.services import add_visit, cancel_event, cancel_rest, complete_event
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from tests.balances.invariants import broken
from tests.balances.packages import a_package, a_visit, amounts, treatments
from tests.direct import connect
from tests.factories import a_patient
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush
from treatments.models import Package

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 12


def test_who_closes_cancels_and_adds_at_once_bills_each_part_once_and_the_price_in_all():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        package = a_package(home, a_patient(home), 1000_01, 6, code="")
        events = treatments(package)

    def act(number: int) -> str:
        event = events[number % len(events)]
        try:
            if number in (3, 9):
                add_visit(package, a_visit(home, number), by=home.rita)
            elif number in (4, 5):
                cancel_event(event, by=home.rita)
            elif number == PEOPLE - 1:
                cancel_rest(package, by=home.rita, reason="Moved away")
            else:
                complete_event(event, by=home.rita)
        except Refusal as refusal:
            return str(refusal)
        return "done"

    assert not failures(rush(PEOPLE, in_scope(home, act)))
    with clinic_scope(home.clinic):
        package = Package.objects.get()
        billed = list(Charge.objects.filter(voided=False).values_list("procedure", "amount"))
        assert len({procedure for procedure, _ in billed}) == len(billed)
        assert sum(amounts(package)) == package.to_bill
        assert sum(amount for _, amount in billed) <= package.to_bill <= package.price == 1000_01
        assert broken() == []


def test_two_who_split_by_hand_at_once_do_not_both_succeed():
    """Each leaves a right sum as it sees it: one gives to a visit what the other cancels. The second is refused."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        package = a_package(home, a_patient(home), 400_00, 4, code="")
        events = [event.pk for event in treatments(package)]
    both_have_split = threading.Barrier(2)

    def split(number: int) -> str:
        gone, heir = [(events[0], events[2]), (events[2], events[3])][number]
        with closing(connect()) as connection:
            connection.execute("select set_config('app.clinic_id', %s, false)", [str(home.clinic.pk)])
            connection.execute("update treatments_treatmentevent set state = 'cancelled' where id = %s", [gone])
            connection.execute("update treatments_procedure set fee = fee + 10000 where event_id = %s", [heir])
            both_have_split.wait(PATIENCE)
            try:
                connection.commit()
            except errors.CheckViolation:
                return "refused"
        return "done"

    assert sorted(rush(2, split)) == ["done", "refused"]
    with clinic_scope(home.clinic):
        assert sum(amounts(Package.objects.get())) == 400_00
