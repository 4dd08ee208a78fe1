"""A sign-in ends after rest and after a day, says so, and leads back to where the person was (E19)."""

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role

pytestmark = pytest.mark.django_db

PLACE = "/c/harbor/patients/"
IDLE = timedelta(seconds=settings.SESSION_IDLE_SECONDS)
DAY = timedelta(seconds=settings.SESSION_COOKIE_AGE)
PASSWORD = "a long enough password"


@pytest.fixture
def rita(harbor) -> Client:
    client = Client()
    client.force_login(harbor.rita.user)
    return client


def after(browser: Client, passed: timedelta) -> time_machine.travel:
    """So much later than the sign-in, to the second: a sign-in counts whole ones."""
    return time_machine.travel(browser.session["began"] + passed.total_seconds(), tick=False)


def test_rest_ends_the_sign_in_and_says_so(rita):
    with after(rita, IDLE + timedelta(seconds=61)):
        answer = rita.get(f"{PLACE}?q=kle", follow=True)

    assert answer.redirect_chain == [(f"/accounts/login/?next={PLACE}%3Fq%3Dkle", 302)]
    assert "signed out after 15 minutes of rest" in answer.content.decode()


def test_work_keeps_the_sign_in_until_the_day_is_over(rita):
    moments, statuses = [after(rita, part * timedelta(minutes=10)) for part in range(1, 80)], []
    for moment in moments:
        with moment:
            statuses.append(rita.get(PLACE).status_code)

    open_for = statuses.index(302) * timedelta(minutes=10)
    assert DAY - timedelta(minutes=10) <= open_for <= DAY
    assert set(statuses[statuses.index(302) :]) == {302}


def test_part_of_a_page_opens_the_sign_in_page(rita):
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{PLACE}?q=kle"}

    with after(rita, IDLE + timedelta(seconds=61)):
        answer = rita.get(PLACE, headers=headers)

    assert (answer.status_code, answer.content) == (401, b"")
    assert answer["HX-Redirect"] == f"/accounts/login/?next={PLACE}%3Fq%3Dkle"


def test_form_of_an_ended_sign_in_leads_back_to_its_page_and_does_nothing(harbor, rita):
    """The step itself can't be opened; its page can, and static/drafts.js fills it again."""
    form = f"http://testserver{PLACE}PT-001/"

    with after(rita, IDLE + timedelta(seconds=61)):
        answer = rita.post("/c/harbor/treatments/TE-001/complete/", headers={"Referer": form})

    assert answer["Location"] == f"/accounts/login/?next={PLACE}PT-001/"


@pytest.mark.parametrize("page", ["https://evil.example/c/harbor/", "//evil.example/", "javascript:alert(1)"])
def test_page_of_another_site_is_never_come_back_to(rita, page):
    rita.logout()

    answer = rita.post("/c/harbor/patients/new/", headers={"Referer": page})

    assert answer["Location"] == "/accounts/login/?next=/c/harbor/patients/new/"


def test_being_seen_is_written_once_a_minute(rita):
    with after(rita, timedelta(seconds=30)):
        rita.get("/accounts/sessions/")
        before = dict(rita.session)
    with after(rita, timedelta(seconds=90)):
        rita.get("/accounts/sessions/")

    assert before["seen"] == before["began"]
    assert rita.session["seen"] == before["seen"] + 90


def test_page_after_sign_out_asks_for_a_sign_in(rita):
    """The back button shows nothing: no page is kept (no-store), and asking again leads to the sign-in."""
    shown = rita.get(PLACE)
    rita.post("/accounts/logout/")

    assert shown["Cache-Control"] == "no-store"
    assert rita.get(PLACE).status_code == 302


@pytest.fixture
def signs_in(harbor, settings):
    """Rita as she signs in herself, in as many browsers as are asked for."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip"}
    cache.clear()
    harbor.rita.user.set_password(PASSWORD)
    harbor.rita.user.save(update_fields=["password"])

    def sign_in(client: Client | None = None, place: str = "") -> Client:
        client = client or Client()
        client.post(f"/accounts/login/?next={place}", {"login": harbor.rita.user.email, "password": PASSWORD})
        return client

    return sign_in


def is_in(client: Client) -> bool:
    return client.get(PLACE).status_code == 200


def test_e19_session_that_was_planted_before_the_sign_in_is_not_taken_over(signs_in):
    """Fixation: whoever knows the cookie of before knows nothing of after."""
    victim = Client()
    victim.get("/accounts/login/")
    session = victim.session
    session["planted"] = True
    session.save()
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted = session.session_key

    signs_in(victim)

    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert is_in(victim)
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != planted
    assert not is_in(thief)


def test_e19_sign_out_everywhere_ends_all_sign_ins(signs_in):
    browsers = [signs_in() for _ in range(3)]
    assert [is_in(one) for one in browsers] == [True] * 3

    answer = browsers[0].post("/accounts/sessions/end/", follow=True)

    assert "signed out everywhere" in answer.content.decode()
    assert [is_in(one) for one in browsers] == [False] * 3
    assert is_in(signs_in())


def test_e19_sign_out_of_the_others_keeps_this_one(signs_in):
    browsers = [signs_in() for _ in range(3)]

    browsers[0].post("/accounts/sessions/end/", {"others": "1"})

    assert [is_in(one) for one in browsers] == [True, False, False]


def test_e19_one_device_is_signed_out_and_nobody_elses(signs_in, harbor):
    browsers = [signs_in() for _ in range(2)]
    adam = Client()
    adam.force_login(harbor.adam.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    other = UserSession.objects.get(session_key=browsers[1].session.session_key)

    assert adam.post(f"/accounts/sessions/{other.pk}/end/").status_code == 404
    assert is_in(browsers[1])
    browsers[0].post(f"/accounts/sessions/{other.pk}/end/")

    assert [is_in(one) for one in browsers] == [True, False]


@pytest.mark.parametrize("everywhere_else", [True, False])
def test_sign_in_that_was_ended_elsewhere_says_so_and_leads_back(signs_in, everywhere_else):
    here, away = signs_in(), signs_in()
    one = UserSession.objects.get(session_key=away.session.session_key)
    here.post("/accounts/sessions/end/" if everywhere_else else f"/accounts/sessions/{one.pk}/end/", {"others": "1"})

    answer = away.get(f"{PLACE}?q=kle", follow=True)

    assert answer.redirect_chain == [(f"/accounts/login/?next={PLACE}%3Fq%3Dkle", 302)]
    assert answer.content.decode().count("You were signed out here") == 1
    assert "You were signed out here" not in away.get("/accounts/login/").content.decode()


def test_part_of_a_page_whose_sign_in_was_ended_opens_the_sign_in_page_that_says_so(signs_in):
    here, away = signs_in(), signs_in()
    here.post("/accounts/sessions/end/", {"others": "1"})

    part = away.get(PLACE, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{PLACE}"})
    opened = away.get(part["HX-Redirect"])

    assert part.status_code == 401
    assert "You were signed out here" in opened.content.decode()


def test_nobody_is_told_of_an_end_who_ended_it_here_never_began_or_rested_too_long(signs_in):
    out, rested = signs_in(), signs_in()
    out.post("/accounts/logout/")
    with after(rested, IDLE + timedelta(seconds=61)):
        pages = [browser.get(PLACE, follow=True).content.decode() for browser in (out, Client(), rested)]

    assert ["You were signed out here" in page for page in pages] == [False] * 3


@pytest.mark.parametrize("is_ended", [True, False], ids=["ended", "rested"])
def test_field_that_looks_names_up_leaves_the_reason_for_the_page(signs_in, is_ended):
    """The browser would follow the redirect by itself: nobody saw that sign-in page, and what it said was gone."""
    here, away = signs_in(), signs_in()
    if is_ended:
        here.post("/accounts/sessions/end/", {"others": "1"})
    with after(away, timedelta(0) if is_ended else IDLE + timedelta(seconds=61)):
        looked = away.get(PLACE, headers={"X-Requested-With": "lookup"}, follow=True)
        page = away.get(PLACE, follow=True).content.decode()

    assert (looked.status_code, looked.content) == (401, b"")
    assert ("You were signed out here" if is_ended else "signed out after 15 minutes of rest") in page


def test_sign_in_that_nobody_used_for_a_day_is_not_blamed_on_others_alone(signs_in):
    """A laptop that was closed overnight: its session is forgotten, which nobody can tell from one that was ended."""
    away = signs_in()

    with after(away, DAY + timedelta(hours=1)):
        page = away.get(PLACE, follow=True).content.decode()

    assert "You were signed out here: after a long rest, from another device" in page


@pytest.mark.parametrize(
    ("place", "is_told"),
    [(PLACE, True), ("/", False), ("", False), ("//evil.example/c/", False), ("https://evil.example/c/", False)],
)
def test_sign_in_page_says_that_one_goes_on_only_where_one_was(place, is_told):
    """Whoever opens ClinicPay for the first time was nowhere yet."""
    page = Client().get("/accounts/login/", {"next": place}).content.decode()

    assert ("You then go on where you were." in page) is is_told


def test_devices_are_named_with_place_and_last_seen(signs_in):
    here = signs_in(Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0"}))
    away = Client(REMOTE_ADDR="198.41.0.4")
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        signs_in(away)

    words = " ".join(here.get("/accounts/sessions/").content.decode().split())

    assert "Chrome on Windows" in words
    assert "Where you are now" in words
    assert "Somewhere on the Internet (198.41.0.4)" in words


def test_e19_page_that_asks_by_itself_keeps_nobody_signed_in(rita):
    """A list that keeps up to date asks every few seconds; nobody is at the desk."""
    poll = {"HX-Request": "true", "X-Background": "1"}
    moments, statuses = [after(rita, timedelta(minutes=minute)) for minute in range(1, 20)], []
    for moment in moments:
        with moment:
            statuses.append(rita.get(PLACE, headers=poll).status_code)

    assert statuses == [200] * 15 + [401] * 4


def test_e19_control_page_that_somebody_asks_for_does(rita):
    for minute in range(1, 20):
        with after(rita, timedelta(minutes=minute)):
            assert rita.get(PLACE, headers={"HX-Request": "true"}).status_code == 200


@pytest.mark.parametrize(("minutes", "stays"), [(5, False), (60, True)])
def test_e19_clinic_says_how_long_rest_may_be(harbor, rita, minutes, stays):
    Clinic.objects.filter(pk=harbor.clinic.pk).update(idle_minutes=minutes)
    rita.get(PLACE)

    with after(rita, timedelta(minutes=30)):
        answer = rita.get(PLACE, follow=True)

    assert (answer.redirect_chain == []) is stays
    assert stays or "signed out after 5 minutes of rest" in answer.content.decode()


def test_e19_of_two_clinics_the_shorter_rest_counts(harbor, lakeside, rita):
    with clinic_scope(lakeside.clinic):
        Membership.objects.create(user=harbor.rita.user, role=Role.RECEPTION)
        Clinic.objects.filter(pk=lakeside.clinic.pk).update(idle_minutes=5)
    rita.get(PLACE)

    with after(rita, timedelta(minutes=7)):
        assert not is_in(rita)


def test_page_knows_how_long_the_sign_in_lasts_and_somebody_at_the_desk_lengthens_it(rita):
    rita.get(PLACE)
    with after(rita, timedelta(minutes=10)):
        looked = rita.get("/accounts/sessions/stay/", headers={"X-Background": "1"}).json()["left"]
        stayed = rita.get("/accounts/sessions/stay/").json()["left"]
        page = rita.get(PLACE).content.decode()

    assert 290 <= looked <= 300
    assert stayed == 900
    assert 'data-signed-in-for="900"' in page


def test_e19_nobody_stays_longer_than_the_day(rita):
    moments = [*(part * timedelta(minutes=10) for part in range(1, 72)), DAY - timedelta(minutes=1)]
    for moment in moments:
        with after(rita, moment):
            answer = rita.get("/accounts/sessions/stay/")
    assert answer.json()["left"] <= 60
    with after(rita, DAY + timedelta(seconds=1)):
        assert rita.get("/accounts/sessions/stay/").status_code == 302


def test_e19_switch_user_hands_the_desk_over_with_its_page(rita, harbor):
    """The next person comes to the page as who they are; the one before is out."""
    planted = rita.session.session_key
    answer = rita.post("/accounts/switch/", headers={"Referer": f"http://testserver{PLACE}?q=kle"})

    assert answer["Location"] == f"/accounts/login/?next={PLACE}%3Fq%3Dkle"
    assert not is_in(rita)
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not is_in(thief)


@pytest.mark.parametrize("page", ["https://evil.example/c/harbor/", "//evil.example/", ""])
def test_switch_user_leads_to_no_other_site(rita, page):
    assert rita.post("/accounts/switch/", headers={"Referer": page})["Location"] == "/accounts/login/"
