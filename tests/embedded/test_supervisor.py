"""`make run` on a stand-in project: started together, watched together, stopped together."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from clinicpay.embedded.paths import PROJECT
from clinicpay.embedded.postgres import Cluster
from tests.fair_clock import FairClock
from tests.ports import server_port

STAND_IN = Path(__file__).parent / "stand_in"
PATIENCE = 600
"""Seconds for what takes as long as the machine needs."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


class Run:
    """One supervisor at work, and what it prints."""

    def __init__(self, project: Path, data: Path, **environment: str) -> None:
        self.project, self.data, self.port = project, data, server_port()
        self.printed = project / "printed.txt"
        ours = {"CLINICPAY_DATA": str(data), "PORT": str(self.port), "STATIC_ROOT": str(project / "static")}
        with self.printed.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "clinicpay.embedded", "run"],
                cwd=project,
                env={"PATH": os.environ["PATH"]} | ours | environment,
                stdout=output,
                stderr=output,
            )

    def until_ready(self) -> Run:
        ready = f"ClinicPay is ready on http://127.0.0.1:{self.port}/"
        eventually(lambda: ready in self.lines() or self.process.poll() is not None)
        assert ready in self.lines(), self.lines()
        return self

    def lines(self) -> list[str]:
        return self.printed.read_text().splitlines()

    def exit_code(self, *, within: float = 0) -> int:
        """How it ended; `within` are the seconds that it has for that where they are a promise."""
        if not within:
            return self.process.wait(PATIENCE)
        with FairClock() as clock:
            while clock.seconds < within:
                with suppress(subprocess.TimeoutExpired):
                    return self.process.wait(0.05)
        raise AssertionError(f"still at work after {within} seconds")

    def left_over(self) -> list[str]:
        """What still runs in the project or on its data."""
        places = (str(self.project), str(self.data))
        return [line for _, line in processes() if any(place in line for place in places)]

    def part(self, name: str) -> int:
        """The process number of a part: the first process that has the name in its command."""
        return next(number for number, line in processes() if name in line and line.endswith(self._home(name)))

    def _home(self, name: str) -> str:
        homes = {"bin/postgres": self.data / "postgres" / "data", "valkey-server": self.data / "valkey"}
        return str(homes.get(name, self.project))


def processes() -> Iterator[tuple[int, str]]:
    """Every process: its number, and its command with its working folder behind it."""
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield int(folder.name), f"{command} {(folder / 'cwd').readlink()}"
        except OSError:
            continue  # it has ended meanwhile


def eventually(condition: Callable[[], object], *, within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The stand-in project with our own supervisor in it."""
    project = tmp_path / "project"
    shutil.copytree(STAND_IN, project)
    shutil.copytree(
        PROJECT / "clinicpay" / "embedded",
        project / "clinicpay" / "embedded",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (project / "requirements").mkdir()
    (project / "requirements" / "base.txt").touch()
    return project


@pytest.fixture
def run(project: Path, prepared: Path) -> Iterator[Callable[..., Run]]:
    """Starts supervisors; none outlives its test."""
    started: list[Run] = []

    def start(**environment: str) -> Run:
        started.append(Run(project, prepared, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(PATIENCE)
    Cluster(prepared).stop()


def test_run_shows_the_address_then_the_logins_and_hides_the_strong_passwords(
    run: Callable[..., Run],
) -> None:
    running = run().until_ready()

    with urlopen(f"http://127.0.0.1:{running.port}/") as answer:
        names = json.load(answer)

    ready = running.lines().index(f"ClinicPay is ready on http://127.0.0.1:{running.port}/")
    assert running.lines()[ready + 1] == "rita@harbor.test  demo-clinic-pay"
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS"} <= set(names)
    assert not {"DATABASE_OWNER_URL", "DATABASE_SUPERUSER_URL", "DATABASE_BACKUP_URL"} & set(names)
    eventually(lambda: "[beat] ERROR: only here to be shown on the terminal" in running.lines())


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM])
def test_end_on_request_stops_everything_within_five_seconds(
    run: Callable[..., Run], request_to_end: signal.Signals
) -> None:
    running = run().until_ready()

    running.process.send_signal(request_to_end)

    assert running.exit_code(within=5) == 0
    assert running.left_over() == []


@pytest.mark.parametrize(
    ("process", "name"),
    [
        ("gunicorn", "web"),
        ("celery --app clinicpay --quiet worker", "worker"),
        ("celery --app clinicpay --quiet beat", "beat"),
        ("valkey-server", "broker (Valkey)"),
        ("bin/postgres", "database (PostgreSQL)"),
    ],
)
def test_part_that_ends_by_itself_takes_the_rest_with_it(run: Callable[..., Run], process: str, name: str) -> None:
    running = run().until_ready()

    os.kill(running.part(process), signal.SIGKILL)

    assert running.exit_code(within=6) == 1
    assert any(line.startswith(f"The {name} has ended by itself") for line in running.lines())
    assert running.left_over() == []


def test_killed_supervisor_leaves_only_the_database_and_the_next_one_takes_it_over(
    run: Callable[..., Run],
) -> None:
    killed = run().until_ready()
    killed.process.kill()
    killed.process.wait()
    eventually(lambda: all("postgres" in line for line in killed.left_over()))

    following = run().until_ready()
    following.process.terminate()

    assert following.exit_code(within=5) == 0
    assert following.left_over() == []


def test_next_start_does_only_what_has_changed(run: Callable[..., Run]) -> None:
    def asked_for() -> list[str]:
        following = run().until_ready()
        following.process.terminate()
        assert following.exit_code(within=5) == 0
        assert "rita@harbor.test  demo-clinic-pay" in following.lines()
        return sorted((following.project / "asked.txt").read_text().split())

    assert asked_for() == ["collectstatic", "demo", "migrate"]
    assert asked_for() == ["collectstatic", "demo", "migrate"]  # and nothing more the second time


def test_second_run_on_the_same_data_is_refused(run: Callable[..., Run]) -> None:
    running = run().until_ready()
    printed = running.printed.rename(running.printed.with_name("first.txt"))

    second = run()

    assert second.exit_code() == 1
    assert second.lines() == [f"ClinicPay is already running with the data folder {running.data}."]
    assert "Stopping" not in printed.read_text()


def test_failing_command_is_one_line_and_stops_the_servers(run: Callable[..., Run]) -> None:
    failed = run(FAILING_COMMAND="demo")

    assert failed.exit_code() == 1
    log = failed.data / "log" / "demo.log"
    assert failed.lines()[-2:] == ["on purpose", f"`manage.py demo` failed (exit code 1); see {log}."]
    assert failed.left_over() == []


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PORT": "http"}, "PORT must be a number from 1 to 65535, not 'http'."),
        (
            {"DATABASE_URL": "postgres://clinicpay_app:x@127.0.0.1:1/x"},
            "DATABASE_URL is set but DATABASE_OWNER_URL, which runs the migrations, is not.",
        ),
        (
            {
                "DATABASE_URL": "postgres://clinicpay_app:x@127.0.0.1:1/x",
                "DATABASE_OWNER_URL": "postgres://clinicpay_owner:x@127.0.0.1:1/x",
            },
            "The database at 127.0.0.1:1 cannot be reached: ",
        ),
        ({"CLINICPAY_DATA": "/dev/null/data"}, "The data folder /dev/null/data is not writable "),
    ],
)
def test_what_the_reader_can_mend_is_one_line(run: Callable[..., Run], environment: dict[str, str], words: str) -> None:
    refused = run(**environment)

    assert refused.exit_code() == 1
    assert len(refused.lines()) == 1
    assert refused.lines()[0].startswith(words)


def test_taken_port_is_one_line(run: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        refused = run(PORT=str(port))

        assert refused.exit_code() == 1
    assert refused.lines() == [f"Port {port} is taken; choose another one with PORT=8001 make run."]
