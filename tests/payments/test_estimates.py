"""The estimate by itself: the worked cases, the order of the steps, and what holds for any benefits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.estimates import Left, Line, Terms, estimate, half_up


def worked(base, *, deductible=None, most=None, **terms):
    """One line's share."""
    (share,) = estimate([Line("Visit", base, Terms("the visit", **terms))], Left(deductible, most), "USD")
    return share


def steps(share):
    return [(step.name, step.amount) for step in share.steps]


def test_case_e1_nothing_met_is_paid_in_full_and_credited_to_the_deductible():
    share = worked(12_500, deductible=150_000, most=500_000, coinsurance=2_000)
    assert (share.amount, share.left.deductible) == (12_500, 137_500)


def test_case_e2_deductible_met_leaves_the_co_insurance():
    share = worked(7_500, deductible=0, most=500_000, coinsurance=2_000)
    assert (share.amount, share.plan_pays) == (1_500, 6_000)


def test_case_e4_deductible_then_co_insurance():
    share = worked(500_000, deductible=200_000, coinsurance=2_000)
    assert (share.amount, share.plan_pays) == (260_000, 240_000)
    assert steps(share) == [("Deductible", 200_000), ("Co-insurance", 60_000)]


def test_case_e5_small_deductible():
    share = worked(10_000, deductible=1_000, coinsurance=2_000)
    assert (share.amount, share.plan_pays) == (2_800, 7_200)


@pytest.mark.parametrize(("most", "amount"), [(1_000, 1_000), (0, 0), (500_000, 2_500)])
def test_case_e7_lesser_of_copay_and_what_is_left_to_the_maximum(most, amount):
    assert worked(9_000, most=most, copay=2_500).amount == amount


@pytest.mark.parametrize(
    ("deductible", "coinsurance", "amount"), [(0, 2_000, 2_000), (100_000, 2_000, 10_000), (0, 3_000, 3_000)]
)
def test_case_e10_met_or_not_met(deductible, coinsurance, amount):
    share = worked(10_000, deductible=deductible, coinsurance=coinsurance)
    assert share.amount == amount
    assert share.left.deductible == max(deductible - 10_000, 0)


def test_copay_stands_alone_unless_the_benefit_says_otherwise():
    alone = worked(50_000, deductible=10_000, copay=2_500, coinsurance=2_000)
    on_top = worked(50_000, deductible=10_000, copay=2_500, coinsurance=2_000, on_top=True)
    assert (alone.amount, alone.left.deductible) == (2_500, 10_000)
    assert steps(on_top) == [("Deductible", 10_000), ("Co-insurance", 8_000), ("Copay", 2_500)]


def test_copay_on_top_without_a_co_insurance_shares_nothing_else():
    assert steps(worked(50_000, deductible=10_000, copay=2_500, on_top=True))[1:] == [
        ("Co-insurance", 0),
        ("Copay", 2_500),
    ]


def test_never_more_than_the_charge():
    assert steps(worked(2_000, deductible=0, copay=2_500)) == [("Copay", 2_500), ("Limit", -500)]
    assert worked(2_000, deductible=2_000, copay=2_500, coinsurance=0, on_top=True).amount == 2_000


def test_deductible_and_maximum_are_used_up_in_the_order_of_the_lines():
    """E-6's lesson: the order of the lines changes each share."""
    crown, exam = (
        Line("Crown", 100_000, Terms("crowns", coinsurance=5_000)),
        Line("Exam", 6_000, Terms("exams", copay=0)),
    )
    filling = Line("Filling", 20_000, Terms("fillings", coinsurance=2_000))
    shares = estimate([filling, exam, crown], Left(15_000, 40_000), "USD")
    assert [share.amount for share in shares] == [16_000, 0, 24_000]
    assert shares[-1].steps[-1].name == "Limit"
    again = estimate([crown, exam, filling], Left(15_000, 40_000), "USD")
    assert [share.amount for share in again] == [40_000, 0, 0]


def test_what_the_check_does_not_name_is_not_shared():
    share = worked(10_000, deductible=4_000)
    assert share.amount == 10_000
    assert "names no share for the visit" in share.steps[1].words


def test_unknown_deductible_is_said_and_not_counted():
    share = worked(10_000, coinsurance=2_000)
    assert share.amount == 2_000
    assert "does not say what is left of the deductible" in share.steps[0].words


def test_without_a_charge_the_copay_alone():
    assert worked(None, copay=2_500, most=1_000).amount == 1_000
    assert worked(None, copay=2_500, coinsurance=2_000, on_top=True).amount == 2_500
    assert worked(None, copay=2_500).plan_pays is None


@pytest.mark.parametrize(
    ("amount", "points", "share"), [(5, 1_000, 1), (4, 1_000, 0), (333, 3_333, 111), (1, 5_000, 1)]
)
def test_half_up_to_the_minor_unit(amount, points, share):
    assert half_up(amount, points) == share


AMOUNT = st.integers(0, 10**9)
MAYBE = st.none() | AMOUNT
TERMS = st.builds(
    Terms, st.just("it"), copay=MAYBE, coinsurance=st.none() | st.integers(0, 10_000), on_top=st.booleans()
)
LINES = st.lists(st.builds(Line, st.just("one"), AMOUNT, TERMS), min_size=1, max_size=6)


@given(LINES, st.builds(Left, MAYBE, MAYBE))
def test_for_any_benefits_no_share_is_negative_or_above_its_charge_or_the_maximum(lines, left):
    total, before = 0, left
    for share in estimate(lines, left, "USD"):
        assert 0 <= share.amount <= share.line.base
        assert share.amount == sum(step.amount for step in share.steps)
        assert all(step.words for step in share.steps)
        if before.deductible is not None:
            assert 0 <= share.left.deductible <= before.deductible
        if before.out_of_pocket is not None:
            assert share.left.out_of_pocket == before.out_of_pocket - share.amount >= 0
        total, before = total + share.amount, share.left
    assert left.out_of_pocket is None or total <= left.out_of_pocket
