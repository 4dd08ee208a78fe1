"""Amounts as Stripe counts them, which is not always as our clinics do.

Stripe has its own list of currencies without cents. Ours follows CLDR, which leaves them away wherever nobody has
such coins (RSD, LBP, ISK …): 500 dinars are 500 here and 50000 there.
"""

from clinicpay import money
from payments.gateways.base import GatewayRefused

WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
"""With three decimals, of which the last must be 0."""

LEAST = {
    **dict.fromkeys(["USD", "EUR", "AUD", "CAD", "CHF", "NZD", "SGD", "BRL", "INR"], 50),
    **{"GBP": 30, "JPY": 50, "DKK": 250, "NOK": 300, "SEK": 300, "PLN": 200, "HKD": 400, "MXN": 1000, "CZK": 1500},
}
"""The smallest charge in Stripe's units, where it is documented; elsewhere Stripe says so itself."""

MOST = 99_999_999
"""The largest charge in Stripe's units: eight digits."""


def theirs(amount: int, currency: str) -> int:
    """Our minor units as Stripe's."""
    shift = _shift(currency)
    if shift < 0 and amount % 10**-shift:
        raise GatewayRefused(f"Stripe can’t take {money.show(amount, currency)}: it has too many decimals.")
    return amount * 10**shift if shift >= 0 else amount // 10**-shift


def ours(amount: int, currency: str) -> int:
    """Stripe's minor units as ours; what is less than one of ours is left out."""
    shift = _shift(currency.upper())
    return amount // 10**shift if shift >= 0 else amount * 10**-shift


def objection(amount: int, currency: str) -> str:
    """Why Stripe won't take this amount, or nothing."""
    asked = theirs(amount, currency)
    if asked < LEAST.get(currency, 1):
        return f"Stripe takes no less than {money.show(ours(LEAST[currency], currency), currency)} by card."
    if asked > MOST:
        return f"Stripe takes no more than {money.show(ours(MOST, currency), currency)} by card."
    if currency in THREE and asked % 10:
        return f"Stripe takes {currency} in steps of {money.show(10, currency)} only."
    return ""


def _shift(currency: str) -> int:
    """How many decimals Stripe has more than we."""
    return (0 if currency in WHOLE else 3 if currency in THREE else 2) - money.digits(currency)
