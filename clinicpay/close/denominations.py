"""Notes and coins that a drawer may hold, by currency: the values in use, in minor units, the largest first."""

from decimal import Decimal

from clinicpay import money

_IN_USE = {
    "USD": "100 50 20 10 5 2 1 0.50 0.25 0.10 0.05 0.01",
    "EUR": "500 200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
    "GBP": "50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
    "NZD": "100 50 20 10 5 2 1 0.50 0.20 0.10",
    "AUD": "100 50 20 10 5 2 1 0.50 0.20 0.10 0.05",
    "CAD": "100 50 20 10 5 2 1 0.25 0.10 0.05",
    "CHF": "1000 200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05",
    "JPY": "10000 5000 2000 1000 500 100 50 10 5 1",
    "SGD": "1000 100 50 10 5 2 1 0.50 0.20 0.10 0.05",
    "HKD": "1000 500 100 50 20 10 5 2 1 0.50 0.20 0.10",
    "SEK": "1000 500 200 100 50 20 10 5 2 1",
    "NOK": "1000 500 200 100 50 20 10 5 1",
    "DKK": "1000 500 200 100 50 20 10 5 2 1 0.50",
    "PLN": "500 200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
    "ZAR": "200 100 50 20 10 5 2 1 0.50 0.20 0.10",
}


def denominations(currency: str) -> tuple[int, ...]:
    """Values of the notes and coins of a currency; empty where we know none, and then one sum is typed."""
    places = money.digits(currency)
    return tuple(int(Decimal(value).scaleb(places)) for value in _IN_USE.get(currency, "").split())
