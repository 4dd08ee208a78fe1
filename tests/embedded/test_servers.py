"""Who may stop the database, and what manage.py finds in its environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clinicpay.embedded.postgres import Cluster
from clinicpay.embedded.servers import Tenancy, embedded_environment

ADDRESSES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_BACKUP_URL",
    "DATABASE_SUPERUSER_URL",
    "REDIS_URL",
)


@pytest.fixture
def fresh_shell(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in which nothing of ours is set but the data folder."""
    # Everything that the code under test sets goes with this copy.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in (*ADDRESSES, "SECRET_KEY", "ALLOWED_HOSTS"):
        os.environ.pop(name, None)
    os.environ["CLINICPAY_DATA"] = str(prepared)
    return prepared


def user_of(data: Path) -> Tenancy:
    return Tenancy(Cluster(data, durable=False))


def test_last_to_leave_stops_a_server_started_in_passing(prepared: Path) -> None:
    first, second = user_of(prepared), user_of(prepared)
    first.enter(in_passing=True)
    second.enter(in_passing=True)

    first.leave()
    assert second.cluster.running()

    second.leave()
    assert not second.cluster.is_alive()


def test_manage_leaves_the_server_of_a_supervisor_running(prepared: Path) -> None:
    supervisor, manage = user_of(prepared), user_of(prepared)
    supervisor.enter(in_passing=False)
    manage.enter(in_passing=True)

    manage.leave()
    assert supervisor.cluster.running()

    supervisor.leave_and_stop(patience=3)
    assert not supervisor.cluster.is_alive()


def test_manage_leaves_the_server_of_a_killed_supervisor_to_the_next_one(prepared: Path) -> None:
    killed, manage, next_one = user_of(prepared), user_of(prepared), user_of(prepared)
    killed.enter(in_passing=False)
    assert killed._use
    killed._use.release()  # what the kernel does with the locks of the dead

    manage.enter(in_passing=True)
    manage.leave()
    assert manage.cluster.running()

    next_one.enter(in_passing=False)
    next_one.leave_and_stop(patience=3)
    assert not next_one.cluster.is_alive()


def test_supervisor_that_found_a_server_leaves_it_to_those_who_use_it(prepared: Path) -> None:
    manage, supervisor = user_of(prepared), user_of(prepared)
    manage.enter(in_passing=True)
    supervisor.enter(in_passing=False)

    supervisor.leave_and_stop(patience=3)
    assert manage.cluster.running()

    manage.leave()
    assert not manage.cluster.is_alive()


def test_environment_leads_to_the_embedded_server_while_it_lasts(fresh_shell: Path) -> None:
    with embedded_environment():
        assert os.environ["DATABASE_URL"].startswith("postgresql://clinicpay_app:")
        assert os.environ["DATABASE_OWNER_URL"].startswith("postgresql://clinicpay_owner:")
        assert len(os.environ["SECRET_KEY"]) >= 50
        assert os.environ["ALLOWED_HOSTS"] == "127.0.0.1,localhost"
        assert "REDIS_URL" not in os.environ
        assert Cluster(fresh_shell).running()

    assert not Cluster(fresh_shell).is_alive()


def test_environment_stops_the_server_when_the_command_fails(fresh_shell: Path) -> None:
    with pytest.raises(SystemExit), embedded_environment():
        raise SystemExit(2)

    assert not Cluster(fresh_shell).is_alive()


def test_environment_with_a_database_url_starts_nothing(fresh_shell: Path) -> None:
    os.environ["DATABASE_URL"] = "postgres://clinicpay_app:x@db/clinicpay"

    with embedded_environment():
        assert os.environ["DATABASE_URL"] == "postgres://clinicpay_app:x@db/clinicpay"
        assert not Cluster(fresh_shell).is_alive()


def test_secret_key_stays_the_same(fresh_shell: Path) -> None:
    with embedded_environment():
        first = os.environ.pop("SECRET_KEY")
    os.environ.pop("DATABASE_URL")
    with embedded_environment():
        assert os.environ["SECRET_KEY"] == first
