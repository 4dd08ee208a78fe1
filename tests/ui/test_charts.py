import pytest

from clinicpay.ui.charts import LEFT, monthly_bars, nice_ceiling, short_amount, status_bars


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 1), (-5, 1), (1, 1), (7, 8), (11_900, 15_000), (99, 100), (0.3, 0.3)]
)
def test_nice_ceiling_is_the_next_round_number(value, ceiling):
    assert nice_ceiling(value) == pytest.approx(ceiling)


@pytest.mark.parametrize(("value", "words"), [(0, "$0"), (500, "$500"), (15_000, "$15k"), (2_500_000, "$2.5m")])
def test_short_amount_fits_a_grid(value, words):
    assert short_amount(value, "$") == words


def test_monthly_bars_stand_on_the_base_line_in_proportion():
    chart = monthly_bars([("Sep", 500_00), ("Oct", 1_000_00), ("Nov", 250_00)], "USD", width=646, height=128)

    heights = [bar.height for bar in chart.bars]
    assert heights == [50, 100, 25]
    assert {bar.y + bar.height for bar in chart.bars} == {108}
    assert [bar.current for bar in chart.bars] == [False, False, True]
    assert chart.bars[0].x > LEFT
    assert chart.bars[-1].x + chart.bars[-1].width < 646


def test_monthly_bars_say_their_values():
    chart = monthly_bars([("Oct", 1_234_50), ("Nov", 0)], "USD")

    assert chart.summary == "Oct $1,234.50, Nov $0.00"
    assert [line.label for line in chart.lines] == ["$0", "$500", "$1k", "$1.5k"]


def test_monthly_bars_in_a_currency_without_minor_units():
    assert monthly_bars([("Nov", 1500)], "JPY").lines[-1].label == "¥1.5k"
    in_code = monthly_bars([("Nov", 1_500_000)], "KWD")
    assert (in_code.lines[-1].label, in_code.bars[0].value) == ("1.5k", "KWD\u00a01,500.000")


def test_monthly_bars_without_any_money():
    chart = monthly_bars([("Nov", 0)], "USD")

    assert chart.bars[0].height == 0
    assert monthly_bars([], "USD").bars == []


def test_status_bars_are_shares_of_the_largest():
    rows = [
        ("paid", "Paid", 200, "?status=paid", "paid"),
        ("failed", "Failed", 50, "?status=failed", "failed"),
    ]

    assert [(bar.share, bar.url) for bar in status_bars(rows)] == [
        (100, "?status=paid"),
        (25, "?status=failed"),
    ]
    assert status_bars([("paid", "Paid", 0, "?", "paid")])[0].share == 0


def test_chart_of_nothing_has_a_base_line_and_no_scale():
    chart = monthly_bars([("Oct", 0), ("Nov", 0)], "USD")

    assert [line.label for line in chart.lines] == ["$0"]
