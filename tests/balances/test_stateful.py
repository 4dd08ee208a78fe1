"""B5: 500 random steps through every verb of money in the suite, as many as CLINICPAY_STEPS says in a drill.

In the suite they are the same each time; a drill goes where nobody was before.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.balances.walk import Money

IN_SUITE = 500
STEPS = int(os.environ.get("CLINICPAY_STEPS", IN_SUITE))
WALK = 25
"""Steps from one empty clinic to the next."""


def test_money_agrees_with_the_model_on_random_walks(harbor):
    Money.home = harbor
    walks = settings(
        max_examples=max(1, STEPS // WALK),
        stateful_step_count=WALK,
        deadline=None,
        derandomize=STEPS == IN_SUITE,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Money, settings=walks)
