"""Practitioners, locations and prices are changed and retired; nothing that names them changes."""

import pytest
from django.test import Client

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from clinicpay.staff.roster import (
    add_location,
    change_location,
    change_practitioner,
    reactivate,
    retire,
)
from tests.factories import a_patient, an_invoice
from treatments.models import PriceItem
from treatments.services import change_price, set_price

pytestmark = pytest.mark.django_db


@pytest.fixture
def adam(harbor) -> Client:
    client = Client()
    client.force_login(harbor.adam.user)
    return client


def trail() -> tuple[str, dict, dict]:
    line = AuditEvent.objects.latest("pk")
    return line.action, line.before, line.after


def test_correction_is_in_the_trail_with_what_stood(harbor):
    change_practitioner(harbor.practitioner, by=harbor.adam, name="Dr Petra Stone", discipline="")

    assert trail() == ("practitioner.changed", {"name": "Dr Petra Jones"}, {"name": "Dr Petra Stone"})


def test_name_too_long_for_the_trail_shows_that_it_was_cut(harbor):
    add_location(name="Main Street " * 9, address="", by=harbor.adam)

    subject = AuditEvent.objects.latest("pk").subject
    assert len(subject) == 80
    assert subject.endswith("…")


def test_correction_of_nothing_leaves_no_line(harbor):
    before = AuditEvent.objects.count()

    change_practitioner(harbor.practitioner, by=harbor.adam, name="Dr Petra Jones", discipline="")

    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("name", ["Main Street", "main street"])
def test_two_active_locations_of_one_name_are_refused(harbor, name):
    other = add_location(name="Main Street", address="", by=harbor.adam)

    with pytest.raises(Refusal, match="already"):
        add_location(name=name, address="", by=harbor.adam)
    with pytest.raises(Refusal, match="already"):
        change_location(harbor.location, by=harbor.adam, name=name, address="")
    change_location(other, by=harbor.adam, name=name, address="Its own name is no clash")


def test_name_of_a_retired_location_is_free_until_it_comes_back(harbor):
    old = add_location(name="Main Street", address="", by=harbor.adam)
    retire(old, by=harbor.adam)
    add_location(name="Main Street", address="", by=harbor.adam)

    with pytest.raises(Refusal, match="already"):
        reactivate(old, by=harbor.adam)


def test_last_active_location_stays(harbor):
    with pytest.raises(Refusal, match="only active location"):
        retire(harbor.location, by=harbor.adam)
    add_location(name="Main Street", address="", by=harbor.adam)
    retire(harbor.location, by=harbor.adam)

    assert trail() == ("location.changed", {"active": True}, {"active": False})


def test_reception_retires_nothing(harbor):
    with pytest.raises(Refused):
        retire(harbor.practitioner, by=harbor.rita)


def test_retired_practitioner_is_offered_no_more_and_keeps_the_past(harbor, adam):
    invoice = an_invoice(harbor, a_patient(harbor), 5000)
    adam.post(f"/c/harbor/settings/practitioners/{harbor.practitioner.pk}/active/", {"active": "0"})

    new = adam.get("/c/harbor/treatments/new/?patient=PT-001").content.decode()
    past = adam.get(f"/c/harbor/treatments/{invoice.event.ref}/").content.decode()
    assert (">Dr Petra Jones<" in new, "Dr Petra Jones" in past) == (False, True)

    adam.post(f"/c/harbor/settings/practitioners/{harbor.practitioner.pk}/active/", {"active": "1"})
    assert ">Dr Petra Jones<" in adam.get("/c/harbor/treatments/new/?patient=PT-001").content.decode()


def test_refusal_to_retire_leads_back_to_the_list(harbor, adam):
    address = f"/c/harbor/settings/locations/{harbor.location.pk}/active/"

    answer = adam.post(address, {"active": "0"}, headers={"Referer": "http://testserver/c/harbor/settings/locations/"})

    assert answer.status_code == 409
    assert 'href="/c/harbor/settings/locations/"' in answer.content.decode()
    assert Location.objects.get().active


def test_code_that_is_taken_is_no_new_price(harbor, adam):
    set_price(by=harbor.adam, code="D0120", description="Exam", discipline="", fee=6200)

    page = adam.post("/c/harbor/settings/prices/", {"code": "D0120", "description": "Slip", "fee": "1"})

    assert page.status_code == 422
    assert "D0120 is on the list already" in page.content.decode()
    assert PriceItem.objects.get(code="D0120").fee == 6200


def test_new_fee_keeps_past_charges(harbor, adam):
    price = set_price(by=harbor.adam, code="D0120", description="Exam", discipline="", fee=5000)
    charge = an_invoice(harbor, a_patient(harbor), 5000).charges.get()

    adam.post(f"/c/harbor/settings/prices/{price.pk}/", {"description": "Exam", "discipline": "", "fee": "60"})

    charge.refresh_from_db()
    assert (PriceItem.objects.get().fee, charge.amount) == (6000, 5000)
    assert trail() == ("price.set", {"fee": 5000}, {"fee": 6000})


def test_edit_of_a_retired_price_leaves_it_retired(harbor):
    price = set_price(by=harbor.adam, code="D0120", description="Exam", discipline="", fee=5000)
    change_price(price, by=harbor.adam, active=False)
    change_price(price, by=harbor.adam, fee=6000)
    assert not PriceItem.objects.get().active

    set_price(by=harbor.adam, code="D0120", description="Exam", discipline="", fee=6000)
    assert PriceItem.objects.get().active
