"""What differs between two closed versions of a day, line by line."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from clinicpay import money
from clinicpay.close.models import DailyClose
from clinicpay.close.sheets import Sheet


class Line(NamedTuple):
    """One thing that the two versions say differently; "" where one of them doesn't have it."""

    part: str
    what: str
    older: str
    newer: str


def compared(older: DailyClose, newer: DailyClose) -> list[Line]:
    """The lines that differ, in the order of the sheet."""
    first, second = dict(_told(older)), dict(_told(newer))
    keys = [*first, *(key for key in second if key not in first)]
    order = {part: position for position, part in enumerate(PARTS)}
    lines = [Line(*key, first.get(key, ""), second.get(key, "")) for key in keys if first.get(key) != second.get(key)]
    return sorted(lines, key=lambda one: order[one.part])


PARTS = ("Tenders", "Cash", "Closed over", "Money", "Treatments", "To be seen", "Acts")

_TENDER = {
    "payments": "payments",
    "received": "received",
    "reversed": "reversed",
    "refunded": "refunded",
    "returned": "taken back",
}
_CASH = {
    "opening": "Opening float",
    "expected": "Expected",
    "counted": "Counted",
    "difference": "Difference",
    "kept": "Stays in the drawer",
    "banked": "To the bank",
}


def _told(close: DailyClose) -> Iterator[tuple[tuple[str, str], str]]:
    """Each line of a version's sheet as ((part, what), words)."""
    sheet = Sheet(close)
    yield from _of_tenders(sheet)
    yield from _of_cash(sheet)
    for one in sheet.checks:
        yield ("Closed over", one["key"].replace("-", " ")), f"{one['words']}: {one['reason']}"
    yield from _of_rows("Money", ((f"{one['move']} {one['ref']}", _amount(one, sheet)) for one in sheet.money))
    for event in sheet.events:
        left = f"{_shown(event['billed'], sheet)} billed, {_shown(event['left'], sheet)} left"
        yield ("Treatments", event["ref"]), f"{event['state']}, {left}"
    seen = (
        (f"{one['words']} {one['ref']}", f"{_shown(one['amount'] or 0, sheet)}: {one['reason']}")
        for one in sheet.notable
    )
    yield from _of_rows("To be seen", seen)
    for kind, size in sheet.acts:
        yield ("Acts", kind), str(size)


def _of_tenders(sheet: Sheet) -> Iterator[tuple[tuple[str, str], str]]:
    for tender in sheet.tenders:
        for name, words in _TENDER.items():
            value = getattr(tender, name)
            yield ("Tenders", f"{tender.label}: {words}"), str(value) if name == "payments" else _shown(value, sheet)
        yield ("Tenders", f"{tender.label}: net"), _shown(tender.expected, sheet)


def _of_cash(sheet: Sheet) -> Iterator[tuple[tuple[str, str], str]]:
    count = sheet.count or {}
    for name, words in _CASH.items():
        if name in count:
            yield ("Cash", words), _shown(count[name], sheet)
    for value, pieces in count.get("pieces", []):
        yield ("Cash", f"Pieces of {_shown(value, sheet)}"), str(pieces)
    for label, said, off in sheet.terminals:
        yield ("Cash", f"{label} terminal"), f"{_shown(said, sheet)}, difference {_shown(off, sheet)}"


def _of_rows(part: str, rows: Iterator[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], str]]:
    """Rows whose names may come twice: the second is counted."""
    seen: Counter[str] = Counter()
    for name, words in rows:
        seen[name] += 1
        yield (part, name if seen[name] == 1 else f"{name} ({seen[name]})"), words


def _amount(one: dict[str, Any], sheet: Sheet) -> str:
    return f"{_shown(one['amount'], sheet)} {one['tender'].lower()}, {one['whose']}"


def _shown(minor: int, sheet: Sheet) -> str:
    return money.show(minor, sheet.currency)
