"""A worker of its own that runs the nights of some clinics: its time and its memory, as one line of JSON."""

import json
import resource
import subprocess
import sys
import time
from typing import NamedTuple


class Worked(NamedTuple):
    """Seconds at work, without its start, and the most memory that it held (kB)."""

    seconds: float
    peak: int


def start(slugs: list[str]) -> "subprocess.Popen[str]":
    """A worker that has loaded all it needs, has done the first night, and waits for a line to do the others."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.night_worker", *slugs], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout
    if worker.stdout.readline().strip() != "ready":
        raise RuntimeError("A worker did not start.")
    return worker


def work(*shares: list[str]) -> list[Worked]:
    """Let as many workers do their shares at once; what each needed, without the first clinic of its share."""
    workers = [start(share) for share in shares]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [ended(worker) for worker in workers]


def ended(worker: "subprocess.Popen[str]") -> Worked:
    """Wait for a worker's end. Raises RuntimeError if it failed."""
    out, _ = worker.communicate()
    if worker.returncode:
        raise RuntimeError("A worker failed.")
    return Worked(*json.loads(out))


def main(slugs: list[str]) -> None:
    """Be such a worker."""
    import django

    django.setup()
    from bench.matching import ours

    warm, *slugs = slugs
    ours(warm)  # connection and plans: a worker lives for weeks
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begin = time.perf_counter()
    for slug in slugs:
        ours(slug)
    found = [time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
