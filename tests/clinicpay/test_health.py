"""What a load balancer is told."""

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.ports import closed_port
from tests.security.test_away import no_cache, no_database, nowhere
from tests.worlds import connected_as_superuser

__all__ = ["no_cache", "nowhere"]

JSON = {"Accept": "application/json"}
OK = {"database": "ok", "migrations": "ok", "cache": "ok"}

pytestmark = pytest.mark.django_db(transaction=True)


def test_ready_in_words_and_for_machines(client):
    words, machine = client.get("/readyz"), client.get("/readyz", headers=JSON)

    assert (words.status_code, words.content) == (200, b"ready\n")
    assert (machine.status_code, machine.json()) == (200, {"ready": True, "checks": OK})


def test_healthy_without_any_server(client, no_cache):
    with no_database():
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "part"])
def test_questions_look_up_no_session_whatever_cookie_comes_along(client, headers):
    client.cookies[settings.SESSION_COOKIE_NAME] = "k" * 32

    with no_database():
        healthy, ready = (client.get(path, headers=headers) for path in ("/healthz", "/readyz"))

    assert (healthy.status_code, healthy.content) == (200, b"ok\n")
    assert ready.status_code == 503
    assert headers or ready.content.startswith(b"the database does not answer\n")  # a part has no words


def test_not_ready_without_the_database(client):
    with no_database():
        words, machine = client.get("/readyz"), client.get("/readyz", headers=JSON)

    assert (words.status_code, machine.status_code) == (503, 503)
    assert words.content.decode().splitlines()[0] == "the database does not answer"
    assert machine.json()["ready"] is False
    assert machine.json()["checks"]["cache"] == "ok"


def test_not_ready_without_the_cache(client, no_cache):
    answer = client.get("/readyz", headers=JSON)

    assert answer.status_code == 503
    assert answer.json()["checks"] == OK | {"cache": "the cache does not answer: nobody can sign in"}


def test_not_ready_past_the_fence(client):
    with connected_as_superuser():
        answer = client.get("/readyz", headers=JSON)

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"].startswith("the database is reached as a role")


def test_not_ready_while_a_migration_waits(client, superuser):
    last = MigrationRecorder.Migration.objects.filter(app="payments").latest("id")
    superuser.execute("update django_migrations set name = 'put aside' where id = %s", [last.pk])
    try:
        answer = client.get("/readyz")
    finally:
        superuser.execute("update django_migrations set name = %s where id = %s", [last.name, last.pk])

    assert (answer.status_code, answer.content) == (503, b"migrations are waiting\n")


def test_answers_tell_no_secret(client, no_cache):
    password, role = connection.settings_dict["PASSWORD"], connection.settings_dict["USER"]
    with no_database():
        said = client.get("/readyz").content.decode() + client.get("/readyz", headers=JSON).content.decode()

    assert password not in said
    assert role not in said
    assert "127.0.0.1" not in said


def test_wrong_password_is_an_answer_too(client):
    before = connection.settings_dict["PASSWORD"]
    connection.close()
    connection.settings_dict["PASSWORD"] = f"not {before}"
    try:
        answer = client.get("/readyz")
    finally:
        connection.close()
        connection.settings_dict["PASSWORD"] = before

    assert answer.status_code == 503


def test_closed_port_is_really_nobodys():
    """The control of `no_database`: what stands in for an absent server refuses."""
    with closed_port() as port, pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(host="127.0.0.1", port=port, user="x", dbname="x", connect_timeout=2)


def test_inside_tls_the_questions_are_not_sent_elsewhere(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 301
