"""Pages of a long list that never count it to the end nor skip over thousands of rows.

Up to CAP rows a list has numbered pages. Past that it says "1,000+" and moves by keyset:
the address carries the sort values of the row where the next page begins, so the last page
costs what the first does.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import InvalidPage, Paginator
from django.db.models import Field, IntegerField, Q, QuerySet, Subquery
from django.http import QueryDict

from clinicpay.ui.links import with_query

CAP = 1000
SIZES = (15, 50, 100)
CURSORS = ("page", "after", "before", "at")


Shape = Callable[[Sequence[Any]], list[dict[str, Any]]]
"""What a list shows of the rows of a page: reads them by their keys, in any order, each with its key as `pk`."""


@dataclass(frozen=True)
class Shortcut:
    """Other ways to the rows of a list, for a narrowing that very many rows pass.

    `walked` are the same rows, asked one by one while an order is walked; `sample` some of them that are quick to
    count. Where the rows stand together in the order (`but_by` its first key), a walk might meet none for long.
    """

    walked: QuerySet
    sample: QuerySet
    but_by: frozenset[str] = frozenset()

    def along(self, rows: QuerySet) -> "Shortcut | None":
        """The same in the order of `rows`; None where that order is not to be walked."""
        order = rows.query.order_by
        if not order or str(order[0]).lstrip("-") in self.but_by:
            return None
        return Shortcut(self.walked.order_by(*order), self.sample, self.but_by)


class HowMany(Subquery):
    """How many rows a query has, beside each row of another."""

    template = "(SELECT count(*) FROM (%(subquery)s) _counted)"
    output_field = IntegerField()


class CappedPaginator(Paginator):
    """Counts with LIMIT cap + 1: `count` is exact up to the cap, and the cap beyond it."""

    shape: Shape | None = None
    never_null: frozenset[str] = frozenset()
    looked_at: tuple[int, list[Any]] | None = None
    shortcut: Shortcut | None = None

    def look_at(self, start: int) -> None:
        """Count, and find the keys of the page that begins at `start` and of one row more, in the same query.

        Where a sample has more rows than are counted, there are as many; where it hasn't, there is no shortcut.
        """
        short = self.shortcut
        rows: Any = short.walked if short else self.object_list
        counted: Any = short.sample if short else rows
        how_many = HowMany(counted.order_by()[: self.cap + 1].values("pk"))
        found = list(rows.values_list("pk", how_many)[start : start + self.per_page + 1])
        if short and not (found and found[0][1] > self.cap):
            self.shortcut = None
            self.look_at(start)
        elif found:
            self.counted, self.looked_at = found[0][1], (start, [key for key, _ in found])

    @property
    def walked(self) -> Any:
        """The rows, as they are met fastest in their order."""
        return self.shortcut.walked if self.shortcut else self.object_list

    def rows_of(self, page: Any, start: int, stop: int) -> list[Any]:
        """The rows of `page`, which stand from `start` to `stop` in the list."""
        if self.shape and self.looked_at and self.looked_at[0] == start:
            return shaped(self.looked_at[1][: stop - start], self.shape)
        return drawn(page, self.shape)

    @cached_property
    def counted(self) -> int:
        if self.shortcut:
            some: int = self.shortcut.sample.order_by()[: self.cap + 1].count()
            if some > self.cap:
                return some
            self.shortcut = None
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: self.cap + 1].count()
        return len(rows)

    @property
    def cap(self) -> int:
        """How far rows are counted: to the end of a page that is longer than others, as a printout is."""
        return max(CAP, self.per_page)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than were counted; a list that is read already has its length."""
        return self.counted > self.cap and isinstance(self.object_list, QuerySet)

    @cached_property
    def count(self) -> int:
        return self.cap if self.is_capped else self.counted

    @property
    def count_label(self) -> str:
        """ "420", or "1,000+" when there are more than were counted."""
        return f"{self.count:,}{'+' if self.is_capped else ''}"


@dataclass(frozen=True)
class PageLink:
    """A link of the footer; without an address it is the present page or cannot be used."""

    label: str
    url: str = ""
    current: bool = False
    icon: str = ""


@dataclass(frozen=True)
class Slice:
    """One page: its rows, where they stand (0 when unknown) and the links to the others."""

    rows: list[Any]
    start: int
    links: list[PageLink]

    @property
    def end(self) -> int:
        return self.start + len(self.rows) - 1 if self.start else 0


@dataclass(frozen=True)
class SortKey:
    """A column of the order, readable from rows that are models, dicts or named tuples."""

    path: str
    descending: bool
    field: Field

    def read(self, row: Any) -> Any:
        if isinstance(row, dict):
            return row[self.path]
        for part in self.path.split("__"):
            row = getattr(row, part)
        return row


class NotKeyable(Exception):
    """This order cannot be continued from a row, so the list keeps numbered pages."""


def sort_keys(rows: QuerySet, never_null: frozenset[str] = frozenset()) -> list[SortKey]:
    """The order of `rows` as keys; raises NotKeyable for expressions and nullable columns.

    `never_null` are columns that may be null in their table, and are not in any of these rows.
    """
    keys = []
    for name in rows.query.order_by:
        if not isinstance(name, str) or name == "?":
            raise NotKeyable
        path = name.lstrip("-")
        keys.append(SortKey(path, name.startswith("-"), _field(rows.model, path, path in never_null)))
    return keys


def _field(model: Any, path: str, is_filled: bool) -> Field:
    found = None
    try:
        for part in path.split("__"):
            found = model._meta.pk if part == "pk" else model._meta.get_field(part)
            model = found.related_model
    except (FieldDoesNotExist, AttributeError) as error:
        raise NotKeyable from error
    if found is None or (found.null and not is_filled) or not found.concrete:
        raise NotKeyable
    return found


def make_cursor(keys: list[SortKey], row: Any) -> str:
    """The sort values of a row as one word for the address; NotKeyable if the row lacks one."""
    try:
        values = json.dumps([key.read(row) for key in keys], default=_exactly, separators=(",", ":"))
    except (KeyError, AttributeError) as error:
        raise NotKeyable from error
    return base64.urlsafe_b64encode(values.encode()).decode().rstrip("=")


def _exactly(value: Any) -> str:
    """Dates and times to the microsecond: a rounded one would repeat or skip rows."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def read_cursor(keys: list[SortKey], text: str) -> list[Any]:
    """The values in a cursor, as its fields read them; raises ValueError for a made-up one."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(keys) or None in values:
            raise ValueError("wrong number of values")
        return [key.field.to_python(value) for key, value in zip(keys, values, strict=True)]
    except (binascii.Error, UnicodeError, ValidationError, TypeError, OverflowError) as error:
        raise ValueError("not a cursor") from error


def beyond(keys: list[SortKey], values: list[Any]) -> Q:
    """Rows that come after these values in the order.

    The bound on the first key repeats what the alternatives imply, because only a plain
    condition lets the index begin at the right place.
    """
    first = keys[0]
    bound = Q((f"{first.path}__{'lte' if first.descending else 'gte'}", values[0]))
    alternatives, same = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        alternatives |= same & Q((f"{key.path}__{'lt' if key.descending else 'gt'}", value))
        same &= Q((key.path, value))
    return bound & alternatives


def cut(paginator: CappedPaginator, params: QueryDict, prefix: str = "") -> Slice:
    """The page that the address asks for; a wrong address gives the first page."""
    rows = paginator.object_list
    if paginator.shape and isinstance(rows, QuerySet) and not {f"{prefix}after", f"{prefix}before"} & params.keys():
        paginator.look_at(_start(params.get(f"{prefix}page", ""), paginator.per_page))
    if paginator.is_capped and isinstance(rows, QuerySet):
        try:
            walk = _Walk(paginator, params, prefix)
            return Slice(walk.rows, walk.start, walk.links())
        except NotKeyable:
            pass
    return _by_number(paginator, params, prefix)


def _start(number: str, size: int) -> int:
    """Where a numbered page begins; an impossible number means the first."""
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 1
    return (max(page, 1) - 1) * size


def shaped(keys: Sequence[Any], shape: Shape) -> list[Any]:
    """What a list shows of these rows, in the order of the keys."""
    rows = {row["pk"]: row for row in shape(keys)} if keys else {}
    return [rows[key] for key in keys]


def drawn(page: Any, shape: Shape | None = None) -> list[Any]:
    """The rows of a page: found by their keys first, and only then joined with what is shown beside them.

    In one step the planner takes each join for a filter, since every table names the clinic. It then expects few
    rows, reads and joins all of the clinic, and sorts (measured: 620 ms at 20,000 rows instead of 1).
    """
    if not isinstance(page, QuerySet) or not (page.query.select_related or shape) or page.query.combinator:
        return list(page)
    if shape:
        return shaped(list(page.values_list("pk", flat=True)), shape)
    whole = page.all()
    whole.query.clear_limits()
    return list(whole.filter(pk__in=page.values("pk")))


def _by_number(paginator: CappedPaginator, params: QueryDict, prefix: str) -> Slice:
    try:
        page = paginator.page(params.get(f"{prefix}page", 1))
    except InvalidPage:
        page = paginator.page(1)
    start = max(page.start_index() - 1, 0)
    rows = paginator.rows_of(page.object_list, start, start + paginator.per_page)
    if paginator.num_pages == 1:
        return Slice(rows, page.start_index(), [])

    def link(label: str, number: int | None, icon: str = "") -> PageLink:
        url = _move(params, prefix, page=number) if number else ""
        return PageLink(label, url, number == page.number and not icon, icon)

    previous = page.previous_page_number() if page.has_previous() else None
    following = page.next_page_number() if page.has_next() else None
    numbers = [
        link(f"{number}", number) if isinstance(number, int) else PageLink("…")
        for number in paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    links = [
        link("Previous page", previous, "chevron-left"),
        *numbers,
        link("Next page", following, "chevron-right"),
    ]
    return Slice(rows, page.start_index(), links)


class _Walk:
    """One step through an order too long to count: from a row onwards, or back from it."""

    def __init__(self, paginator: CappedPaginator, params: QueryDict, prefix: str) -> None:
        ordered: Any = paginator.walked
        self.params, self.prefix, self.size, self.paginator = params, prefix, paginator.per_page, paginator
        self.keys = sort_keys(ordered, paginator.never_null)
        self.backwards = f"{prefix}before" in params
        self.values = self._read(params.get(f"{prefix}{'before' if self.backwards else 'after'}", ""))
        self.rows, self.more = self._fetch(ordered)
        self.start = self._standing(params.get(f"{prefix}at", ""))

    def _read(self, cursor: str) -> list[Any] | None:
        try:
            return read_cursor(self.keys, cursor) if cursor else None
        except ValueError:
            self.backwards = False
            return None

    def _fetch(self, ordered: QuerySet) -> tuple[list[Any], bool]:
        """The rows of this page, and whether there are more in the direction of the walk."""
        keys = self.keys
        if self.backwards:
            ordered = ordered.reverse()
            keys = [SortKey(key.path, not key.descending, key.field) for key in keys]
        if self.values:
            ordered = ordered.filter(beyond(keys, self.values))
        start = -1 if self.values or self.backwards else 0
        rows = self.paginator.rows_of(ordered[: self.size + 1], start, start + self.size + 1)
        page = rows[: self.size]
        return (page[::-1] if self.backwards else page), len(rows) > self.size

    def _standing(self, at: str) -> int:
        """Where the page begins: the address says so, since nobody counted."""
        if self.values is None:
            return 0 if self.backwards else 1
        return int(at) if at.isascii() and at.isdigit() and len(at) < 12 else 0

    def links(self) -> list[PageLink]:
        came_from = self.values is not None
        has_next = came_from if self.backwards else self.more
        has_previous = self.more if self.backwards else came_from
        first = _move(self.params, self.prefix)
        return [
            PageLink("First page", first if has_previous else "", icon="chevrons-left"),
            PageLink("Previous page", self._previous(first) if has_previous else "", icon="chevron-left"),
            PageLink("Next page", self._next() if has_next else "", icon="chevron-right"),
            PageLink("Last page", f"{first}&{self.prefix}before=" if has_next else "", icon="chevrons-right"),
        ]

    def _previous(self, first: str) -> str:
        if not self.rows or 0 < self.start <= self.size + 1:
            return first
        at = self.start - self.size if self.start else None
        return _move(self.params, self.prefix, before=make_cursor(self.keys, self.rows[0]), at=at)

    def _next(self) -> str:
        if not self.rows:
            return ""
        at = self.start + len(self.rows) if self.start else None
        return _move(self.params, self.prefix, after=make_cursor(self.keys, self.rows[-1]), at=at)


def _move(params: QueryDict, prefix: str, **to: object) -> str:
    cursors = {f"{prefix}{name}": to.get(name) for name in CURSORS}
    return with_query(params, **cursors)
