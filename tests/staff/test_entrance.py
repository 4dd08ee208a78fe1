"""What the forms of signing in say of a field that was left empty: what to do, not that it is required."""

import uuid

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client

from tests.factories import UserFactory

PASSWORD = "a long enough password"
NO_WORDS = "This field is required."


@pytest.fixture(autouse=True)
def nobody_has_guessed_yet(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()


def _person(*, password: str = PASSWORD):
    user = UserFactory(email=f"{uuid.uuid4().hex[:12]}@entrance.test")
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save(update_fields=["password"])
    return user


def _signed_in(user) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "_auth_user_id" in client.session
    return client


def _asked_again() -> Client:
    client = _signed_in(_person())
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def _by_link() -> tuple[Client, str]:
    client, user = Client(), _person()
    link = f"/accounts/password/reset/key/{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}/"
    return client, client.get(link)["Location"]


def _without_password() -> tuple[Client, str]:
    client, user = Client(), _person(password="")
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client, "/accounts/password/set/"


def _at_second_step() -> tuple[Client, str]:
    client, user = Client(), _person()
    TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    return client, client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})["Location"]


EMPTY = {
    "sign-in": (lambda: (Client(), "/accounts/login/"), {"Enter your email address.", "Type your password."}),
    "forgotten": (lambda: (Client(), "/accounts/password/reset/"), {"Enter your email address."}),
    "by a link": (_by_link, {"Think of a new password.", "Type the new password once more."}),
    "change": (
        lambda: (_signed_in(_person()), "/accounts/password/change/"),
        {"Type the password that you have now.", "Think of a new password.", "Type the new password once more."},
    ),
    "first": (_without_password, {"Think of a new password.", "Type the new password once more."}),
    "is it you": (lambda: (_signed_in(_person()), "/accounts/reauthenticate/"), {"Type your password."}),
    "second step": (_at_second_step, {"Type the code."}),
    "setting it up": (lambda: (_asked_again(), "/accounts/2fa/totp/activate/"), {"Type the code."}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("form", EMPTY)
def test_an_empty_field_says_what_to_do(form):
    reach, words = EMPTY[form]
    client, address = reach()
    client.get(address)

    page = client.post(address, {"code": ""}).content.decode()

    assert {said for said in words if said in page} == words
    assert NO_WORDS not in page
