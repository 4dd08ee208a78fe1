"""The cache that counts sign-in attempts is away: signing in stays shut, everything else goes on."""

import pytest

from clinicpay.embedded.postgres import free_port
from tests.factories import make_clinic

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def no_cache(settings):
    """A cache server that nobody runs."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
        }
    }


@pytest.mark.django_db
def test_sign_in_without_the_cache_is_refused_in_words(client, no_cache):
    answer = client.post("/accounts/login/", {"login": "rita@away.test", "password": "a long enough password"})

    assert answer.status_code == 503
    assert "try again" in answer.content.decode().lower()


@pytest.mark.django_db
def test_pages_of_who_has_signed_in_work_without_the_cache(client, no_cache):
    home = make_clinic("away")
    client.force_login(home.rita.user, backend=BACKEND)

    assert client.get("/c/away/patients/").status_code == 200
