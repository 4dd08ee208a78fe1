"""What must be in place before the first page: migrations, collected static files, demo clinics."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import psycopg

from . import roles
from .parts import fresh_log, last_lines
from .paths import PROJECT, StartupProblem, private_folder
from .process import end_with_parent, kill_session

OUR_FOLDERS = ("clinicpay", "treatments", "balances", "payments", "deposits", "followups")


class Command:
    """A command of manage.py at work in the background."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self._name = arguments[0]
        self._log = fresh_log(private_folder(data / "log") / f"{self._name}.log")
        with self._log.open("ab") as complaints:
            self._process = subprocess.Popen(
                [sys.executable, str(PROJECT / "manage.py"), *arguments],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                # A Ctrl+C is for the supervisor, which then ends this command.
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )

    def result(self) -> str:
        """Wait for the end; answers what the command printed."""
        output, _ = self._process.communicate()
        if self._process.returncode:
            print(last_lines(self._log), file=sys.stderr, flush=True)
            raise StartupProblem(
                f"`manage.py {self._name}` failed (exit code {self._process.returncode}); see {self._log}."
            )
        return output.decode(errors="replace")

    def stop(self) -> None:
        """End the command now; the database takes back what was not committed."""
        kill_session(self._process)


class Preparation:
    """The steps before the first page; each is skipped when nothing that it depends on has changed."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._commands: list[Command] = []
        self._migration: Command | None = None
        self._collection: Command | None = None
        self._demo: Command | None = None

    def begin(self) -> None:
        """Bring the database to the present schema and the static files to their place, at the same time."""
        self._migration, self._collection = self._begin_migrate(), self._begin_collect()

    def finish_migration(self) -> None:
        """Wait until the database has the present schema."""
        if self._migration:
            self._migration.result()
            self._schema_marker.write_text(schema_state())

    def finish_collection(self) -> None:
        """Wait until the static files are in their place."""
        if self._collection:
            self._collection.result()
            self._static_marker.write_text(static_state())

    def begin_demo(self) -> None:
        """Look after the demo clinics, once a day or after a change: they are dated by the day."""
        is_done = self._demo_logins.exists() and _reads(self._demo_marker, self._demo_state())
        if demo_is_wanted() and not is_done:
            self._demo = self._begin("demo")

    def finish_demo(self) -> str:
        """Wait until the demo clinics are complete; the table of their logins."""
        if not demo_is_wanted():
            return ""
        if self._demo:
            self._demo_logins.write_text(self._demo.result())
            self._demo_marker.write_text(self._demo_state())
        return self._demo_logins.read_text()

    def stop(self) -> None:
        """End what is still at work."""
        for command in self._commands:
            command.stop()

    def _begin_migrate(self) -> Command | None:
        if _reads(self._schema_marker, schema_state()):
            return None
        return self._begin("migrate", "--noinput", "--verbosity", "0")

    def _begin_collect(self) -> Command | None:
        target = Path(os.environ.get("STATIC_ROOT") or PROJECT / "staticfiles")
        if target.is_dir() and _reads(self._static_marker, static_state()):
            return None
        return self._begin("collectstatic", "--noinput", "--clear", "--verbosity", "0")

    def _begin(self, *arguments: str) -> Command:
        command = Command(self._data, *arguments)
        self._commands.append(command)
        return command

    @property
    def _schema_marker(self) -> Path:
        return self._data / "schema_state"

    @property
    def _static_marker(self) -> Path:
        return self._data / "static_state"

    @property
    def _demo_marker(self) -> Path:
        return self._data / "demo_state"

    @property
    def _demo_logins(self) -> Path:
        return self._data / "demo_logins"

    def _demo_state(self) -> str:
        return f"{schema_state()} {date.today()}"


def demo_is_wanted() -> bool:
    """A practice that runs on its own data says CLINICPAY_DEMO=no."""
    return os.environ.get("CLINICPAY_DEMO") != "no"


def schema_state() -> str:
    """Changes with our code, with the packages, and with what the database itself notes of its migrations."""
    ours = (file for folder in OUR_FOLDERS for file in (PROJECT / folder).rglob("*") if file.suffix in {".py", ".sql"})
    return f"{_digest([PROJECT / 'requirements' / 'base.txt', *sorted(ours)])} {_noted_migrations()}"


def static_state() -> str:
    """Changes with our static files and with the packages that bring their own."""
    return _digest([PROJECT / "requirements" / "base.txt", *_static_sources()])


def _noted_migrations() -> str:
    with roles.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
        try:
            notes = connection.execute("SELECT count(*), max(id), max(applied) FROM django_migrations").fetchone()
        except psycopg.errors.UndefinedTable:
            return "none"
    return str(notes)


def _static_sources() -> Iterator[Path]:
    for pattern in ("static", "*/static", "clinicpay/*/static"):
        for folder in sorted(PROJECT.glob(pattern)):
            yield from sorted(file for file in folder.rglob("*") if file.is_file())


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        facts = file.stat()
        digest.update(f"{file.relative_to(PROJECT)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _reads(marker: Path, text: str) -> bool:
    return marker.exists() and marker.read_text() == text
