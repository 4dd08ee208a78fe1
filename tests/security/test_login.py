"""Guessing passwords is slow, and tells nobody who has an account (E9, E10)."""

import re
import statistics
import threading
import time
import uuid
from unittest.mock import patch

import pytest
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.test import Client

from clinicpay.staff import reset
from clinicpay.staff.adapter import GUESSES
from tests.factories import UserFactory
from tests.races.crowd import PATIENCE, rush

LOGIN, RESET = "/accounts/login/", "/accounts/password/reset/"
SAMPLES = 9
PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def nobody_has_guessed_yet(monkeypatch):
    """A hash is the real one with fewer rounds: still most of what a sign-in takes."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 100_000)
    cache.clear()
    yield
    cache.clear()


def _user(password: str = PASSWORD):
    user = UserFactory(email=f"{uuid.uuid4().hex[:12]}@login.test")
    user.set_password(password)
    user.save(update_fields=["password"])
    return user


@pytest.mark.django_db
def test_sign_in_begins_in_the_address_and_says_what_is_empty():
    """A day begins without the mouse; on a form with faults the first of them has the focus, as everywhere."""
    page, faulty = Client().get(LOGIN), Client().post(LOGIN, {"login": "", "password": ""})
    assert re.search(r"<input [^>]*name=.login.[^>]* autofocus", page.content.decode())
    assert page.content.decode().count("autofocus") == 1
    assert "autofocus" not in faulty.content.decode()
    assert "Enter your email address." in faulty.content.decode()


def _guess(email: str, password: str = "wrong wrong wrong"):
    return Client().post(LOGIN, {"login": email, "password": password})


def _hashed_of(crowd: int, settings) -> int:
    """How many of so many guesses at once are hashed, with no limit but ours."""
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "1000/m/ip,1000/300s/key"}
    email, hashed, encode = _user().email, [], PBKDF2PasswordHasher.encode

    def counted(self, password, salt, iterations=None):
        hashed.append(password)
        return encode(self, password, salt, 1)

    with patch.object(PBKDF2PasswordHasher, "encode", counted):
        answers = rush(crowd, lambda _: _guess(email).status_code)
    assert set(answers) <= {200, 429}, answers
    return len(hashed)


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_five_are_hashed(settings):
    """E9"""
    assert (_hashed_of(32, settings), GUESSES) == (5, 5)


@pytest.mark.django_db(transaction=True)
def test_control_count_in_two_steps_lets_all_guesses_through(settings, monkeypatch):
    """E9: everybody reads before anybody writes. So many as a busy machine brings together in time."""
    crowd = 2 * GUESSES
    read = threading.Barrier(crowd)

    def in_two_steps(key: str, _window: int) -> int:
        before = cache.get(key, 0)
        read.wait(PATIENCE)
        cache.set(key, before + 1)
        return before + 1

    monkeypatch.setattr("clinicpay.staff.adapter.counted", in_two_steps)

    assert _hashed_of(crowd, settings) == crowd


@pytest.mark.django_db
def test_after_five_guesses_the_right_password_waits_too():
    user = _user()
    for _ in range(GUESSES):
        _guess(user.email)

    refused = _guess(user.email, PASSWORD)
    assert "_auth_user_id" not in refused.wsgi_request.session
    assert "Wait five minutes, then try again." in refused.content.decode()
    cache.clear()
    assert "_auth_user_id" in _guess(user.email, PASSWORD).wsgi_request.session


@pytest.mark.django_db
def test_right_passwords_are_no_guesses():
    user = _user()
    for _ in range(GUESSES * 2):
        assert "_auth_user_id" in _guess(user.email, PASSWORD).wsgi_request.session


@pytest.mark.django_db
def test_count_that_ends_while_the_password_is_hashed_is_no_fault():
    """The five minutes may be over between the two steps of a sign-in; it was a 500."""
    user, hashed = _user(), PBKDF2PasswordHasher.encode

    def forgetful(self, password, salt, iterations=None):
        cache.clear()
        return hashed(self, password, salt, iterations)

    with patch.object(PBKDF2PasswordHasher, "encode", forgetful):
        answer = _guess(user.email, PASSWORD)

    assert "_auth_user_id" in answer.wsgi_request.session


def _words(page: str, email: str) -> str:
    """A page without what differs anyway: the address that was typed, and the token of its form."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"|x-csrftoken": "\w+"', "", page).replace(email, "ADDRESS")


@pytest.mark.django_db
@pytest.mark.parametrize(("page", "field"), [(LOGIN, "login"), (RESET, "email")])
def test_known_and_unknown_address_get_the_same_answer(page, field):
    answers = []
    for email in (_user().email, "nobody@login.test"):
        answer = Client().post(page, {field: email, "password": "wrong wrong wrong"}, follow=True)
        answers.append((answer.status_code, answer.redirect_chain, _words(answer.content.decode(), email)))

    assert answers[0] == answers[1]


@pytest.mark.django_db
def test_unknown_address_is_hashed_as_a_known_one():
    """What takes the time at sign-in is the hash, so the same number of hashes is the robust half of E10."""
    counts = []
    for email in (_user().email, "nobody@login.test"):
        with patch.object(
            PBKDF2PasswordHasher, "encode", autospec=True, side_effect=PBKDF2PasswordHasher.encode
        ) as one:
            _guess(email)
        counts.append(one.call_count)

    assert counts == [1, 1]


def _difference(settings) -> float:
    """Of the medians of sign-ins in turns, in time of this process: what others do meanwhile isn't counted."""
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "1000/m/ip"}
    known = _user().email
    times: dict[str, list[float]] = {known: [], "nobody@login.test": []}
    for email in [known, "nobody@login.test"] * SAMPLES:
        cache.clear()
        began = time.process_time()
        _guess(email)
        times[email].append(time.process_time() - began)
    first, second = (statistics.median(some[1:]) for some in times.values())
    return abs(first - second) / max(first, second)


@pytest.mark.django_db
def test_sign_in_takes_as_long_for_an_unknown_address(settings):
    """E10. `make drill ARGS=enumeration` holds 200 of each to 5 %, on a server of its own."""
    assert _difference(settings) < 0.25


@pytest.mark.django_db
def test_control_sign_in_that_hashes_nothing_for_nobody_is_seen(settings):
    with patch.object(AuthenticationBackend, "_mitigate_timing_attack", lambda *_: None):
        assert _difference(settings) > 0.25


class _Clock:
    """Time that passes only when somebody works or waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _reset_takes(email: str, monkeypatch) -> float:
    """Seconds, if signing a link takes 70 ms and all else nothing."""
    clock = _Clock()
    monkeypatch.setattr(reset, "time", clock)
    sign = EmailAwarePasswordResetTokenGenerator.make_token
    monkeypatch.setattr(
        EmailAwarePasswordResetTokenGenerator,
        "make_token",
        lambda self, user: clock.sleep(0.07) or sign(self, user),
    )
    assert Client().post(RESET, {"email": email}).status_code == 302
    monkeypatch.undo()
    return clock.now


@pytest.mark.django_db
def test_reset_takes_as_long_for_an_unknown_address(monkeypatch):
    """E10"""
    assert _reset_takes(_user().email, monkeypatch) == _reset_takes("nobody@login.test", monkeypatch) == reset.PACE


@pytest.mark.django_db
def test_control_reset_without_a_pace_tells_who_has_an_account(monkeypatch):
    times = []
    for email in (_user().email, "nobody@login.test"):
        monkeypatch.setattr(reset, "PACE", 0)
        times.append(_reset_takes(email, monkeypatch))

    assert times == [0.07, 0]


@pytest.mark.parametrize(("passed", "left"), [(0, 0.5), (0.1, 0.4), (0.5, 0), (0.6, 0.4), (3.2, 0.3)])
def test_slow_mail_server_moves_the_answer_by_whole_beats(passed, left):
    assert reset.until_beat(passed) == pytest.approx(left)
