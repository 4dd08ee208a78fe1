"""The one place where a table leaves as CSV. A cell of it never starts a formula in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Amount(str):
    """An amount of ours as plain digits, which may be negative: a number to calculate with, not a text."""

    __slots__ = ()


def safe(cell: Any) -> str:
    """The cell as text that a spreadsheet shows and doesn't run: an apostrophe stands before what would start one."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    text = "" if cell is None else str(cell).replace("\0", "")
    if isinstance(cell, int | Amount):
        return text
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(_STARTS) or text.startswith(_STARTS) else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The table with every cell quoted, so that no cell can end early and begin another."""
    return _written([header]) + _written(rows)


def csv_chunks(header: Sequence[str], chunks: Iterable[Iterable[Sequence[Any]]]) -> Iterator[bytes]:
    """The same in pieces: the head, then the rows of each chunk."""
    yield ("\ufeff" + _written([header])).encode()
    for rows in chunks:
        yield _written(rows).encode()


def _written(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """The table as a download; `name` is ours, never what somebody typed."""
    response = HttpResponse("\ufeff" + csv_text(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
