"""The parts of a running ClinicPay: processes that are watched together, and their logs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .paths import PROJECT
from .process import end_with_parent, kill_session

LONG = 10 * 1024 * 1024
ALARM = re.compile(r'\b(ERROR|CRITICAL|FATAL)\b|"level": ?"(error|critical)"')


@dataclass(frozen=True)
class Watched:
    """Something that must stay alive: its name, how to ask, and where it writes."""

    name: str
    is_alive: Callable[[], bool]
    log: Path


class Part:
    """A child of the supervisor in a session of its own, writing to its own log."""

    def __init__(self, name: str, module: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=PROJECT,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._process.pid

    def watched(self) -> Watched:
        """The part as the supervisor watches it."""
        return Watched(self.name, lambda: self._process.poll() is None, self.log)

    def ended(self) -> Watched | None:
        """The part, if it has ended."""
        return self.watched() if self._process.poll() is not None else None

    def add_web_process(self) -> None:
        """Let gunicorn start one more process: after the first page, which then need not wait for it."""
        self._process.send_signal(signal.SIGTTIN)

    def ask_to_end(self) -> None:
        """Request a polite end."""
        if self._process.poll() is None:
            self._process.terminate()

    def end_by(self, deadline: float) -> None:
        """Wait for the end until the deadline, then enforce it on the part and all its children."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        kill_session(self._process)


def stop_all(parts: Sequence[Part], *, patience: float) -> None:
    """End all parts at the same time, within `patience` seconds."""
    for part in parts:
        part.ask_to_end()
    deadline = time.monotonic() + patience
    for part in parts:
        part.end_by(deadline)


class Alarms:
    """Repeats on the terminal what the logs of this start report as an error, from their first line on."""

    def __init__(self, logs: Mapping[str, Path]) -> None:
        self._read_until = dict.fromkeys(logs, 0)
        self._logs = dict(logs)

    def sound(self) -> None:
        """Print the errors that were written since the last time; a line that is half written waits."""
        for name, log in self._logs.items():
            if size_of(log) <= self._read_until[name]:
                continue
            with log.open("rb") as file:
                file.seek(self._read_until[name])
                news = file.read()
            whole = news[: news.rfind(b"\n") + 1]
            self._read_until[name] += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                if ALARM.search(line):
                    print(f"[{name}] {line}", file=sys.stderr, flush=True)


def size_of(log: Path) -> int:
    """The size of the log; 0 if there is none yet."""
    return log.stat().st_size if log.exists() else 0


def fresh_log(log: Path, *, longer_than: int = 0) -> Path:
    """The log, with what it had so far put aside if that is long enough; one older log is kept."""
    if size_of(log) > longer_than:
        os.replace(log, log.with_suffix(".log.1"))
    return log


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
