"""Whether a web server is ready, as whoever starts one asks: `make run`, the bench, the drills."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Callable

from .parts import Watched, last_lines
from .paths import StartupProblem

READY_SECONDS = 60


def wait_until_ready(port: int, ended: Callable[[], Watched | None]) -> None:
    """Return as soon as /readyz says so.

    Raises StartupProblem after READY_SECONDS, or at once when `ended` names something that has ended meanwhile.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if gone := ended():
            print(last_lines(gone.log), file=sys.stderr)
            raise StartupProblem(f"The {gone.name} has ended while starting; see {gone.log}.")
        if answer_of_readyz(port) == 200:
            return
        time.sleep(0.05)
    raise StartupProblem(f"The web server on port {port} did not become ready in {READY_SECONDS} s; see its log.")


def answer_of_readyz(port: int) -> int | None:
    """The status of /readyz, or None while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
