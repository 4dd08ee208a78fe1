"""The bar of filters over a list: one line, chips for what is set, everything in the address."""

from collections import OrderedDict
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import django_filters
from django import forms
from django.db.models import QuerySet
from django.forms import BoundField
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_filters.fields import DateRangeField
from django_filters.widgets import DateRangeWidget

from clinicpay.ui.days import bound_days
from clinicpay.ui.links import with_query, without_value
from clinicpay.ui.paging import CURSORS

SEARCH = "q"


class Menu(forms.Select):
    """A select without groups, drawn in one go: Django draws each option by a template of its own."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The select with its options."""
        chosen = str(value or "")
        options = ((key, SafeString(" selected") if str(key) == chosen else "", label) for key, label in self.choices)
        attributes = flatatt(self.build_attrs(self.attrs, {"name": name, **(attrs or {})}))
        return format_html(
            "<select{}>{}</select>",
            attributes,
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )


class DateSpan(DateRangeWidget):
    """Two days, of which either may be left out."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Two inputs of the browser's own kind."""
        given = value if isinstance(value, list) else self.decompress(value)
        ends = zip(self.suffixes, self.widgets, given or ("", ""), strict=True)
        rows = (
            (name, end, (attrs or {}).get("id", f"id_{name}"), end, part.attrs.get("aria-label", ""), _day(day))
            for end, part, day in ends
        )
        one = '<input type="date" class="form-control" name="{}_{}" id="{}_{}" aria-label="{}" value="{}">'
        return format_html_join(SafeString('<span class="desk-dash">–</span>'), one, rows)


def _day(value: Any) -> str:
    return value.strftime("%Y-%m-%d") if hasattr(value, "strftime") else str(value or "")


class CheckMenu(forms.CheckboxSelectMultiple):
    """Several choices behind a button that says what they are about."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """A fold of check boxes."""
        label, chosen = self.attrs.get("aria-label", ""), {str(one) for one in value or ()}
        boxes = (
            (name, key, SafeString(" checked") if str(key) in chosen else "", words) for key, words in self.choices
        )
        return format_html(
            '<details class="filter-more check-menu"><summary class="btn">{}</summary>'
            '<div class="filter-panel" role="group" aria-label="{}">{}</div></details>',
            label,
            label,
            format_html_join(
                "",
                '<label class="form-check"><input class="form-check-input" type="checkbox" name="{}" value="{}"{}>'
                '<span class="form-check-label">{}</span></label>',
                boxes,
            ),
        )


@dataclass(frozen=True)
class Chip:
    """An active filter and the address without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True)
class Hiding:
    """A filter that hides rows, how many of all, and the address without it."""

    label: str
    value: str
    hidden: int
    total: int
    url: str


class DaysInOrder(forms.Form):
    """What a filter reads from the address: two days that cross narrow nothing down, and it says so."""

    def clean(self) -> dict[str, Any]:
        """Drop each span of days whose first is after its last."""
        cleaned = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            span = cleaned.get(name)
            if isinstance(field, DateRangeField) and span and span.start and span.stop and span.start > span.stop:
                self.add_error(name, CROSSED)
        return cleaned


CROSSED = "The first day is after the last one, so days were not filtered. Change one of them."


class _Filters(OrderedDict[str, django_filters.Filter]):
    """The filters of a list, of which each page has its own: copied one deep, since what they hold never changes."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> dict[str, django_filters.Filter]:
        own = {name: copy(one) for name, one in self.items()}
        for one in own.values():
            one.method = one.method  # else it would be called on the filter that was copied
        return own


class ListFilter(django_filters.FilterSet):
    """A FilterSet that templates/ui/filterbar.html can draw.

    A filter named `q` is the search field. Filters named in `more` wait behind "More".
    A wrong value in the address is ignored with a word above the rows, never an error page.
    """

    more: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    """What its page reads of the address beside the filters, such as which of several lists is shown."""
    varies: tuple[tuple[str, str], ...] | None = None
    """Choices that differ from clinic to clinic; with None the fields are drawn anew for each page."""
    _form_class: ClassVar[type[forms.Form]]

    @classmethod
    def of(cls, request: HttpRequest, queryset: QuerySet, **options: Any) -> Self:
        """The filters as the address sets them."""
        return cls(request.GET, queryset=queryset, request=request, **options)

    @classmethod
    def get_filters(cls) -> _Filters:
        """As they are declared."""
        return _Filters(super().get_filters())

    def get_form_class(self) -> type[forms.Form]:
        """Made once for each kind of filter: a form copies its fields, and takes choices anew."""
        if "_form_class" not in vars(type(self)):
            form_class: Any = type("FilterForm", (DaysInOrder, super().get_form_class()), {})
            for name, field in form_class.base_fields.items():
                bound_days(field)
                _style(field.widget, str(field.label or name))
            type(self)._form_class = form_class
        return type(self)._form_class

    @classmethod
    def blank(cls, varies: tuple[tuple[str, str], ...]) -> Self:
        """The filters with these choices and nothing set."""
        made = cls({}, queryset=cls._meta.model._default_manager.none())
        made.varies = varies
        return made

    @cached_property
    def asks(self) -> bool:
        """Whether the address has a word for any of the filters."""
        return any(value for name in self.filters for key in _keys(name) for value in self._given(key))

    @property
    def qs(self) -> QuerySet:
        """The rows, narrowed down; where nothing is asked no form is needed to know that."""
        return super().qs if self.asks else self.unasked(self.queryset.all())

    def unasked(self, rows: QuerySet) -> QuerySet:
        """What is listed while nothing is asked: all, unless a list says otherwise."""
        return rows

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
        return [chip for name in self.filters for chip in self._chips_of(name)] if self.asks else []

    def _chips_of(self, name: str) -> list[Chip]:
        field = self.form[name]
        label = str(field.label)
        chips: list[Chip] = []
        if field.errors:  # it narrows nothing down, and neither the page nor its print may say so
            return chips
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
    def refused(self) -> list[str]:
        """What of the address could not be read, in words: it narrows nothing down."""
        if not self.asks:
            return []
        return [f"{self.form[name].label}: {words}" for name in self.filters for words in self.form[name].errors]

    @property
    def hiding(self) -> list[Hiding]:
        """For an empty list: how many rows each filter hides, where a list can say so."""
        return []

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips)

    @property
    def is_known(self) -> bool:
        """Whether the address says anything that this list reads, apart from its order: words of others are nothing."""
        return self.is_filtered or any(value for name in self.beside for value in self._given(name))

    @property
    def clear_url(self) -> str:
        """The list without any filter, in the same order."""
        gone = {key: None for name in self.filters for key in _keys(name)}
        return with_query(self._first_page(), **gone)


def _keys(name: str) -> list[str]:
    """The names under which a filter reads the address: its own, or the two ends of a range."""
    return [f"{name}{suffix}" for suffix in ("", "_min", "_max", "_after", "_before")]


def _style(widget: forms.Widget, label: str) -> None:
    if isinstance(widget, CheckMenu):
        widget.attrs.setdefault("aria-label", label)
        return
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
