"""The embedded PostgreSQL through starts, stops and crashes."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clinicpay.embedded.locks import is_held
from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import SUPERUSER, Cluster, Running
from clinicpay.embedded.unprivileged import FALLBACK, home_for, server_user

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to use another user")


def start(cluster: Cluster) -> Running:
    cluster.start()
    running = cluster.running()
    assert running
    return running


def kill(cluster: Cluster, running: Running) -> None:
    os.kill(running.pid, signal.SIGKILL)
    assert not is_held(cluster.data / "postgres.lock", patience=60)
    assert cluster.running() is None


def answer(cluster: Cluster) -> object:
    with psycopg.connect(cluster.url(SUPERUSER, "postgres")) as connection:
        return connection.execute("SELECT answer FROM kept").fetchone()


def test_data_survive_a_stop_and_a_kill(stopped: Cluster) -> None:
    start(stopped)
    with psycopg.connect(stopped.url(SUPERUSER, "postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    stopped.stop()
    assert stopped.running() is None
    running = start(stopped)
    assert answer(stopped) == (42,)

    kill(stopped, running)
    start(stopped)
    assert answer(stopped) == (42,)


def test_start_after_a_crash_ignores_a_process_number_that_is_in_use_again(stopped: Cluster) -> None:
    crashed = start(stopped)
    kill(stopped, crashed)
    note = stopped.files / "postmaster.pid"
    note.write_text(note.read_text().replace(str(crashed.pid), str(os.getpid()), 1))

    assert start(stopped).pid != os.getpid()


def test_start_uses_the_same_port_again_unless_it_was_taken(stopped: Cluster) -> None:
    first = start(stopped)
    stopped.stop()
    second = start(stopped)
    stopped.stop()

    with socket.create_server(("127.0.0.1", first.port)):
        third = start(stopped)

    assert second.port == first.port
    assert third.port != first.port


def test_start_with_a_broken_configuration_says_where_to_look(
    stopped: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clinicpay.embedded.postgres.SETTINGS", {"shared_buffers": "much"})

    with pytest.raises(StartupProblem, match=r"did not start; see .*postgres\.log"):
        Cluster(stopped.data).start()


def test_url_of_a_stopped_server_is_a_problem_in_words(stopped: Cluster) -> None:
    with pytest.raises(StartupProblem, match="is not running"):
        stopped.url(SUPERUSER)


@pytest.fixture
def closed_parent(tmp_path: Path) -> Iterator[Path]:
    """A folder like a home that only root may enter, with a data folder in it."""
    tmp_path.chmod(0o700)
    data = tmp_path / "data"
    data.mkdir()
    yield data
    pointer = data / "postgres_home"
    if pointer.exists():
        Path(pointer.read_text().strip()).rmdir()


@as_root
def test_database_in_a_closed_folder_is_kept_elsewhere_and_the_folder_stays_closed(
    closed_parent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user = server_user(closed_parent)

    home = home_for(user, closed_parent)

    assert home.parent == FALLBACK
    assert home == home_for(user, closed_parent)
    assert stat.S_IMODE(closed_parent.parent.stat().st_mode) == 0o700
    assert capsys.readouterr().err == (
        f"The user {user.name}, who runs the database, cannot reach {closed_parent}: it is kept in {home}\n"
    )
