"""Guessing passwords is slow, and tells nobody who has an account (E9, E10)."""

import re
import statistics
import time
import uuid
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.test import Client

from clinicpay.staff.adapter import GUESSES
from tests.factories import UserFactory
from tests.races.crowd import failures, rush

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


def _guess(email: str, password: str = "wrong wrong wrong"):
    return Client().post(LOGIN, {"login": email, "password": password})


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_five_are_hashed(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "1000/m/ip,1000/300s/key"}  # ours alone
    email, hashed, encode = _user().email, [], PBKDF2PasswordHasher.encode

    def counted(self, password, salt, iterations=None):
        hashed.append(password)
        return encode(self, password, salt, 1)

    with patch.object(PBKDF2PasswordHasher, "encode", counted):
        answers = rush(32, lambda _: _guess(email))

    assert failures(answers) == []
    assert (len(hashed), GUESSES) == (5, 5)


@pytest.mark.django_db
def test_after_five_guesses_the_right_password_waits_too():
    user = _user()
    for _ in range(GUESSES):
        _guess(user.email)

    assert "_auth_user_id" not in _guess(user.email, PASSWORD).wsgi_request.session
    cache.clear()
    assert "_auth_user_id" in _guess(user.email, PASSWORD).wsgi_request.session


@pytest.mark.django_db
def test_right_passwords_are_no_guesses():
    user = _user()
    for _ in range(GUESSES * 2):
        assert "_auth_user_id" in _guess(user.email, PASSWORD).wsgi_request.session


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


@pytest.mark.django_db
def test_sign_in_takes_as_long_for_an_unknown_address(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "1000/m/ip"}
    known = _user().email
    times: dict[str, list[float]] = {known: [], "nobody@login.test": []}
    for email in [known, "nobody@login.test"] * SAMPLES:
        cache.clear()
        began = time.process_time()
        _guess(email)
        times[email].append(time.process_time() - began)

    first, second = (statistics.median(some[1:]) for some in times.values())
    assert abs(first - second) / max(first, second) < 0.25, times  # 5 % of a quiet machine; here others work too
