"""Targets 1 to 4: the night of auto-apply beside a loop over rows and SQL, with more clinics, with two workers."""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from balances.services import run_auto_apply
from bench.debts import indebted
from bench.fill import as_owner, check
from bench.matching import WAYS, allocations, outcome
from bench.night_worker import Worked, work
from bench.report import Result
from clinicpay.clinics.commands import clinic_id, long_scope
from clinicpay.staff.models import ClinicPayItself

_next = count(1)
_tag = f"{int(time.time()):x}"


def clinics(number: int, accounts: int, **size: int) -> list[str]:
    """So many equal clinics whose money waits."""
    made = [indebted(f"night-{_tag}-{next(_next)}", accounts, **size) for _ in range(number)]
    as_owner("analyze")
    return made


def nights(accounts: int, rounds: int) -> list[Result]:
    """All of it; `accounts` of a clinic, `rounds` of each comparison."""
    return [
        *_ways(accounts, rounds),
        *_one_account(3_000, max(rounds // 3, 1)),
        *_growth(max(accounts // 4, 10), rounds),
        _job(10_000),
    ]


def _timed(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def _compared(names: Sequence[str], rounds: int, accounts: int, **size: int) -> dict[str, list[float]]:
    """Seconds of each way, round by round, each in a clinic of its own that is equal to the others', in turns."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for number, warm in enumerate(clinics(rounds, 5)):
        mine = dict(zip(names, clinics(len(names), accounts, **size), strict=True))
        WAYS[names[0]](warm)  # imports, and plans of the triggers: filling has just dropped them
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(_timed(partial(WAYS[name], mine[name])))
        if len({outcome(slug) for slug in mine.values()}) != 1:
            raise RuntimeError(f"The ways differ: {[(name, outcome(slug)) for name, slug in mine.items()]}.")
        check(list(mine.values()))
    return found


def _ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    return statistics.median(mine / theirs for mine, theirs in zip(ours, other, strict=True))


def _ways(accounts: int, rounds: int) -> list[Result]:
    found = _compared(["ours", "sql", "rows"], rounds, accounts)
    mine, sql, rows = (statistics.median(found[name]) for name in ("ours", "sql", "rows"))
    return [
        Result(1, "a night of auto-apply, beside a loop by the ORM", mine, rows, "s", at_most=1 / 50,
               given_ratio=_ratio(found["ours"], found["rows"])),
        Result(2, "the same, beside set-based SQL", mine, sql, "s", at_most=1.5,
               given_ratio=_ratio(found["ours"], found["sql"])),
    ]  # fmt: skip


def _one_account(items: int, rounds: int) -> list[Result]:
    found = _compared(["ours", "sql"], rounds, 1, charges=items, payments=items)
    mine, sql = (statistics.median(found[name]) for name in ("ours", "sql"))
    name = f"one account with {items:,} × {items:,} open items, beside SQL"
    return [Result(2, name, mine, sql, "s", at_most=0.25, given_ratio=_ratio(found["ours"], found["sql"]))]


def _growth(accounts: int, rounds: int) -> list[Result]:
    """Target 3: ten times the clinics in one worker. Target 4: two workers on as many as one."""
    few, times, peaks, shares = 2, [], [], []
    for _ in range(max(rounds // 2, 1)):
        [small] = _worked(clinics(few, accounts))
        [large] = _worked(clinics(10 * few, accounts))
        times.append((large.seconds, small.seconds))
        peaks.append((large.peak, small.peak))
        alone = _worked(clinics(10, accounts))[0].seconds
        both = clinics(10, accounts)
        shares.append((max(one.seconds for one in _worked(both[::2], both[1::2])), alone))
    return [
        _pairs(3, "ten times the clinics: time", times, unit="s", bound=12),
        _pairs(3, "ten times the clinics: peak memory of the worker", peaks, unit="kB", bound=1.2),
        _pairs(4, "two workers, beside one", shares, unit="s", bound=0.65),
    ]


def _worked(*shares: list[str]) -> list[Worked]:
    """What each worker needed that had a small clinic's night behind it."""
    return work(*([warm, *share] for warm, share in zip(clinics(len(shares), 5), shares, strict=True)))


def _pairs(number: int, name: str, pairs: Sequence[tuple[float, float]], *, unit: str, bound: float) -> Result:
    ours, anchor = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    return Result(number, name, ours, anchor, unit, at_most=bound, given_ratio=ratio)


def _job(wanted: int) -> Result:
    """B17: so many allocations in one job, then all of it undone in one; the ledger agrees after each."""
    [slug] = clinics(1, wanted * 10 // 57)  # an account of five charges and three payments takes 5.7
    with long_scope(clinic_id(slug)) as clinic:
        by = ClinicPayItself(clinic, "Bench")
        seconds = _timed(lambda: run_auto_apply(by=by))
    check([slug])
    made = allocations(slug)
    return Result(0, f"B17: {made:,} allocations in one job, of 10 s", seconds, 10, "s", at_most=1)
