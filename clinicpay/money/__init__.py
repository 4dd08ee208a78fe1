"""What an amount is: a whole number of minor units (cents) of the clinic's currency.

Amounts are parsed and printed at the edges only; in between there are integers.
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import get_currency_precision, get_currency_symbol

MAX_AMOUNT = 10**12 - 1
"""Largest single amount in minor units; far below bigint, so that no sum of a clinic overflows."""

_LOCALE = "en_US"
_PLAIN = re.compile(r"\d{1,3}(,\d{3})*(\.\d*)?|\d+(\.\d*)?|\.\d+")


class AmountError(ValueError):
    """The text is not an amount; the message is in the user's words."""


@lru_cache
def digits(currency: str) -> int:
    """Decimal places of the currency: 2 for USD, 0 for JPY."""
    return get_currency_precision(currency)


@lru_cache
def symbol(currency: str) -> str:
    """The sign of a currency, such as "$"; its code where it has none, such as "KWD".

    "$" rather than "NZ$": a clinic has one currency, and its people know which.
    """
    sign = get_currency_symbol(currency, locale=_LOCALE).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return currency if not sign or any(one.isalpha() for one in sign) else sign


@lru_cache
def before(currency: str) -> str:
    """What stands before an amount: "$", or "KWD" with a space that never breaks; money.js does the same."""
    sign = symbol(currency)
    return f"{sign}\u00a0" if sign[-1].isalpha() else sign


@lru_cache
def example(currency: str) -> str:
    """An amount that could be typed: "120.50", or "120" where there are no decimals."""
    return plain(12050 * 10 ** digits(currency) // 100, currency)


def show(minor: int, currency: str) -> str:
    """Minor units as people read them: 123450 USD is "$1,234.50", -500 is "-$5.00".

    Written by hand, because Babel's formatter is the dearest call of a list's row.
    """
    places = digits(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    decimals = f".{fraction:0{places}d}" if places else ""
    return f"{'-' if minor < 0 else ''}{before(currency)}{whole:,}{decimals}"


def coded(minor: int, currency: str) -> str:
    """Minor units of a currency that is not the clinic's: 123450 CAD is "1,234.50 CAD"."""
    places = digits(currency)
    return f"{Decimal(minor).scaleb(-places):,.{places}f} {currency}"


def plain(minor: int, currency: str) -> str:
    """Minor units as a bare decimal for inputs, JSON and CSV: 123450 USD is "1234.50"."""
    places = digits(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def parse(text: str, currency: str) -> int:
    """Read what a person typed, such as " 1,234.5 " or "$12", as minor units greater than zero.

    Raises AmountError for anything else: zero, negative, too many decimals, letters,
    full-width digits, more than MAX_AMOUNT.
    """
    minor = parse_signed(text, currency)
    if minor <= 0:
        raise AmountError("Enter an amount greater than zero.")
    return minor


def parse_zero_ok(text: str, currency: str) -> int:
    """Like `parse`, but 0 and an empty text are 0: for the Apply fields of an allocation."""
    if not text.strip():
        return 0
    minor = parse_signed(text, currency)
    if minor < 0:
        raise AmountError("Enter an amount that is not negative.")
    return minor


def parse_signed(text: str, currency: str) -> int:
    """Read a decimal exactly, refusing what a float would round. Raises AmountError."""
    cleaned = unicodedata.normalize("NFC", text).strip().removeprefix(symbol(currency)).strip()
    negative = cleaned.startswith("-")
    body = cleaned[1:] if negative else cleaned
    if not body.isascii() or not _PLAIN.fullmatch(body):
        raise AmountError(f"Enter an amount such as {example(currency)}.")
    places = digits(currency)
    whole, _, fraction = body.replace(",", "").partition(".")
    whole = whole.lstrip("0")
    if len(fraction) > places:
        raise AmountError(f"Enter an amount with at most {places} decimals." if places else "Enter a whole amount.")
    if len(whole) > len(str(MAX_AMOUNT)):  # before int(), which refuses thousands of digits in its own words
        raise AmountError(f"Enter an amount of at most {show(MAX_AMOUNT, currency)}.")
    minor = int((whole or "0") + fraction.ljust(places, "0"))
    if minor > MAX_AMOUNT:
        raise AmountError(f"Enter an amount of at most {show(MAX_AMOUNT, currency)}.")
    return -minor if negative else minor


def from_decimal(text: str, currency: str) -> int:
    """Minor units of a decimal in a file, half-up to the currency's places. Raises AmountError."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise AmountError(f"“{text}” is not an amount.") from error
    if value.is_finite() and -MAX_AMOUNT <= value <= MAX_AMOUNT:  # abs() would overflow
        places = digits(currency)
        minor = int(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).scaleb(places))
        if abs(minor) <= MAX_AMOUNT:
            return minor
    raise AmountError(f"“{text}” is not an amount.")


def split(total: int, parts: int) -> list[int]:
    """`total` minor units in `parts` whole parts that sum to it exactly, the remainder on the last."""
    if parts < 1:
        raise ValueError("parts must be at least 1")
    each = total // parts
    return [each] * (parts - 1) + [total - each * (parts - 1)]
