"""Target 13: from an empty folder to the first page, and the second start beside the first."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.place import exchange
from bench.report import Result
from clinicpay.embedded.locks import is_held
from clinicpay.embedded.paths import PROJECT, StartupProblem
from clinicpay.embedded.postgres import port_is_free
from clinicpay.embedded.removal import remove_database

PRETIX = 115.0
"""Seconds that the migrations of pretix alone took, measured in November 2026 outside this repository."""
PATIENCE = 180
LEFT_OUT = ("DATABASE_", "DJANGO_", "STATIC_ROOT", "SECRET_KEY", "REDIS_URL", "STATEMENT_", "ALLOWED_HOSTS", "PROGRAMS")
"""A start is to find none of what leads to the bench's own servers."""


def starts(port: int) -> list[Result]:
    """`make run` on a new folder, and again on the same one; the packages are installed before it."""
    data = Path(tempfile.mkdtemp(prefix="clinicpay-start-"))
    data.chmod(0o711)
    try:
        first, second = _start(data, port), _start(data, port)
    finally:
        remove_database(data)
        shutil.rmtree(data)
    return [
        Result(
            13,
            "empty folder to the first page, beside pretix's migrations",
            first,
            PRETIX,
            "s",
            at_most=0.1,
            note="the anchor is a recorded figure",
        ),
        Result(13, "the second start beside the first", second, first, "s", at_most=0.75),
    ]


def _start(data: Path, port: int) -> float:
    """Seconds until the sign-in page is served; then the start is let go to its end, and stopped."""
    if not port_is_free(port):
        raise StartupProblem(f"Port {port} is taken; choose another one: make bench ARGS='--port 8100'.")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    environment |= {"CLINICPAY_DATA": str(data), "PORT": str(port), "STATIC_ROOT": str(data / "static")}
    begin = time.monotonic()
    with (data / "start.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "clinicpay.embedded", "run"],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        seconds = _first_page(process, port, begin)
        _wait_for_the_rest(process, data, begin)
    finally:
        process.terminate()
        process.wait(20)
        is_held(data / "postgres.lock", patience=10)
    return seconds


def _first_page(process: subprocess.Popen[bytes], port: int, begin: float) -> float:
    while time.monotonic() - begin < PATIENCE and process.poll() is None:
        try:
            page = exchange(port, b"GET /accounts/login/ HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        except OSError:
            page = b""
        if b" 200 " in page[:20] and b"password" in page:
            return time.monotonic() - begin
        time.sleep(0.02)
    raise StartupProblem("ClinicPay did not start.")


def _wait_for_the_rest(process: subprocess.Popen[bytes], data: Path, begin: float) -> None:
    """A start that is cut short would leave the second one more to do."""
    while b"is ready" not in (data / "start.log").read_bytes():
        if process.poll() is not None or time.monotonic() - begin > PATIENCE:
            raise StartupProblem(f"ClinicPay did not start: {(data / 'start.log').read_text()[-500:]}")
        time.sleep(0.1)
