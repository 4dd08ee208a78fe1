"""A filter between two amounts: typed, or drawn by two handles over what there is (static/spans.js)."""

from math import ceil
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_filters.fields import RangeField
from django_filters.widgets import RangeWidget

from clinicpay import money
from clinicpay.ui.charts import nice_ceiling

STEPS = 100
"""Stops of a handle, about."""


class AmountSpan(RangeWidget):
    """Two amounts behind a button, of which either may be left out; `most` (minor units) is where the handles end."""

    label = ""
    currency = ""
    most = 0

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """A fold: the handles, for whom a script moves the two fields, and the fields themselves."""
        given = value if isinstance(value, list) else self.decompress(value)
        label = self.label
        low, high = (
            format_html("<input{}>", flatatt(self._field(name, end, one, label)))
            for end, one in zip(("min", "max"), given or ("", ""), strict=True)
        )
        return format_html(
            '<details class="filter-more span-fold"><summary class="btn">{}</summary>'
            '<div class="filter-panel" role="group" aria-label="{}"{}>{}<div class="span-ends">{}<span>–</span>{}</div>'
            "</div></details>",
            *(label, label, flatatt({"data-span": True}), self._handles(label), low, high),
        )

    def _field(self, name: str, end: str, value: Any, label: str) -> dict[str, Any]:
        words = "from" if end == "min" else "to"
        return {
            "class": "form-control",
            "name": f"{name}_{end}",
            "id": f"id_{name}_{end}",
            "inputmode": "decimal",
            "autocomplete": "off",
            "aria-label": f"{label} {words}",
            "placeholder": words.title(),
            "value": "" if value is None else str(value),
            f"data-span-{end}": True,
        }

    def _handles(self, label: str) -> SafeString:
        unit = 10 ** money.digits(self.currency) if self.currency else 1
        step = nice_ceiling(max(ceil(self.most / unit), 1) / STEPS)
        step = step if step < 1 else ceil(step)
        top = ceil(max(self.most, 1) / unit / step) * step
        one = flatatt({"type": "range", "min": 0, "max": _plain(top), "step": _plain(step), "data-symbol": self._sign})
        return format_html(
            '<div class="span-handles js-only"><input{} value="0" data-handle="min" aria-label="{} from, handle">'
            '<input{} value="{}" data-handle="max" aria-label="{} to, handle"></div>',
            *(one, label, one, _plain(top), label),
        )

    @property
    def _sign(self) -> str:
        return money.symbol(self.currency) if self.currency else ""


def _plain(number: float) -> str:
    return f"{number:f}".rstrip("0").rstrip(".")


class AmountEnd(forms.CharField):
    """One end: an amount as people type it, zero too; None where it is left out."""

    currency = ""

    def clean(self, value: Any) -> Any:
        """Minor units."""
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return money.parse_zero_ok(text, self.currency)
        except money.AmountError as error:
            raise ValidationError(str(error), code="amount") from error


class AmountSpanField(RangeField):
    """A slice of minor units, of which either end may be None."""

    widget = AmountSpan

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, fields=(AmountEnd(required=False), AmountEnd(required=False)), **options)

    def compress(self, data_list: list[Any]) -> slice | None:
        """The slice; its ends may not cross."""
        span: slice | None = super().compress(data_list)
        if span and None not in (span.start, span.stop) and span.start > span.stop:
            raise ValidationError("The first amount is above the second.", code="crossed")
        return span

    def reach(self, currency: str, most: int) -> None:
        """The clinic's currency, and the largest amount that there is (minor units)."""
        for end in self.fields:
            end.currency = currency
        self.widget.label, self.widget.currency, self.widget.most = str(self.label), currency, most


class AmountSpanFilter(django_filters.RangeFilter):
    """Rows between two amounts, both included."""

    field_class = AmountSpanField
