"""How a price is split: exactly, the remainder last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpay.clinics.refusals import Refusal
from treatments.split import MOST, equal_parts


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        (100_000, [25_000] * 4),
        (100_00, [33_33, 33_33, 33_34]),
        (100_01, [14_28] * 6 + [14_33]),
        (999_99, [83_33] * 11 + [83_36]),
        (7, [1] * 6 + [1]),
        (13, [1] * 6 + [7]),
    ],
)
def test_worked_numbers_of_3_7_and_12_parts_with_odd_cents(total, parts):
    assert equal_parts(total, len(parts)) == parts


@given(st.integers(1, 10**12), st.integers(1, MOST))
def test_parts_sum_to_the_price_and_only_the_last_differs(total, count):
    if total < count:
        with pytest.raises(Refusal, match="too little"):
            equal_parts(total, count)
        return
    parts = equal_parts(total, count)
    assert sum(parts) == total
    assert len(parts) == count
    assert len(set(parts[:-1])) <= 1
    assert min(parts) == parts[0] > 0
    assert parts[-1] - parts[0] < count


@pytest.mark.parametrize("count", [0, -1, MOST + 1])
def test_a_price_is_split_over_some_visits_and_not_over_too_many(count):
    with pytest.raises(Refusal, match=f"from 1 to {MOST}"):
        equal_parts(10**6, count)
