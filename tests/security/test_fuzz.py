"""Whatever is asked, no address breaks (E14). FUZZ=20000 asks more often than the suite does."""

import os
import random
import re

import pytest

from tests.access.samples import IN_CLINIC, path_of
from tests.worlds import World

pytestmark = pytest.mark.django_db

REQUESTS = int(os.environ.get("FUZZ", "600"))
SEED = int(os.environ.get("FUZZ_SEED", "14"))
PLACES = [one for one in IN_CLINIC if "pdf" not in one.name and "zip" not in one.route]

VALUES = [
    "", " ", "0", "-1", "1", "1e400", "NaN", "9" * 30, str(2**63), "0.005", "12,50", "１２", "true", "None", "[]", "{}",
    "2026-02-30", "0000-00-00", "9999-12-31", "-0001-01-01", "2026-11-20T25:61", "PAY-001", "TE-9999999999999999999",
    "' or 1=1 --", "%", "%%s", "\\", "\0", "a\0b", "\r\nX: y", "<script>alert(1)</script>", "{{ 7*7 }}",
    "\u202e", "\ufeff", "😀" * 50, "\ud7ff\uffff", "é" * 300, "x" * 10_000, "-created", "--", "?", "all", "card",
]  # fmt: skip
BIG = "x" * 1_000_000
PARAMETERS = (
    "q",
    "page",
    "per_page",
    "sort",
    "order",
    "after",
    "before",
    "status",
    "from",
    "to",
    "due",
    "patient",
    "tab",
)
_NAME = re.compile(rb'<(?:input|select|textarea)[^>]* name="([^"]+)"')


def _fields(page: bytes) -> list[str]:
    return sorted({name.decode() for name in _NAME.findall(page)} - {"csrfmiddlewaretoken"})


def _data(chance: random.Random, names: list[str]) -> dict[str, str | list[str]]:
    """Some of the fields, each with something it doesn't expect, some of them twice, seldom a megabyte."""
    data: dict[str, str | list[str]] = {}
    for name in chance.sample(names, k=min(len(names), chance.randrange(1, 6))):
        value = BIG if chance.random() < 0.002 else chance.choice(VALUES)
        data[name + chance.choice(["", "", "", "[]", "-0"])] = [value, chance.choice(VALUES)]
        data[name] = value
    return data


def test_no_request_breaks_an_address(worlds: tuple[World, World]):
    north, _ = worlds
    chance, browser = random.Random(SEED), north.browser("olga")
    paths = {one.name: path_of(one, north) for one in PLACES}
    fields = {name: _fields(browser.get(path).getvalue()) for name, path in paths.items()}
    broken = []
    for number in range(REQUESTS):
        name = chance.choice(sorted(paths))
        names = sorted({*fields[name], *PARAMETERS})
        ask = chance.choice([browser.get, browser.get, browser.post])
        data = _data(chance, names)
        if ask == browser.get:
            data = {key: value if value != BIG else "x" * 5000 for key, value in data.items()}
        headers = {"HX-Request": "true"} if chance.random() < 0.3 else {}
        status = ask(paths[name], data, headers=headers).status_code
        if status >= 500:
            broken.append((number, name, ask.__name__, str(data)[:300]))

    assert broken == []
