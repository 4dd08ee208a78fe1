"""Servers of one's own: they are used, nothing is started beside them, and what is wrong with them is one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clinicpay.embedded.paths import PROJECT
from clinicpay.embedded.postgres import SUPERUSER, Cluster
from clinicpay.embedded.roles import APP, BACKUP, OWNER
from clinicpay.embedded.valkey import Broker
from tests.embedded.conftest import reachable_folder
from tests.embedded.test_supervisor import PATIENCE, eventually
from tests.ports import remember_port, server_port

PASSWORD = "hunter2-canary"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL that somebody else runs: the address of its superuser."""
    with reachable_folder() as folder:
        cluster = Cluster(remember_port(folder), durable=False)
        cluster.start()
        yield cluster.url(SUPERUSER, "postgres")
        cluster.stop()


@pytest.fixture(scope="module")
def addresses(server: str) -> dict[str, str]:
    """The environment of its operator."""
    place = server.rpartition("@")[2].partition("/")[0]
    roles = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER, "DATABASE_BACKUP_URL": BACKUP}
    return {name: f"postgres://{role}:{PASSWORD}@{place}/practice" for name, role in roles.items()}


def done(*command: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {"PATH": os.environ["PATH"], "CLINICPAY_DATA": str(data), "SECRET_KEY": "x" * 50} | environment
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env=told, capture_output=True, text=True, check=False
    )


def manage(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return done(str(PROJECT / "manage.py"), *arguments, data=data, **environment)


@pytest.fixture(scope="module")
def practice(server: str, addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Prepared and migrated by the commands that the documents name."""
    data = tmp_path_factory.mktemp("data")
    assert manage("prepare_database", data=data, **addresses, DATABASE_SUPERUSER_URL=server).returncode == 0
    assert manage("migrate", "--verbosity", "0", data=data, **addresses).returncode == 0
    assert not (data / "postgres").exists()
    return addresses


def test_commands_use_the_server_that_is_named(practice: dict[str, str], server: str, tmp_path: Path) -> None:
    made = ["--slug", "own", "--name", "Own", "--timezone", "UTC", "--currency", "USD", "--owner", "o@own.test"]

    assert manage("create_clinic", *made, data=tmp_path, **practice).returncode == 0

    with psycopg.connect(server, dbname="practice") as superuser:
        assert superuser.execute("select slug from clinics_clinic").fetchall() == [("own",)]
    assert not (tmp_path / "postgres").exists()


def test_backup_of_the_server_that_is_named(practice: dict[str, str], tmp_path: Path) -> None:
    backed = manage("backup", str(tmp_path / "night"), data=tmp_path, **practice)

    assert backed.returncode == 0, backed.stderr
    assert (tmp_path / "night" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda url: url.replace(PASSWORD, "wrong"), f'password authentication failed for user "{APP}"'),
        (lambda url: url.replace("/practice", "/nowhere"), "nowhere"),
        (lambda url: f"postgres://{APP}:{PASSWORD}@127.0.0.1:1/practice", "Connection refused"),
        (lambda url: "practice", "DATABASE_URL must look like postgres://user:password@host:5432/database."),
        (lambda url: url.replace("postgres:", "mysql:"), "DATABASE_URL must look like postgres://"),
        (lambda url: url.partition("127")[0] + "host:port/practice", "DATABASE_URL must look like postgres://"),
    ],
)
def test_wrong_address_is_one_line(practice: dict[str, str], tmp_path: Path, change: object, says: str) -> None:
    wrong = practice | {"DATABASE_URL": change(practice["DATABASE_URL"])}  # type: ignore[operator]

    refused = manage("check_ledger", data=tmp_path, **wrong)

    assert refused.returncode == 1
    assert says in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert PASSWORD not in refused.stderr


@pytest.mark.parametrize("command", ["check_ledger", "check_trail", "demo", "backup"])
def test_database_that_was_never_migrated_is_one_line(
    server: str, addresses: dict[str, str], tmp_path: Path, command: str
) -> None:
    empty = {name: url.replace("/practice", "/empty") for name, url in addresses.items()}
    assert manage("prepare_database", "--superuser-url", server, data=tmp_path, **empty).returncode == 0

    refused = manage(command, *([str(tmp_path / "night")] if command == "backup" else []), data=tmp_path, **empty)

    assert refused.returncode == 1
    assert refused.stderr.startswith("This database has no ClinicPay in it yet: run migrate")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["REDIS_URL", "CACHE_URL"])
@pytest.mark.parametrize("wrong", ["broker", "http://127.0.0.1:6379/0", "redis://127.0.0.1:port/0", "redis:///0"])
def test_wrong_broker_is_one_line(practice: dict[str, str], tmp_path: Path, name: str, wrong: str) -> None:
    refused = manage("check", "--deploy", data=tmp_path, **practice | {name: wrong})

    assert refused.returncode == 1
    assert refused.stderr == f"{name} must look like redis://host:6379/0.\n"


def test_superuser_as_the_application_is_refused_in_one_line(
    practice: dict[str, str], server: str, tmp_path: Path
) -> None:
    unsafe = practice | {"DATABASE_URL": f"{server.rpartition('/')[0]}/practice"}

    refused = manage("check_ledger", data=tmp_path, **unsafe)

    assert refused.returncode == 1
    assert "connects as postgres, which is a superuser. Use clinicpay_app." in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"DATABASE_OWNER_URL": ""}, "DATABASE_URL is set but DATABASE_OWNER_URL, which runs the migrations, is not."),
        ({"DATABASE_URL": "practice"}, "DATABASE_URL must look like postgres://"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL names a server that cannot be reached at 127.0.0.1:1: "),
    ],
)
def test_make_run_refuses_early_and_in_words(
    practice: dict[str, str], tmp_path: Path, changed: dict[str, str], says: str
) -> None:
    refused = done(
        "-m", "clinicpay.embedded", "run", data=tmp_path, **practice | {"PORT": str(server_port())} | changed
    )

    assert refused.returncode == 1
    assert says in refused.stderr
    assert PASSWORD not in refused.stderr


def test_make_run_serves_on_servers_of_ones_own(practice: dict[str, str], tmp_path: Path) -> None:
    port, printed = server_port(), tmp_path / "printed.txt"
    (tmp_path / "broker").mkdir()
    broker = Broker(tmp_path / "broker")
    told = {"PATH": os.environ["PATH"], "CLINICPAY_DATA": str(tmp_path / "data"), "PORT": str(port)}
    told |= {"REDIS_URL": broker.start(), "CLINICPAY_DEMO": "no", "STATIC_ROOT": str(tmp_path / "static")}
    with printed.open("w") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "clinicpay.embedded", "run"], cwd=PROJECT, env=told | practice, stdout=output
        )
    try:
        eventually(lambda: "is ready on" in printed.read_text() or run.poll() is not None)
        assert f"ClinicPay is ready on http://127.0.0.1:{port}/" in printed.read_text()
        assert not {"postgres", "valkey"} & {child.name for child in (tmp_path / "data").iterdir()}
        assert broker.is_alive()
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(PATIENCE)
        broker.stop()
