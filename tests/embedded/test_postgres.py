"""The embedded PostgreSQL while it runs."""

from __future__ import annotations

import os
import signal
import stat
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from clinicpay.embedded.postgres import SUPERUSER, Cluster
from tests.fair_clock import FairClock


def ask(cluster: Cluster, question: str) -> object:
    with psycopg.connect(cluster.url(SUPERUSER, "postgres")) as connection:
        row = connection.execute(question).fetchone()
        return row and row[0]


def test_start_when_running_leaves_the_server_alone(cluster: Cluster) -> None:
    before = cluster.running()

    Cluster(cluster.data, durable=False).start()

    assert cluster.running() == before


def test_server_listens_on_the_loopback_only(cluster: Cluster) -> None:
    assert ask(cluster, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(cluster, "SHOW unix_socket_directories") == ""


def test_server_refuses_a_wrong_password(cluster: Cluster) -> None:
    running = cluster.running()
    assert running

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=running.port, user=SUPERUSER, password="guess", dbname="postgres")


def test_passwords_are_for_their_owner_only(cluster: Cluster) -> None:
    files = list((cluster.data / "passwords").iterdir())

    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert len({file.read_text() for file in files}) == len(files) > 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
def test_server_of_root_runs_as_somebody_else(cluster: Cluster) -> None:
    running = cluster.running()
    assert running

    assert Path(f"/proc/{running.pid}").stat().st_uid == cluster.user.uid != 0
    assert cluster.files.stat().st_uid == cluster.user.uid


def test_stop_does_not_wait_for_clients(cluster: Cluster) -> None:
    client = psycopg.connect(cluster.url(SUPERUSER, "postgres"))
    client.execute("SELECT 1")

    with FairClock() as clock:
        cluster.stop()

    assert clock.seconds < 5
    assert not cluster.is_alive()
    client.close()
    cluster.start()


def test_stop_right_after_a_crash_does_not_hang(stopped: Cluster) -> None:
    """D12"""
    stopped.start()
    with suppress(psycopg.OperationalError), psycopg.connect(stopped.url(SUPERUSER, "postgres")) as client:
        os.kill(client.info.backend_pid, signal.SIGKILL)

    with FairClock() as clock:
        stopped.stop()

    assert not stopped.is_alive()
    assert clock.seconds < 10
