"""A sign-in ends after rest and after a day, says so, and leads back to where the person was (E19)."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

pytestmark = pytest.mark.django_db

PLACE = "/c/harbor/patients/"
IDLE = timedelta(seconds=settings.SESSION_IDLE_SECONDS)
DAY = timedelta(seconds=settings.SESSION_COOKIE_AGE)


@pytest.fixture
def rita(harbor) -> Client:
    client = Client()
    client.force_login(harbor.rita.user)
    return client


def test_rest_ends_the_sign_in_and_says_so(rita):
    with time_machine.travel(timezone.now() + IDLE + timedelta(seconds=61)):
        answer = rita.get(f"{PLACE}?q=kle", follow=True)

    assert answer.redirect_chain == [(f"/accounts/login/?next={PLACE}%3Fq%3Dkle", 302)]
    assert "signed out after 15 minutes of rest" in answer.content.decode()


def test_work_keeps_the_sign_in_until_the_day_is_over(rita):
    start, statuses = timezone.now(), []
    for part in range(1, 80):
        with time_machine.travel(start + part * timedelta(minutes=10)):
            statuses.append(rita.get(PLACE).status_code)

    open_for = statuses.index(302) * timedelta(minutes=10)
    assert DAY - timedelta(minutes=10) <= open_for <= DAY
    assert set(statuses[statuses.index(302) :]) == {302}


def test_part_of_a_page_opens_the_sign_in_page(rita):
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{PLACE}?q=kle"}

    with time_machine.travel(timezone.now() + IDLE + timedelta(seconds=61)):
        answer = rita.get(PLACE, headers=headers)

    assert (answer.status_code, answer.content) == (401, b"")
    assert answer["HX-Redirect"] == f"/accounts/login/?next={PLACE}%3Fq%3Dkle"


def test_form_of_an_ended_sign_in_leads_back_to_its_page_and_does_nothing(harbor, rita):
    """The step itself can't be opened; its page can, and static/drafts.js fills it again."""
    form = f"http://testserver{PLACE}PT-001/"

    with time_machine.travel(timezone.now() + IDLE + timedelta(seconds=61)):
        answer = rita.post("/c/harbor/treatments/TE-001/complete/", headers={"Referer": form})

    assert answer["Location"] == f"/accounts/login/?next={PLACE}PT-001/"


@pytest.mark.parametrize("page", ["https://evil.example/c/harbor/", "//evil.example/", "javascript:alert(1)"])
def test_page_of_another_site_is_never_come_back_to(rita, page):
    rita.logout()

    answer = rita.post("/c/harbor/patients/new/", headers={"Referer": page})

    assert answer["Location"] == "/accounts/login/?next=/c/harbor/patients/new/"


def test_being_seen_is_written_once_a_minute(rita, django_assert_num_queries):
    with time_machine.travel(timezone.now() + timedelta(seconds=30)):
        rita.get("/accounts/sessions/")
        before = dict(rita.session)
    with time_machine.travel(timezone.now() + timedelta(seconds=90)):
        rita.get("/accounts/sessions/")

    assert before["seen"] == before["began"]
    assert rita.session["seen"] == before["seen"] + 90


def test_page_after_sign_out_asks_for_a_sign_in(rita):
    """The back button shows nothing: no page is kept (no-store), and asking again leads to the sign-in."""
    shown = rita.get(PLACE)
    rita.post("/accounts/logout/")

    assert shown["Cache-Control"] == "no-store"
    assert rita.get(PLACE).status_code == 302
