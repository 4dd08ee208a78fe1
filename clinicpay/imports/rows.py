"""Making rows from a source many at a time, and each of them once."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from itertools import count, islice
from typing import Any, Protocol, TypeVar

from django.db import connection
from django.db.models import Max, Model, QuerySet

from clinicpay.clinics.numbers import Numbered, take

BATCH = 1000
FIRST = 50
"""Rows of the first portion, which empty tables take."""


class Sourced(Protocol):
    """A row of a source, known by its id there."""

    @property
    def ref(self) -> str:
        """The id at the source."""


R = TypeVar("R", bound=Sourced)
M = TypeVar("M", bound=Model)
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def known(model: type[M], refs: Iterable[str]) -> dict[str, M]:
    """The rows that an earlier import has made, by their ids at the source."""
    rows: dict[str, M] = {}
    for some in chunks(refs, BATCH):
        rows |= by_ref(sourced(model, some))
    return rows


def known_refs(model: type[Model], refs: Iterable[str]) -> set[str]:
    """Those ids at the source whose rows an earlier import has made."""
    found: set[str] = set()
    for some in chunks(refs, BATCH):
        found |= set(sourced(model, some).values_list("external_ref", flat=True))
    return found


def sourced(model: type[M], refs: Iterable[str]) -> QuerySet[M]:
    """Told twice that they are not empty, because only then the database uses the index of those that aren't."""
    rows: QuerySet[M] = model._default_manager.filter(external_ref__in=list(refs)).exclude(external_ref="")
    return rows


def refs(rows: Iterable[Sourced]) -> list[str]:
    """The ids at the source."""
    return [row.ref for row in rows]


def by_ref(rows: Iterable[Any]) -> dict[str, Any]:
    """Saved rows by their ids at the source."""
    return {row.external_ref: row for row in rows}


def unknown(rows: Iterable[R], there: Collection[str]) -> list[R]:
    """The rows of a source that are not there yet."""
    return [row for row in rows if row.ref not in there]


def make(model: type[M], rows: Iterable[R], build: Callable[[R], M]) -> dict[str, M]:
    """Save what `build` makes of each row, with public numbers in the rows' order."""
    made: dict[str, M] = by_ref(create(model, [build(row) for row in rows]))
    return made


def create(model: type[M], rows: list[M]) -> list[M]:
    """Save unsaved rows, with public numbers in their order if the model has them and they have none."""
    if issubclass(model, Numbered) and any(row.number is None for row in rows):  # type: ignore[attr-defined]
        for row, number in zip(rows, take(model.KIND, len(rows)), strict=True):
            row.number = number  # type: ignore[attr-defined]
    return [made for some in portions(rows, BATCH) for made in model._default_manager.bulk_create(some)]


def numbered(model: type[Numbered], keys: Collection[K]) -> dict[K, int]:
    """The next public numbers for rows that are made later, in the order of the keys."""
    return dict(zip(keys, take(model.KIND, len(keys)), strict=True)) if keys else {}


def next_lines(model: type[Model], parent: str, keys: Sequence[int]) -> dict[int, "count[int]"]:
    """Line numbers that are free on each parent row."""
    rows = model._default_manager.filter(**{f"{parent}__in": keys}).values_list(parent)
    taken = dict(rows.annotate(Max("line")))
    return {key: count(taken.get(key, 0) + 1) for key in keys}


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Rows by key, in the order in which the keys first come."""
    groups: dict[K, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def portions(rows: Iterable[T], most: int, size: Callable[[T], int] = lambda _: 1) -> Iterator[list[T]]:
    """The rows in lists that double up to about `most`, with new plans of the database for each.

    The checks of foreign keys keep the plans of their first use. Made while a table was empty, they read all of
    it for each row, and a large import would never end.
    """
    some: list[T] = []
    limit, filled = FIRST, 0
    for row in rows:
        some.append(row)
        filled += size(row)
        if filled >= limit:
            _forget_plans()
            yield some
            some, filled, limit = [], 0, min(2 * limit, most)
    if some:
        _forget_plans()
        yield some


def _forget_plans() -> None:
    with connection.cursor() as cursor:
        cursor.execute("discard plans")


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows in lists of at most `size`."""
    remaining = iter(rows)
    while some := list(islice(remaining, size)):
        yield some
