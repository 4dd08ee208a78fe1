"""Servers that are away: without the cache signing in stays shut, without the database everything says so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, close_old_connections, connection

from clinicpay.away import missing_server
from clinicpay.embedded.postgres import free_port
from tests.access.samples import HTMX
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


@contextmanager
def no_database() -> Iterator[None]:
    """The application's connection leads to a port on which nobody listens."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": free_port()}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= before


@pytest.mark.django_db(transaction=True)
def test_pages_without_the_database_say_so_in_words(worlds):
    """D10: the session's look-up fails outside any view, and is no bug either."""
    north, _ = worlds
    rita = north.browser("rita")

    with no_database():
        page = rita.get(f"/c/{north.slug}/patients/")
        part = rita.get(f"/c/{north.slug}/patients/", headers=HTMX)
        post = rita.post(f"/c/{north.slug}/patients/new/", {"first_name": "Ava", "last_name": "Away"})

    assert [answer.status_code for answer in (page, part, post)] == [503] * 3
    assert "Nothing of your last step was saved" in page.content.decode()
    assert page["Retry-After"] == "10"
    assert part.content == b""


@pytest.mark.django_db(transaction=True)
def test_pages_are_back_with_the_database(worlds):
    north, _ = worlds
    rita = north.browser("rita")
    with no_database():
        rita.get(f"/c/{north.slug}/patients/")

    assert rita.get(f"/c/{north.slug}/patients/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_connection_that_the_server_ends_is_503_once(worlds, superuser):
    """The server's restart takes the connections that are at work; the next request makes a new one."""
    north, _ = worlds
    rita = north.browser("rita")
    rita.get(f"/c/{north.slug}/today/")
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        superuser.execute("select pg_terminate_backend(%s, 5000)", cursor.fetchone())

    first = rita.get(f"/c/{north.slug}/today/").status_code
    close_old_connections()  # a server does this before each request, the test's client does not
    second = rita.get(f"/c/{north.slug}/today/").status_code

    assert (first, second) == (503, 200)


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.security.slow")
def test_statement_that_takes_too_long_is_stopped_in_words(worlds):
    """E16: within six seconds, nothing saved, and the same connection serves the next page."""
    north, _ = worlds
    rita = north.browser("rita")
    begin = time.monotonic()

    answer = rita.post(f"/c/{north.slug}/planted/sleeps/")

    assert time.monotonic() - begin < 6
    assert answer.status_code == 503
    assert "This took too long and was stopped" in answer.content.decode()
    assert b"never kept" not in rita.get(f"/c/{north.slug}/settings/locations/").content
    assert rita.get(f"/c/{north.slug}/today/").status_code == 200


@pytest.mark.parametrize(
    ("code", "server"),
    [
        ("57P01", "database"),  # shutting down
        ("53100", "database"),  # disk full
        ("53300", "database"),  # too many connections
        ("25006", "database"),  # a standby after a failover
        ("08006", "database"),
        ("57014", "database, in time"),
        ("23505", None),  # a bug of ours stays one
        ("55P03", None),
    ],
)
def test_only_an_absence_is_called_one(code, server):
    error = OperationalError("wrapped by Django")
    error.__cause__ = psycopg.errors.lookup(code)("the server's words")

    assert missing_server(error) == server
