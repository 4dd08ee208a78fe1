"""Rights are read afresh with every request (A18), and the address names the clinic (A19)."""

import pytest
from django.test import Client

from clinicpay.clinics.models import Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from tests.factories import Clinicful

pytestmark = pytest.mark.django_db

NEW_PATIENT = {"first_name": "Ethan", "last_name": "Park"}


@pytest.fixture
def rita(harbor) -> Client:
    """Reception, signed in, whom every request finds outside any scope."""
    client = Client()
    client.force_login(harbor.rita.user)
    return client


def _patients(home: Clinicful) -> int:
    with clinic_scope(home.clinic):
        return Patient.objects.count()


def test_removed_member_is_out_at_the_next_request(harbor, rita):
    assert rita.get("/c/harbor/today/").status_code == 200

    Membership.objects.filter(pk=harbor.rita.pk).update(active=False)

    assert rita.get("/c/harbor/today/").status_code == 404
    assert rita.post("/c/harbor/patients/new/", NEW_PATIENT).status_code == 404
    assert _patients(harbor) == 0


def test_disabled_user_is_signed_out_at_the_next_request(harbor, rita):
    assert rita.get("/c/harbor/today/").status_code == 200

    harbor.rita.user.is_active = False
    harbor.rita.user.save(update_fields=["is_active"])

    assert rita.get("/c/harbor/today/").status_code == 302


def test_disabled_user_is_out_of_every_session_at_the_next_request(harbor):
    sessions = [Client() for _ in range(3)]
    for session in sessions:
        session.force_login(harbor.rita.user)
        assert session.get("/c/harbor/today/").status_code == 200

    harbor.rita.user.is_active = False
    harbor.rita.user.save(update_fields=["is_active"])

    for session in sessions:
        assert session.post("/c/harbor/patients/new/", NEW_PATIENT).status_code == 302
        assert session.get("/c/harbor/today/")["Location"].startswith("/accounts/login/")
    assert _patients(harbor) == 0


def test_removed_member_is_out_of_every_session(harbor):
    sessions = [Client() for _ in range(3)]
    for session in sessions:
        session.force_login(harbor.rita.user)

    Membership.objects.filter(pk=harbor.rita.pk).update(active=False)

    assert [session.get("/c/harbor/today/").status_code for session in sessions] == [404] * 3


def test_changed_role_counts_at_the_next_request(harbor, rita):
    assert rita.get("/c/harbor/payments/").status_code == 200

    Membership.objects.filter(pk=harbor.rita.pk).update(role=Role.PRACTITIONER)

    assert rita.get("/c/harbor/payments/").status_code == 403


def test_two_clinics_in_two_tabs_stay_apart(harbor, lakeside, rita):
    with clinic_scope(lakeside.clinic):
        Membership.objects.create(user=harbor.rita.user, role=Role.RECEPTION)

    rita.get("/c/harbor/patients/new/")
    rita.get("/c/lakeside/patients/new/")
    rita.post("/c/harbor/patients/new/", NEW_PATIENT)

    assert (_patients(harbor), _patients(lakeside)) == (1, 0)


def test_role_counts_in_its_own_clinic_alone(harbor, lakeside, rita):
    with clinic_scope(lakeside.clinic):
        Membership.objects.create(user=harbor.rita.user, role=Role.PRACTITIONER)

    assert rita.get("/c/harbor/payments/").status_code == 200
    assert rita.get("/c/lakeside/payments/").status_code == 403


@pytest.mark.parametrize("slug", ["nowhere", "HARBOR", "harbor%00", "-"])
def test_clinic_that_is_none_is_not_found(rita, slug):
    assert rita.get(f"/c/{slug}/today/").status_code == 404


def test_set_up_leaves_no_clinic_to_the_request(harbor, rita):
    """The trap: rows made in a scope before the request must not open it for the request."""
    assert Location.objects.count() == 1
    assert rita.get("/c/lakeside/today/").status_code == 404
