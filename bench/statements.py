"""Target 14: a statement beside the plain form of it, 200 by two workers beside one, and the memory of a worker."""

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.night_worker import Worked, ended
from bench.paper import ours, plain, words
from bench.report import Result


def statements(count: int, rounds: int) -> list[Result]:
    """All of it: `count` statements for the workers, `rounds` of each comparison."""
    return [_one(max(rounds, 3) * 3), *_workers(count, max(rounds // 3, 1))]


def _one(times: int) -> Result:
    if words(ours()) != words(plain()):
        raise RuntimeError("The two statements do not say the same on each page.")
    pairs = [(_seconds(ours), _seconds(plain)) for _ in range(times)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    mine, other = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    return Result(
        14, "a statement of two pages, beside its plain form", mine, other, "ms", at_most=0.5, given_ratio=ratio
    )


def _seconds(draw: object) -> float:
    """Time at work, with its own garbage: what else the machine does, and what was there before, does not count."""
    gc.collect()
    gc.freeze()
    begin = time.process_time()
    draw()  # type: ignore[operator]
    gc.collect()
    return time.process_time() - begin


def _workers(count: int, rounds: int) -> list[Result]:
    shares, peaks = [], []
    for _ in range(rounds):
        [few] = work(count // 10)
        [alone] = work(count)
        shares.append((max(one.seconds for one in work(count // 2, count - count // 2)), alone.seconds))
        peaks.append((alone.peak, few.peak))
    return [
        _pairs(f"{count} statements by two workers, beside one", shares, unit="s", bound=0.7),
        _pairs(f"peak memory of a worker after {count}, beside {count // 10}", peaks, unit="kB", bound=1.1),
    ]


def _pairs(name: str, pairs: Sequence[tuple[float, float]], *, unit: str, bound: float) -> Result:
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    return Result(14, name, mine, other, unit, at_most=bound, given_ratio=ratio)


def work(*shares: int) -> list[Worked]:
    """Let as many workers draw their shares at once; what each needed."""
    command = [sys.executable, "-m", "bench.statement_worker"]
    workers = [
        subprocess.Popen([*command, str(share)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for share in shares
    ]
    for worker in workers:
        assert worker.stdout
        if worker.stdout.readline().strip() != "ready":
            raise RuntimeError("A worker did not start.")
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [ended(worker) for worker in workers]
