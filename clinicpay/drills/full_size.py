"""Tests of the suite at the size that a release asks of them; the suite itself runs them small."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from clinicpay.embedded.paths import PROJECT

from .frame import Outcome

GOODBYE = 90
"""Seconds for a run of tests that is ended early to put its servers away."""
FUZZ = {"FUZZ": "20000", "XSS_TURNS": "15"}
WALK = {"CLINICPAY_STEPS": "10000"}
DESK = {"CLINICPAY_DESK_SECONDS": "60", "CLINICPAY_DESK_PATIENTS": "200", "CLINICPAY_DESK_WAIT": "0.5"}
RACES = {"CLINICPAY_ROUNDS": "20", "CLINICPAY_UNDONE_TWICE": "500", "CLINICPAY_TURNS": "500"}


def run(outcome: Outcome, tests: Sequence[str], sizes: Mapping[str, str]) -> None:
    """Run the tests with these sizes, where the environment names no others. Their controls are in the suite."""
    chosen = {name: os.environ.get(name, size) for name, size in sizes.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "clinicpay.embedded", "test", *tests, "-q"],
        cwd=PROJECT,
        env={**os.environ, **chosen},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate()
    finally:
        process.terminate()  # when the time is up; it puts its servers away by itself
        with suppress(subprocess.TimeoutExpired):  # that time was up is the news, not that this took long
            process.wait(GOODBYE)
    passed = re.search(r"(\d+) passed", said)
    figures: dict[str, Any] = {
        name.removeprefix("CLINICPAY_").lower().replace("_", " "): json.loads(size) for name, size in chosen.items()
    }
    outcome.figures |= figures | {"tests that held": int(passed[1]) if passed else 0}
    outcome.expect(process.returncode == 0, said.strip()[-600:])


def at_full_size(tests: Sequence[str], sizes: Mapping[str, str]) -> Callable[[Outcome], None]:
    """A drill of these tests."""
    return lambda outcome: run(outcome, tests, sizes)


walk = at_full_size(["tests/balances/test_stateful.py"], WALK)
"""B5: a random walk through every verb of money beside a model; the invariants hold after every step."""

races = at_full_size(["tests/races", "tests/tenancy/test_pool.py"], RACES)
"""A12, B2, B3: crowds on one payment, 500 allocations undone twice, 8,000 requests on four connections."""

desk = at_full_size(["tests/races/test_desk_and_night.py"], DESK)
"""B12: reception and billing at the patients of nights that follow each other; 99 of 100 locks within half a second."""

fuzz = at_full_size(["tests/security/test_fuzz.py", "tests/security/test_xss.py"], FUZZ)
"""E5, E14: 20,000 broken requests, and every stored markup in every field, on every page."""
