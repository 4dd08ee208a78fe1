"""At a shared desk: setting up a second step, handing over, and rest that loses nothing (E11, E19)."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import User
from clinicpay.staff.sessions import SEEN
from tests.browsing import opened
from tests.factories import a_patient
from tests.journeys.conftest import PASSWORD
from tests.journeys.steps import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def give_password(user: User) -> None:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def type_password(page, user: User) -> None:
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def code(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def test_e11_owner_is_led_to_the_second_step_and_back(page, desk, tmp_path):
    """The app's codes are computed here from the key beside the picture."""
    with clinic_scope(desk.clinic):
        Clinic.objects.filter(pk=desk.clinic.pk).update(two_step=Clinic.TwoStep.MANAGERS)
    give_password(desk.olga.user)
    team = f"/c/{desk.clinic.slug}/settings/team/"

    page.goto(team)
    type_password(page, desk.olga.user)
    page.get_by_role("heading", name="One more step").wait_for()
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Can’t scan? Type the key").click()
    secret = page.locator("details code").inner_text()
    assert (
        page.get_by_alt_text("QR code of the key below").evaluate("one => one.decode().then(() => one.naturalWidth)")
        > 0
    )
    page.get_by_label("Authenticator code").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    page.get_by_text("This code is not right").wait_for()
    page.get_by_label("Authenticator code").fill(code(secret))
    page.get_by_role("button", name="Turn on").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    page.wait_for_load_state()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "codes.txt")
    assert (tmp_path / "codes.txt").read_text().split() == codes
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("heading", name="Team").wait_for()

    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto(team)
    type_password(page, desk.olga.user)
    page.get_by_label("Code").fill(code(secret, 1))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Team").wait_for()
    expect(page.get_by_role("row", name="Olga").get_by_role("cell", name="On", exact=True)).to_be_visible()
    # The wrong code's page and the page before the second step answer 403 and 200; nothing else complained.
    assert [one for one in page.complaints if "403" not in one] == []


def test_e19_switch_user_keeps_the_page_and_back_shows_nothing_of_the_other(page, desk):
    with clinic_scope(desk.clinic):
        a_patient(desk, "Quentin", "Zephyr")
    give_password(desk.petra.user)
    place = f"/c/{desk.clinic.slug}/patients/?q=zeph"
    sign_in(page, desk)
    page.goto(place)
    page.get_by_text("Zephyr").first.wait_for()
    page.goto(f"/c/{desk.clinic.slug}/payments/")
    page.goto(place)

    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Switch user").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Sign in").wait_for()
    assert "Zephyr" not in page.content()
    page.go_back()
    page.get_by_role("heading", name="Sign in").wait_for()

    page.goto(f"/accounts/login/?next={place}")
    type_password(page, desk.petra.user)
    page.wait_for_url(lambda url: "?next=" not in url and url.endswith(place))
    page.get_by_text("Zephyr").first.wait_for()
    expect(page.locator("body")).to_have_attribute("data-person", str(desk.petra.user_id))


def test_e19_page_in_another_tab_goes_when_the_desk_is_handed_over(page, desk):
    with clinic_scope(desk.clinic):
        a_patient(desk, "Quentin", "Zephyr")
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/patients/")
    page.get_by_text("Zephyr").first.wait_for()
    other = opened(page.context)
    other.goto(f"/c/{desk.clinic.slug}/today/")

    other.get_by_role("button", name="Your account").click()
    other.get_by_role("button", name="Switch user").click()
    other.get_by_role("heading", name="Sign in").wait_for()

    page.get_by_role("heading", name="Sign in").wait_for()
    assert "Zephyr" not in page.content()


def rest(page, seconds: int) -> None:
    """As if nobody had asked for anything meanwhile; the page's own clock goes with the server's."""
    for row in Session.objects.all():
        store = row.get_session_store_class()(row.session_key)
        if SEEN in store:
            store[SEEN] = store[SEEN] - seconds
            store.save()
    page.clock.fast_forward(seconds * 1000)


def stay_signed_in(page) -> None:
    """The page has heard how long: what it asked was answered before what is asked after it."""
    stay = page.locator("body").get_attribute("data-stay")
    with page.expect_response(lambda answer: answer.url.endswith(stay)):
        page.get_by_role("button", name="Stay signed in").click()
    page.get_by_role("heading", name="Are you still here?").wait_for(state="hidden")
    page.evaluate("fetch(document.body.dataset.stay, {headers: {'X-Background': '1'}}).then((one) => one.json())")


def test_e19_rest_is_said_before_and_loses_nothing_that_was_typed(page, desk):
    page.clock.install()
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/patients/new/")
    page.get_by_label("First name").fill("Quentin")

    rest(page, 13 * 60 + 30)
    page.get_by_role("heading", name="Are you still here?").wait_for()
    stay_signed_in(page)

    rest(page, 14 * 60)
    page.get_by_role("heading", name="Are you still here?").wait_for()
    rest(page, 65)
    page.get_by_text("signed out after 15 minutes of rest").wait_for()
    assert "Quentin" not in page.content()
    page.clock.fast_forward(3600 * 1000)
    expect(page.get_by_text("signed out after 15 minutes of rest")).to_be_visible()  # to whoever comes back
    type_password(page, desk.rita.user)
    page.get_by_text("What you had typed is back").wait_for()
    expect(page.get_by_label("First name")).to_have_value("Quentin")
