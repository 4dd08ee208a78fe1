"""Walking a list by keyset, over a stand-in for a query set that keeps its rows in memory."""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.http import QueryDict

from clinicpay.ui import paging
from clinicpay.ui.paging import CappedPaginator, NotKeyable, SortKey, cut, make_cursor, read_cursor, sort_keys


class Rows:
    """What paging asks of a query set: filter by Q, reverse, slice, count; it notes every limit."""

    query = SimpleNamespace(select_related=False)

    def __init__(self, rows, keys, limits=None):
        self.rows, self.keys, self.limits = rows, keys, limits if limits is not None else []

    def filter(self, condition):
        return Rows([row for row in self.rows if holds(condition, row)], self.keys, self.limits)

    def reverse(self):
        return Rows(self.rows[::-1], self.keys, self.limits)

    def order_by(self):
        return self

    def __getitem__(self, part):
        self.limits.append(part.stop)
        return Rows(self.rows[part], self.keys, self.limits)

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)

    def count(self):
        return len(self.rows)


def holds(condition, row):
    if not isinstance(condition, Q):
        path, _, lookup = condition[0].partition("__")
        mine, other = row[path], condition[1]
        return {
            "": mine == other,
            "lt": mine < other,
            "lte": mine <= other,
            "gt": mine > other,
            "gte": mine >= other,
        }[lookup]
    results = [holds(child, row) for child in condition.children]
    found = all(results) if condition.connector == Q.AND else any(results)
    return not found if condition.negated else found


@pytest.fixture
def ordered(monkeypatch):
    """1,234 rows, newest first, many at the very same microsecond."""
    expire, key = Session._meta.get_field("expire_date"), Session._meta.pk
    keys = [SortKey("at", True, expire), SortKey("id", True, key)]
    monkeypatch.setattr(paging, "QuerySet", Rows)
    monkeypatch.setattr(paging, "sort_keys", lambda rows, _never_null: rows.keys)
    began, chance = datetime(2026, 11, 21, tzinfo=UTC), random.Random(7)
    rows = [{"id": f"{i:04}", "at": began + timedelta(microseconds=chance.randrange(300))} for i in range(1234)]
    return Rows(sorted(rows, key=lambda row: (row["at"], row["id"]), reverse=True), keys)


def page(ordered, address, size=50):
    return cut(CappedPaginator(ordered, size), QueryDict(address.lstrip("?")))


def link(shown, label):
    return next(found.url for found in shown.links if found.label == label)


def test_walk_forwards_shows_every_row_once_in_order(ordered):
    seen, address, standings = [], "?status=paid", []

    while address:
        shown = page(ordered, address)
        seen += shown.rows
        standings.append((shown.start, shown.end))
        address = link(shown, "Next page")

    assert seen == ordered.rows
    assert standings[:2] == [(1, 50), (51, 100)]
    assert standings[-1] == (1201, 1234)


def test_walk_backwards_from_the_last_page_shows_every_row_once(ordered):
    shown = page(ordered, link(page(ordered, "?status=paid"), "Last page"))
    seen = shown.rows

    while link(shown, "Previous page"):
        shown = page(ordered, link(shown, "Previous page"))
        seen = shown.rows + seen

    assert seen == ordered.rows
    assert shown.start == 0


def test_step_forward_and_back_is_the_same_page(ordered):
    second = page(ordered, link(page(ordered, ""), "Next page"))
    third = page(ordered, link(second, "Next page"))

    back = page(ordered, link(third, "Previous page"))

    assert (back.rows, back.start) == (second.rows, 51)
    assert link(second, "Previous page") == "?"


def test_addresses_keep_the_filters(ordered):
    shown = page(ordered, "?status=paid&per=50")

    assert all(found.url.startswith("?status=paid&per=50") for found in shown.links if found.url)


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "bnVsbA", "%00", "a" * 5000])
def test_made_up_cursor_gives_the_first_page(ordered, cursor):
    for name in ("after", "before"):
        assert page(ordered, f"?{name}={cursor}&at=9").rows == ordered.rows[:50]


def test_count_never_looks_past_the_cap(ordered):
    paginator = CappedPaginator(ordered, 50)

    assert (paginator.count, paginator.is_capped, paginator.count_label) == (1000, True, "1,000+")
    assert ordered.limits == [1001]


def test_deep_page_reads_no_more_than_its_rows(ordered):
    shown = page(ordered, "?before=")
    ordered.limits.clear()

    page(ordered, link(shown, "Previous page"))

    assert ordered.limits == [1001, 51]


def test_short_list_has_numbered_pages():
    shown = cut(CappedPaginator(list(range(420)), 15), QueryDict("page=3&sort=-amount"))

    assert shown.rows == list(range(30, 45))
    assert (shown.start, shown.end) == (31, 45)
    assert [found.label for found in shown.links] == [
        "Previous page",
        "1",
        "2",
        "3",
        "4",
        "…",
        "28",
        "Next page",
    ]
    assert [found.label for found in shown.links if found.current] == ["3"]
    assert link(shown, "4") == "?page=4&sort=-amount"


@pytest.mark.parametrize("asked", ["0", "-1", "99", "x", "", "1e3", "9" * 40])
def test_wrong_page_number_gives_the_first(asked):
    assert cut(CappedPaginator(list(range(40)), 15), QueryDict(f"page={asked}")).start == 1


def test_single_and_empty_page_need_no_links():
    assert cut(CappedPaginator([1, 2], 15), QueryDict()).links == []
    assert cut(CappedPaginator([], 15), QueryDict()).rows == []


def test_exact_count_of_what_was_read():
    assert CappedPaginator(list(range(1000)), 15).count_label == "1,000"
    assert CappedPaginator(list(range(1001)), 15).count_label == "1,001"  # a list was read to its end already


def test_sort_keys_of_a_query_set():
    keys = sort_keys(Session.objects.order_by("-expire_date", "pk"))

    assert [(key.path, key.descending) for key in keys] == [("expire_date", True), ("pk", False)]


@pytest.mark.parametrize("order", ["?", "nothing", "expire_date__year"])
def test_order_that_no_row_can_continue_is_not_keyable(order):
    rows = Session.objects.all()
    rows.query.order_by = (order,)

    with pytest.raises(NotKeyable):
        sort_keys(rows)


def test_cursor_keeps_microseconds_and_reads_any_kind_of_row():
    keys = sort_keys(Session.objects.order_by("expire_date", "session_key"))
    at = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)

    for row in (Session(session_key="k", expire_date=at), {"session_key": "k", "expire_date": at}):
        assert read_cursor(keys, make_cursor(keys, row)) == [at, "k"]
    with pytest.raises(NotKeyable):
        make_cursor(keys, {"session_key": "k"})
