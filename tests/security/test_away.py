"""Servers that are away: without the cache signing in stays shut, without the database everything says so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, close_old_connections, connection

from clinicpay.away import missing_server
from tests.access.samples import HTMX
from tests.factories import UserFactory, make_clinic
from tests.ports import closed_port

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def nowhere() -> Iterator[int]:
    """A port on which no server listens."""
    with closed_port() as port:
        yield port


@pytest.fixture
def no_cache(settings, nowhere):
    """A cache server that nobody runs."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{nowhere}/0",
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


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["rita@away.test", "nobody@away.test"])
def test_reset_without_the_mail_server_is_refused_in_words(client, settings, nowhere, address):
    UserFactory(email="rita@away.test")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", nowhere

    answer = client.post("/accounts/password/reset/", {"email": address})

    assert answer.status_code == 503
    assert "try again" in answer.content.decode()


@contextmanager
def no_database() -> Iterator[None]:
    """The application's connection leads to a port on which nobody listens."""
    before = dict(connection.settings_dict)
    connection.close()
    with closed_port() as port:
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": port}
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
def test_statement_that_takes_too_long_is_stopped_in_words(worlds, limits_of_a_page):
    """E16: within six seconds, nothing saved, and the same connection serves the next page.

    Five are the statement's, which sleeps; one is ours, of this process alone: what others do meanwhile isn't counted.
    """
    north, _ = worlds
    rita = north.browser("rita")
    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        assert cursor.fetchone() == ("5s",)
    begin = time.process_time()

    answer = rita.post(f"/c/{north.slug}/planted/sleeps/")

    assert time.process_time() - begin < 1
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
