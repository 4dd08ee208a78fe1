"""Processor time of an answer: of the web processes and of PostgreSQL together. Unlike time, it can't be waited for."""

import os
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.place import exchange
from clinicpay.embedded.parts import Part

TICK = os.sysconf("SC_CLK_TCK")
ANSWERS = 20
"""Requests of a round: a tick is a hundredth of a second, and an answer takes a few."""


def beside(pages: Mapping[str, Iterator[bytes]], port: int, servers: list[int], rounds: int) -> dict[str, float]:
    """Milliseconds of an answer to each one's requests by name, the median of rounds that take them in turns."""
    found: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(rounds):
        for name in pages if number % 2 == 0 else reversed(list(pages)):
            found[name].append(_of(pages[name], port, servers))
    return {name: statistics.median(times) for name, times in found.items()}


def servers_of(web: Part, database: Path) -> list[int]:
    """The first processes of the web server and of the PostgreSQL that works on these files."""
    return [web.pid, int((database / "postmaster.pid").read_text().split()[0])]


def _of(requests: Iterator[bytes], port: int, servers: list[int]) -> float:
    before = _spent(servers)
    for _ in range(ANSWERS):
        exchange(port, next(requests))
    return (_spent(servers) - before) * 1000 / ANSWERS


def _spent(servers: list[int]) -> float:
    """Seconds that these processes, their children, and children that have ended have computed."""
    return sum(sum(map(int, fields[11:15])) for fields in _stats(servers)) / TICK


def _stats(servers: list[int]) -> Iterator[list[str]]:
    parents = {pid: _stat(pid) for pid in map(int, filter(str.isdecimal, os.listdir("/proc")))}
    for pid, fields in parents.items():
        if fields and (pid in servers or int(fields[1]) in servers):
            yield fields


def _stat(pid: int) -> list[str]:
    """The fields after the name; none of a process that has ended since."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
