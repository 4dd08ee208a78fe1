"""Addresses inside a clinic: every one begins with /c/<slug>/ and uses public numbers."""

from datetime import date
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.urls import register_converter, reverse

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import converter

KINDS = {
    **{"ac": "AC", "pt": "PT", "te": "TE", "pay": "PAY", "inv": "INV", "rcp": "R", "rf": "RF", "run": "RUN"},
    **{"wo": "WO", "pl": "PL", "st": "ST", "sr": "SR", "bs": "BS", "tp": "TP", "ex": "EX"},
}
"""Path converters by name, as in `patients/<pt:number>/`, and the prefix each reads."""


class DayConverter:
    """Path part such as `2026-11-22`, given to the view as a date."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """The date; what isn't one is no match."""
        return date.fromisoformat(value)

    def to_url(self, value: date | str) -> str:
        """A date, or one that is written already."""
        return str(value)


register_converter(DayConverter, "day")
for name, kind in KINDS.items():
    register_converter(converter(kind), name)


def address(clinic: Clinic, view: str, **arguments: Any) -> str:
    """The address of a clinic's view, by its URL name."""
    return place(clinic.slug, view, **arguments)


@lru_cache(maxsize=16_384)
def place(slug: str, view: str, **arguments: Any) -> str:
    """The same by the clinic's slug. Kept, because a page asks for fifty, and most of them again and again."""
    return reverse(view, kwargs={"slug": slug, **arguments})


setting_changed.connect(lambda **_: place.cache_clear(), weak=False, dispatch_uid="clinics.address")
