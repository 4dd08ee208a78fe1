"""Addresses inside a clinic: every one begins with /c/<slug>/ and uses public numbers."""

from typing import Any

from django.urls import register_converter, reverse

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import converter

KINDS = {"ac": "AC", "pt": "PT", "te": "TE", "pay": "PAY", "inv": "INV", "rcp": "R"}
"""Path converters by name, as in `patients/<pt:number>/`, and the prefix each reads."""

for name, kind in KINDS.items():
    register_converter(converter(kind), name)


def address(clinic: Clinic, view: str, **arguments: Any) -> str:
    """The address of a clinic's view, by its URL name."""
    return reverse(view, kwargs={"slug": clinic.slug, **arguments})
