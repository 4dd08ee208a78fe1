"""Which days a person can mean: a typed year such as 9999 is a slip, and the moments around it can't be computed."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

FIRST, LAST = date(1880, 1, 1), date(2199, 12, 31)
"""Nobody alive was born before, and nothing of ours happens after."""


def within_reach(day: date) -> None:
    """Raises ValidationError for a day that nobody means."""
    if not FIRST <= day <= LAST:
        raise ValidationError(f"Enter a day from {FIRST.year} to {LAST.year}.", code="reach")


class DayField(forms.DateField):
    """A day that somebody can mean, for forms that say nothing of their own about days far away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        bound_days(self)


def bound_days(field: forms.Field) -> None:
    """Let a field of a day, or of two days, accept days that somebody can mean."""
    for one in (field, *getattr(field, "fields", ())):
        if isinstance(one, forms.DateField) and within_reach not in one.validators:
            one.validators.append(within_reach)
