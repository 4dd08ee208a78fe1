"""`make test`: every check and the whole test suite, against servers of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .locks import FileLock
from .paths import PROJECT, WORKER_FOLDERS, StartupProblem, data_folder, make_folder
from .postgres import Cluster
from .servers import Tenancy, environment_of
from .stopping import Stopped, ignore_signals, stop_on_signals
from .system_packages import BROWSER, DOCUMENTS, chromium
from .valkey import Broker

RUNS_AT_ONCE = 9
WORKERS = 2
"""Of the test suite: each has a PostgreSQL of its own."""
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Check:
    """One line of the summary: a name, and the command that decides it."""

    name: str
    command: tuple[str, ...]

    def passes(self) -> bool:
        """Run the command; its output is worth reading only when it finds something."""
        done = subprocess.run(
            self.command,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            print(f"\n--- {self.name}\n{done.stdout.decode(errors='replace').rstrip()}\n", flush=True)
        return done.returncode == 0


@dataclass(frozen=True)
class Suite(Check):
    """The tests, whose progress is shown as it happens."""

    def passes(self) -> bool:
        """Run the tests; when interrupted they still put away what they have set up."""
        process = subprocess.Popen(self.command, cwd=PROJECT, stdin=subprocess.DEVNULL)
        try:
            return process.wait() == 0
        except Stopped:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise


def run_checks(arguments: list[str]) -> int:
    """All checks and all tests, or with arguments only the tests that they choose. 0 if everything passed."""
    stop_on_signals()
    data = data_folder()
    BROWSER.provide(data)
    DOCUMENTS.provide(data)
    checks = [suite(arguments)] if arguments else [*all_checks(), suite(["--numprocesses", str(WORKERS)])]
    try:
        with servers_for_tests(data):
            return report([_timed(check) for check in checks])
    except Stopped:
        return 130


def all_checks() -> list[Check]:
    """What is checked without running the product."""
    checks = [
        Check("ruff check", _module("ruff", "check", ".")),
        Check("ruff format", _module("ruff", "format", "--check", ".")),
        Check("mypy", _module("mypy")),
        Check("import contracts", (str(PROGRAMS / "lint-imports"),)),
        Check("complete migrations", _manage("makemigrations", "--check", "--dry-run")),
        Check("manage.py check", _manage("check", "--fail-level", "WARNING")),
        Check("djlint", _module("djlint", "--lint", "--quiet", "templates")),
    ]
    vendor = PROJECT / "assets" / "vendor.py"
    if vendor.exists():
        checks.append(Check("vendored assets", (sys.executable, str(vendor), "--check")))
    return checks


def suite(arguments: list[str]) -> Suite:
    """The test suite, or the part of it that the arguments choose."""
    return Suite("pytest", _module("pytest", *arguments))


def report(results: list[tuple[Check, bool, float]]) -> int:
    """One line for each check; 1 if any failed."""
    print()
    for check, passed, seconds in results:
        print(f"{'ok  ' if passed else 'FAIL'}  {check.name:<20}{seconds:7.1f} s", flush=True)
    return 0 if all(passed for _, passed, _ in results) else 1


@contextmanager
def servers_for_tests(data: Path) -> Iterator[None]:
    """Servers for this run alone, and an environment that leads to them whatever the shell had set."""
    folder, alone = free_folder(data)
    tenancy, broker = Tenancy(Cluster(folder, durable=False)), Broker(folder)
    try:
        tenancy.enter(in_passing=False)
        os.environ |= environment_of(tenancy.cluster)
        os.environ |= {
            "REDIS_URL": broker.start(),
            "CLINICPAY_DATA": str(folder),
            "SECRET_KEY": "only-for-tests",
        }
        os.environ.setdefault("CHROMIUM", chromium() or "")
        yield
    finally:
        ignore_signals()
        broker.stop()
        for left in folder.glob(WORKER_FOLDERS):  # by a worker that was killed
            Cluster(left, durable=False).stop(patience=3)
        tenancy.leave_and_stop(patience=3)
        alone.release()


def free_folder(data: Path) -> tuple[Path, FileLock]:
    """A folder that no other test run is using, so that several can go on at the same time."""
    for number in range(1, RUNS_AT_ONCE + 1):
        folder = make_folder(data / "test" / str(number))
        lock = FileLock(folder / "run.lock")
        if lock.try_take():
            return folder, lock
        lock.close()
    raise StartupProblem(f"{RUNS_AT_ONCE} test runs are going on in {data}; wait for one of them.")


def _timed(check: Check) -> tuple[Check, bool, float]:
    print(f"{check.name} …", flush=True)
    begin = time.monotonic()
    passed = check.passes()
    return check, passed, time.monotonic() - begin


def _module(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(PROJECT / "manage.py"), *arguments)
