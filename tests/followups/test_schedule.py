"""P1: dates and amounts of a plan are exact, and none is empty."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpay.clinics.refusals import Refusal
from followups.schedule import MOST, Due, Terms, due_on, least, schedule
from followups.states import Frequency

START = date(2024, 1, 31)


def amounts(total: int, instalment: int, *, merge: bool = False) -> list[int]:
    return [due.amount for due in schedule(total, Terms(instalment, Frequency.MONTHLY, START, merge))]


def test_case_d2_three_cents_in_two_parts():
    assert amounts(3, 2) == [2, 1]


def test_case_d6_a_tiny_last_one_is_offered_to_merge_never_dropped():
    assert amounts(10000, 3333) == [3333, 3333, 3333, 1]
    assert amounts(10000, 3333, merge=True) == [3333, 3333, 3334]


def test_case_d13_months_keep_their_day_or_end_on_their_last():
    terms = Terms(1, Frequency.MONTHLY, START)
    assert [due_on(terms, n) for n in range(4)] == [START, date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]
    assert due_on(terms, 12) == date(2025, 1, 31)


def test_weeks_are_seven_days():
    assert schedule(200, Terms(100, Frequency.WEEKLY, date(2024, 2, 26))) == [
        Due(date(2024, 2, 26), 100),
        Due(date(2024, 3, 4), 100),
    ]


def test_instalment_above_the_total_is_one():
    assert amounts(500, 900) == [500]
    assert amounts(500, 900, merge=True) == [500]


@given(total=st.integers(1, 10**9), parts=st.integers(1, MOST[Frequency.MONTHLY]), merge=st.booleans())
def test_instalments_sum_to_the_total_and_none_is_empty(total, parts, merge):
    found = amounts(total, -(-total // parts), merge=merge)
    assert sum(found) == total
    assert min(found) > 0
    assert len(found) <= parts


@pytest.mark.parametrize(
    ("total", "instalment", "said"),
    [
        (0, 100, "nothing to put"),
        (100, 0, "greater than zero"),
        (100, -5, "greater than zero"),
        (10**9, 1, "1,000,000,000 instalments; a plan has at most 120"),
    ],
)
def test_terms_that_make_no_plan_are_refused_in_words(total, instalment, said):
    with pytest.raises(Refusal, match=said):
        amounts(total, instalment)


def test_least_instalment_is_the_first_that_fits_in_ten_years():
    smallest = least(1_000_000, Frequency.WEEKLY)
    assert len(schedule(1_000_000, Terms(smallest, Frequency.WEEKLY, START))) <= 520
    with pytest.raises(Refusal, match="at most 520"):
        schedule(1_000_000, Terms(smallest - 1, Frequency.WEEKLY, START))
