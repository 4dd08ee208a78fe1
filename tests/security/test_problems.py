"""Pages of trouble say what happened, that nothing was saved, who can help, and the way back."""

import uuid

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from clinicpay.away import error_page
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from tests.factories import a_patient, an_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(harbor) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(harbor.rita.user)
    return client


def words(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_refusal_names_who_may_and_who_can_help(harbor, rita):
    answer = rita.get("/c/harbor/settings/team/")

    assert answer.status_code == 403
    assert "This needs: Admin or Owner." in words(answer)
    assert "Olga (Owner) or Adam (Admin) can help." in words(answer)
    assert "Nothing was changed." in words(answer)


def test_refusal_of_what_is_the_owners_does_not_send_an_admin_to_themselves(harbor):
    """S0.35: an admin who would open a closed day again is told whose it is."""
    adam = Client()
    adam.force_login(harbor.adam.user)

    answer = adam.get(f"/c/harbor/close/{harbor.location.pk}/2026-11-20/reopen/")

    assert answer.status_code == 403
    assert "This needs: Owner." in words(answer)
    assert "Olga (Owner) can help." in words(answer)


def test_missing_row_leads_to_its_list(rita):
    answer = rita.get("/c/harbor/patients/PT-999/")

    assert answer.status_code == 404
    assert 'href="/c/harbor/patients/">All patients</a>' in words(answer)
    assert "Olga (Owner)" in words(answer)


def test_address_that_leads_nowhere_says_who_can_help(rita):
    answer = rita.get("/c/harbor/nowhere/")

    assert answer.status_code == 404
    assert "Your clinic’s owner or an admin can help." in words(answer)


def test_conflict_leads_back_to_the_record(harbor, rita):
    event = an_event(harbor, a_patient(harbor), 5000)
    path = f"/c/harbor/treatments/{event.ref}/"
    rita.post(f"{path}complete/")

    answer = rita.post(f"{path}complete/")

    assert answer.status_code == 409
    assert f'href="{path}">Back to {event.ref}</a>' in words(answer)
    assert "Nothing was changed." in words(answer)


def test_step_that_is_opened_like_a_page_says_so(harbor, rita):
    event = an_event(harbor, a_patient(harbor), 5000)

    answer = rita.get(f"/c/harbor/treatments/{event.ref}/complete/")

    assert answer.status_code == 405
    assert "This is a step, not a page" in words(answer)
    assert f"Back to {event.ref}" in words(answer)


@pytest.mark.parametrize("step", ["/accounts/sessions/end/", "/accounts/switch/"])
def test_step_of_a_sign_in_that_is_opened_like_a_page_says_so_too(rita, step):
    """Where a rested sign-in is followed by another one, the browser opens it by itself."""
    answer = rita.get(step)

    assert answer.status_code == 405
    assert "This is a step, not a page" in words(answer)


@pytest.mark.parametrize("slashes", ["//", "///", "/\\"])
def test_way_back_never_leads_to_another_site(rita, slashes):
    """An address of ours that begins with two slashes is another site's once its host is gone."""
    answer = rita.get("/accounts/switch/", headers={"Referer": f"http://testserver{slashes}evil.example/"})

    assert 'href="/evil.example/">Back to where you were</a>' in words(answer)


def test_stale_form_can_be_loaded_again(harbor):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(harbor.rita.user)

    answer = strict.post("/c/harbor/patients/new/", {"first_name": "Ethan"})

    assert answer.status_code == 403
    assert 'href="/c/harbor/patients/new/">Load the form again</a>' in words(answer)
    assert "data-keeps-draft" in words(answer)


@pytest.mark.parametrize(
    ("form", "what_to_do"),
    [
        ({"memo": "x" * 3_000_000}, "about 2 MB of text. Nothing was saved: shorten"),
        (
            {f"tick_{number}": "on" for number in range(3_001)},
            "at most 3,000 fields, and fewer files. Nothing was saved: choose",
        ),
    ],
    ids=["long", "many"],
)
def test_form_that_is_too_large_says_what_of_it_is(rita, form, what_to_do):
    answer = rita.post("/c/harbor/patients/new/", form)

    assert answer.status_code == 413
    assert "This is too much at once" in words(answer)
    assert what_to_do in words(answer)
    assert words(answer).count("Nothing was saved") == 1
    assert 'href="/c/harbor/patients/new/">Load the form again</a>' in words(answer)


def test_too_many_tries_are_told_how_long_to_wait(settings):
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/d/key"}
    email = f"{uuid.uuid4().hex[:12]}@problems.test"

    answers = [Client().post("/accounts/password/reset/", {"email": email}) for _ in range(2)]

    assert [one.status_code for one in answers] == [302, 429]
    assert "Wait five minutes, then go on." in words(answers[1])
    assert 'href="/accounts/password/reset/">Try again</a>' in words(answers[1])


@pytest.mark.urls("tests.tenancy.planted")
def test_broken_page_names_helpers_and_a_reference(rita):
    answer = rita.post("/c/harbor/planted/raises/")

    assert answer.status_code == 500
    assert "The step was undone as a whole" in words(answer)
    assert "Olga (Owner) or Adam (Admin) can help" in words(answer)
    assert answer["X-Request-ID"][:8] in words(answer)


def test_database_that_is_away_is_503_and_asks_nothing(harbor, django_assert_num_queries):
    request = RequestFactory().get("/c/harbor/today/")
    try:
        raise OperationalError from psycopg.OperationalError("server closed the connection")
    except OperationalError:
        with django_assert_num_queries(0):
            answer = error_page(request)

    assert answer.status_code == 503
    assert "Nothing of your last step was saved" in words(answer)
    assert "tell your clinic’s owner" in words(answer)


def test_form_of_one_clinics_page_is_refused_in_another(harbor, lakeside, rita):
    """A19: two tabs, two clinics; the address counts, and a form that goes astray writes nothing anywhere."""
    with clinic_scope(lakeside.clinic):
        Membership.objects.create(user=harbor.rita.user, role=Role.RECEPTION)
    new = {"first_name": "Ethan", "last_name": "Park"}
    page = "http://testserver/c/harbor/patients/new/"

    answer = rita.post("/c/lakeside/patients/new/", new, headers={"Referer": page})
    part = rita.post("/c/lakeside/patients/new/", new, headers={"HX-Request": "true", "HX-Current-URL": page})

    assert (answer.status_code, part.status_code, part.content) == (409, 409, b"")
    assert "sent from a page of Harbor Clinic to Lakeside Dental" in words(answer)
    assert "Harbor Clinic to Lakeside Dental" in part["HX-Trigger"]
    for home in (harbor, lakeside):
        with clinic_scope(home.clinic):
            assert not Patient.objects.exists()
    assert rita.post("/c/harbor/patients/new/", new, headers={"Referer": page}).status_code == 302


def test_clinic_that_one_is_no_member_of_is_not_named(harbor, lakeside, rita):
    page = "http://testserver/c/lakeside/patients/new/"

    answer = rita.post("/c/harbor/patients/new/", headers={"Referer": page})

    assert answer.status_code == 409
    assert "Lakeside" not in words(answer)
