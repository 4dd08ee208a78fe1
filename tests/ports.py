"""Ports of the loopback for tests: one that nobody takes, and one on which nobody listens."""

import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clinicpay.embedded.postgres import port_is_free

FIRST, MANY = 20_000, 1_000
"""Below 32768, where the kernel's own range begins: a port from there may be anybody's the next moment."""

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

_next = itertools.count(os.getpid())


def server_port() -> int:
    """A free port for a server that a test starts later; each worker has a thousand of its own."""
    place = FIRST + MANY * WORKER
    return next(port for number in _next if port_is_free(port := place + number % MANY))


def remember_port(data: Path) -> Path:
    """Let the PostgreSQL of a data folder start on such a port, as if it had the last time."""
    (data / "postgres_port").write_text(f"{server_port()}\n")
    return data


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections, held so that no server of another worker takes it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and never listens
        yield held.getsockname()[1]
