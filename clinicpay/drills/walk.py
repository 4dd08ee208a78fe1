"""B5: a long random walk through the money beside a model of a few lines; the invariants hold after every step."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from clinicpay.embedded.paths import PROJECT

from .frame import Outcome

STEPS = "10000"
TESTS = "tests/balances/test_stateful.py"


def run(outcome: Outcome) -> None:
    """The walk of the test suite, with more steps. Its control is the suite's own: planted faults are found."""
    steps = os.environ.get("CLINICPAY_STEPS", STEPS)
    process = subprocess.Popen(
        [sys.executable, "-m", "clinicpay.embedded", "test", TESTS, "-q"],
        cwd=PROJECT,
        env={**os.environ, "CLINICPAY_STEPS": steps},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate()
    finally:
        process.terminate()  # when the time is up; it puts its servers away by itself
        process.wait(30)
    passed = re.search(r"(\d+) passed", said)
    outcome.figures |= {"steps": int(steps), "walks that held": int(passed[1]) if passed else 0}
    outcome.expect(process.returncode == 0, said.strip()[-600:])
