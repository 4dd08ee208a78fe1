"""The bar of filters over a list: one line, chips for what is set, everything in the address."""

from dataclasses import dataclass
from typing import Any, Self

import django_filters
from django import forms
from django.db.models import QuerySet
from django.forms import BoundField
from django.http import HttpRequest
from django_filters.widgets import DateRangeWidget

from clinicpay.ui.links import with_query, without_value
from clinicpay.ui.paging import CURSORS

SEARCH = "q"


@dataclass(frozen=True)
class Chip:
    """An active filter and the address without it."""

    label: str
    value: str
    url: str


class ListFilter(django_filters.FilterSet):
    """A FilterSet that templates/ui/filterbar.html can draw.

    A filter named `q` is the search field. Filters named in `more` wait behind "More".
    A wrong value in the address is ignored with a word under its field, never an error page.
    """

    more: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest, queryset: QuerySet, **options: Any) -> Self:
        """The filters as the address sets them."""
        return cls(request.GET, queryset=queryset, request=request, **options)

    def get_form_class(self) -> type[forms.Form]:
        form_class = super().get_form_class()
        for name, field in form_class.base_fields.items():
            _style(field.widget, str(field.label or name))
        return form_class

    @property
    def search_field(self) -> BoundField | None:
        return self.form[SEARCH] if SEARCH in self.filters else None

    @property
    def in_bar(self) -> list[BoundField]:
        return [self.form[name] for name in self.filters if name != SEARCH and name not in self.more]

    @property
    def behind_more(self) -> list[BoundField]:
        return [self.form[name] for name in self.filters if name in self.more]

    @property
    def chips(self) -> list[Chip]:
        """What is set, in the order of the fields; computed from the address, so it can be shared."""
        return [chip for name in self.filters for chip in self._chips_of(name)]

    def _chips_of(self, name: str) -> list[Chip]:
        field = self.form[name]
        label = str(field.label)
        chips = []
        for key in _keys(name):
            for value in filter(None, self._given(key)):
                url = without_value(self._first_page(), key, value)
                chips.append(Chip(_bound_label(label, key, name), _words(field, value), url))
        return chips

    def _given(self, key: str) -> list[str]:
        data: Any = self.data
        return data.getlist(key) if hasattr(data, "getlist") else [data[key]] if data.get(key) else []

    def _first_page(self) -> Any:
        params = self.request.GET.copy()
        for name in CURSORS:
            params.pop(name, None)
        return params

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips)

    @property
    def clear_url(self) -> str:
        """The list without any filter, in the same order."""
        gone = {key: None for name in self.filters for key in _keys(name)}
        return with_query(self._first_page(), **gone)


def _keys(name: str) -> list[str]:
    """The names under which a filter reads the address: its own, or the two ends of a range."""
    return [f"{name}{suffix}" for suffix in ("", "_min", "_max", "_after", "_before")]


def _style(widget: forms.Widget, label: str) -> None:
    parts = getattr(widget, "widgets", [widget])
    for part, end in zip(parts, ("from", "to"), strict=False):
        if len(parts) == 2:
            part.attrs.setdefault("aria-label", f"{label} {end}")
        selects = isinstance(part, forms.Select) and not isinstance(part, forms.RadioSelect)
        part.attrs.setdefault("class", "form-select" if selects else "form-control")
        if isinstance(part, forms.DateInput):
            part.format = "%Y-%m-%d"
        if isinstance(part, forms.DateInput) or isinstance(widget, DateRangeWidget):
            part.input_type = "date"


def _words(field: BoundField, value: str) -> str:
    """The label of a choice, or the value as typed."""
    for key, label in getattr(field.field, "choices", ()):
        if str(key) == value:
            return str(label)
    return value


def _bound_label(label: str, key: str, name: str) -> str:
    suffix = key.removeprefix(name)
    return label + {"_min": " from", "_after": " from", "_max": " to", "_before": " to"}.get(suffix, "")
