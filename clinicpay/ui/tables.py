"""The base of every list: django-tables2 knows columns, order and paging, we draw the rows.

Its own cell rendering costs seven times a plain loop, so a table names a `row_template` that
is included once and loops over `rows` (models, dicts or named tuples, as the query gave them).
"""

from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import django_tables2
from django.db.models import QuerySet
from django.http import HttpRequest

from clinicpay.ui.links import with_query
from clinicpay.ui.paging import CURSORS, SIZES, CappedPaginator, PageLink, Shape, Shortcut, Slice, cut

WHOLE = 2_000
"""Rows of a list that is asked for whole, as for a printout."""


def asks_whole(request: HttpRequest) -> bool:
    """Whether a list is asked for as far as `WHOLE`, as for a printout."""
    return request.GET.get("rows") == "all"


class _Column(django_tables2.Column):
    """A column whose attributes nobody changes: each table copies its own, and deep copies are half of making one."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return copy(self)


def column(
    label: str, order_by: str | tuple[str, ...] | None = "", css: str = "", hidden_label: bool = False
) -> django_tables2.Column:
    """A column headed `label`.

    `order_by` names the fields to sort by (default: the column's own name, None: not sortable);
    `css` is for the header, and the row template repeats it on its cells.
    """
    attrs = {"th": {"class": css}, "hidden_label": hidden_label}
    options: dict[str, Any] = {"order_by": order_by} if order_by else {}
    return _Column(verbose_name=label, attrs=attrs, orderable=order_by is not None, **options)


@dataclass(frozen=True)
class Header:
    """A header cell as the template draws it; without an address it cannot be sorted."""

    label: str
    css: str
    url: str
    direction: str
    hidden_label: bool


@dataclass(frozen=True)
class Empty:
    """What an empty list says when no filter is set: what it is for, and the first step."""

    title: str
    text: str = ""
    action: str = ""
    url: str = ""
    icon: str = "inbox"


class ListTable(django_tables2.Table):
    """A list with sortable headers and a footer, drawn by templates/ui/table.html."""

    row_template: ClassVar[str]
    noun: ClassVar[str] = "rows"
    results_id: ClassVar[str] = "results"
    two_lines: ClassVar[bool] = False  # on a phone: the cells marked m1 m1e m2 m2e
    prints_whole: ClassVar[bool] = False  # its page's Print prints all of it, as far as WHOLE
    empty: Empty = Empty("Nothing here yet")
    never_null: ClassVar[frozenset[str]] = frozenset()  # nullable columns that all rows of this list have
    shape: Shape | None = None  # what is read of the rows of a page; the whole of them without it

    shown: Slice
    request: HttpRequest

    class Meta:
        order_by_field = "sort"
        per_page_field = "per"
        page_field = "page"

    @classmethod
    def of(cls, request: HttpRequest, rows: Any, *, shortcut: Shortcut | None = None, **options: Any) -> Self:
        """The table of `rows` in the order and at the page that the address asks for."""
        options = {"order_by_field": "sort", "per_page_field": "per", "page_field": "page"} | options
        table = cls(rows, **options)
        table.request = request
        wanted = request.GET.getlist(table.prefixed_order_by_field)
        columns = {column.name for column in table.columns}
        if any(name.lstrip("-") in columns for name in wanted):  # anything else, the table would complain of
            table.order_by = [name for name in wanted if name.lstrip("-") in columns]
        table.paginator = CappedPaginator(table.ordered(), table.size)
        table.paginator.shortcut = shortcut.along(table.paginator.object_list) if shortcut else None
        table.paginator.shape, table.paginator.never_null = table.shape, table.never_null
        table.shown = cut(table.paginator, request.GET, table.prefix or "")
        return table

    def ordered(self) -> Any:
        """The rows in order, the primary key last: equal values must not wander between pages."""
        rows = self.data.data
        if not isinstance(rows, QuerySet):
            return rows
        order = [str(name) for name in rows.query.order_by or rows.model._meta.ordering]
        if {name.lstrip("-") for name in order} & {rows.model._meta.pk.name, "pk"}:
            return rows
        downwards = bool(order) and order[0].startswith("-")
        return rows.order_by(*order, "-pk" if downwards else "pk")

    @property
    def size(self) -> int:
        """Rows per page; only the sizes offered, so that no address draws more than a printout has."""
        if self.prints_whole and asks_whole(self.request):
            return WHOLE
        asked = self.request.GET.get(self.prefixed_per_page_field, "")
        return next((size for size in SIZES if asked == str(size)), SIZES[0])

    @property
    def drawn(self) -> list[Any]:
        """The rows of this page, as the row template gets them."""
        return self.shown.rows

    @property
    def headers(self) -> list[Header]:
        return [self._header(bound) for bound in self.columns]

    def _header(self, bound: Any) -> Header:
        attrs = bound.column.attrs
        direction = url = ""
        if bound.orderable:
            alias = bound.order_by_alias
            direction = ("descending" if alias.is_descending else "ascending") if bound.is_ordered else ""
            following = alias.next if bound.is_ordered else bound.name
            url = self._address(**{self.prefixed_order_by_field: following})
        css = attrs.get("th", {}).get("class", "")
        return Header(str(bound.header), css, url, direction, bool(attrs.get("hidden_label")))

    def _address(self, **changes: object) -> str:
        """This page's address after `changes`, from the first page on, by pages unless they say otherwise."""
        prefix = self.prefix or ""
        places = {f"{prefix}{name}": None for name in CURSORS}
        return with_query(self.request.GET, **{**places, "rows": None, **changes})

    @property
    def whole(self) -> str:
        """The address of all rows, as they are printed; "" where the page has them, or where only pages print."""
        if not self.prints_whole or not self.shown.links or asks_whole(self.request):
            return ""
        return self._address(rows="all", per=None)

    @property
    def is_cut(self) -> bool:
        """Whether all rows were asked for, and are more than a printout has."""
        return self.prints_whole and asks_whole(self.request) and bool(self.shown.links)

    @property
    def sizes(self) -> list[PageLink]:
        if self.paginator.counted <= SIZES[0]:
            return []
        field = self.prefixed_per_page_field
        return [PageLink(str(size), self._address(**{field: size}), current=size == self.size) for size in SIZES]

    @property
    def sort(self) -> str:
        """The sort that the address asks for; travels with the filter form."""
        return self.request.GET.get(self.prefixed_order_by_field, "")
