"""Target 11: the follow-up queue and each of its buckets at any size, with their totals beside them."""

import statistics
import time
from collections.abc import Callable

from bench.lists import in_turns_of
from bench.report import Result
from bench.visitor import Visitor
from clinicpay.clinics import clock
from clinicpay.clinics.commands import clinic_id, long_scope
from followups.queries import BUCKETS, bucket_totals, owed_on, owing

ENOUGH = 50.0
"""Milliseconds that the totals of all buckets may take."""


def sizes(small: str, big: str, port: int, rounds: int) -> list[Result]:
    """The queue of a large clinic beside that of a small one: all ages, each bucket, and by balance."""
    few, many = Visitor.of(small), Visitor.of(big)
    asked = {"all ages": "", **{f"{one.key} days": f"?age={one.key.replace('+', '%2B')}" for one in BUCKETS}}
    found = []
    for what, query in {**asked, "by balance": "?sort=-owes", "by name": "?sort=account"}.items():
        pages = {
            "small": few.get(f"/c/{small}/followups/{query}"),
            "big": many.get(f"/c/{big}/followups/{query}"),
        }
        rates = in_turns_of(pages, port, rounds)
        times = 1000 / rates.median("big"), 1000 / rates.median("small")
        name = f"queue, {what}: the large clinic beside the small"
        found.append(Result(11, name, *times, "ms", at_most=1.5, given_ratio=rates.ratio("small", "big")))
    return found


def totals(slug: str, rounds: int) -> list[Result]:
    """The sums of all buckets of a large clinic, in milliseconds beside what they may take; and its ageing of today."""
    with long_scope(clinic_id(slug)) as clinic:
        today = clock.today(clinic)
        live = [(one.accounts or 0, one.owed or 0) for one in bucket_totals(owing(), today)]
        then = owed_on(today)
        if (len(then), sum(one.owes for one in then)) != (sum(n for n, _ in live), sum(owed for _, owed in live)):
            raise RuntimeError("The queue and the ageing of today differ.")
        tries = [_milliseconds(lambda: bucket_totals(owing(), today)) for _ in range(rounds * 3)]
        ages = [_milliseconds(lambda: owed_on(today)) for _ in range(3)]
    found = Result(11, "bucket totals of the large clinic", statistics.median(tries), ENOUGH, "ms", at_most=1)
    return [found, Result(11, "ageing as of today, beside its totals", statistics.median(ages), found.ours, "ms")]


def _milliseconds(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return (time.perf_counter() - begin) * 1000
