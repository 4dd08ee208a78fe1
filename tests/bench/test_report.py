"""The verdicts of the bench."""

import pytest

from bench.load import Rates
from bench.report import Result, table


@pytest.mark.parametrize(
    ("bounds", "met"),
    [
        ({"at_least": 2}, True),
        ({"at_least": 2.1}, False),
        ({"at_most": 2}, True),
        ({"at_most": 1.9}, False),
        ({}, None),
    ],
)
def test_ratio_is_held_against_its_bound(bounds, met):
    assert Result(6, "posting", 20, 10, "/s", **bounds).met is met


def test_ratio_is_the_median_of_the_rounds():
    rates = Rates({"ours": [10, 2, 30], "naive": [5, 2, 10]})  # one round was disturbed on both sides

    assert rates.ratio("ours", "naive") == 2


def test_table_says_which_target_is_missed():
    lines = table([Result(6, "posting", 5, 10, "/s", at_least=2.2)]).splitlines()

    assert lines[1].split()[-4:-1] == ["≥", "2.2", "NO"]
