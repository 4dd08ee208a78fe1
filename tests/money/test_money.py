"""B11: what is an amount and what is not, and that nothing is lost on the way."""

import re
from contextlib import suppress
from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from clinicpay.money import (
    MAX_AMOUNT,
    AmountError,
    before,
    digits,
    from_decimal,
    parse,
    parse_signed,
    parse_zero_ok,
    plain,
    show,
    split,
)

currencies = st.sampled_from(["USD", "NZD", "EUR", "JPY", "KWD", "CHF", "XOF", "CLF"])
amounts = st.integers(1, MAX_AMOUNT)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12.50", 1250),
        (" 12.50 ", 1250),
        ("12,345.6", 1234560),
        ("1,234", 123400),
        ("$12", 1200),
        ("$ 12.5", 1250),
        (".5", 50),
        ("5.", 500),
        ("0.01", 1),
        ("007", 700),
        ("0" * 5000 + "1", 100),
        ("9999999999.99", MAX_AMOUNT),
    ],
)
def test_amount_is_read_exactly(text, minor):
    assert parse(text, "USD") == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "0.00",
        "-1",
        "-$1",
        "$-1",
        "0.005",
        "1e400",
        "1E2",
        "NaN",
        "inf",
        " 12,50 ",
        "1,2,3",
        ",123",
        "12.345",
        "12 50",
        "１２",
        "١٢",
        "½",
        "0x10",
        "1_000",
        "--1",
        "+5",
        ".",
        "$",
        "€5",
        "12\x00",
        "twelve",
        str(2**63),
        "10000000000.00",
        "9" * 5000,
        "0." + "1" * 5000,
    ],
)
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(AmountError) as caught:
        parse(text, "USD")
    assert str(caught.value).startswith("Enter an amount")


def test_currency_without_decimals_takes_whole_amounts():
    assert parse("¥1,200", "JPY") == 1200
    assert parse("1200.", "JPY") == 1200
    with pytest.raises(AmountError, match="whole"):
        parse("12.5", "JPY")


def test_currency_with_three_decimals_takes_three():
    assert parse("1.234", "KWD") == 1234
    assert parse("KWD 1.234", "KWD") == 1234


@pytest.mark.parametrize(("currency", "such"), [("USD", "120.50"), ("JPY", "120"), ("KWD", "120.500")])
def test_what_is_no_amount_is_told_one_of_its_currency(currency, such):
    with pytest.raises(AmountError, match=f"^Enter an amount such as {re.escape(such)}.$"):
        parse("a few", currency)
    assert parse(such, currency)


@pytest.mark.parametrize(("text", "minor"), [("", 0), ("  ", 0), ("0", 0), ("0.00", 0), ("1.5", 150)])
def test_apply_field_takes_nothing_as_zero(text, minor):
    assert parse_zero_ok(text, "USD") == minor


@pytest.mark.parametrize("text", ["-0.01", "x"])
def test_apply_field_refuses_less_than_nothing(text):
    with pytest.raises(AmountError):
        parse_zero_ok(text, "USD")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123450, "USD", "$1,234.50"),
        (-500, "USD", "-$5.00"),
        (0, "USD", "$0.00"),
        (1, "NZD", "$0.01"),
        (1200, "JPY", "¥1,200"),
        (-1234567, "KWD", "-KWD\u00a01,234.567"),
        (120050, "CHF", "CHF\u00a01,200.50"),
        (1200, "XOF", "XOF\u00a01,200"),
        (120050, "XCG", "XCG\u00a01,200.50"),
    ],
)
def test_amount_is_shown_in_the_clinics_currency(minor, currency, text):
    assert show(minor, currency) == text


@given(amounts, currencies)
def test_what_is_printed_is_read_again_exactly(minor, currency):
    assert parse(plain(minor, currency), currency) == minor
    assert parse(show(minor, currency), currency) == minor


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT), currencies)
def test_signed_amount_is_read_again_exactly(minor, currency):
    assert parse_signed(plain(minor, currency), currency) == minor


@given(st.text(max_size=30), currencies)
def test_any_text_is_an_amount_or_refused(text, currency):
    with suppress(AmountError):
        assert 0 < parse(text, currency) <= MAX_AMOUNT


@given(st.integers(0, MAX_AMOUNT), st.integers(1, 60))
def test_parts_sum_to_the_whole(total, parts):
    pieces = split(total, parts)
    assert sum(pieces) == total
    assert len(pieces) == parts
    assert all(piece >= 0 for piece in pieces)
    assert max(pieces) - min(pieces) < parts
    assert pieces[-1] == max(pieces)


@pytest.mark.parametrize(("parts", "last"), [(3, 1), (7, 1), (12, 1)])
def test_one_cent_in_parts_goes_to_the_last(parts, last):
    assert split(1, parts) == [0] * (parts - 1) + [last]


def test_no_parts_at_all_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        split(100, 0)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.5", 1250), ("0.005", 1), ("-0.005", -1), ("0.00499999999999999999999999999999", 0), ("1e3", 100000)],
)
def test_decimal_of_a_file_is_rounded_half_up(text, minor):
    assert from_decimal(text, "USD") == minor


@pytest.mark.parametrize("text", ["", "x", "NaN", "sNaN", "Infinity", "1e400", "10000000000", "1e999999999"])
def test_decimal_of_a_file_that_is_no_amount_is_refused(text):
    with pytest.raises(AmountError, match="is not an amount"):
        from_decimal(text, "USD")


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT), currencies)
def test_shown_amount_is_babels(minor, currency):
    places = digits(currency)
    pattern = "#,##0." + "0" * places if places else "#,##0"
    number = format_decimal(Decimal(abs(minor)).scaleb(-places), pattern, locale="en_US")

    assert show(minor, currency) == f"{'-' if minor < 0 else ''}{before(currency)}{number}"
