"""Browser tests wait for a state: none looks once, waits for a time, has a patience of its own, or hurries a page."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DRIVES = re.compile(r"playwright|mark\.browser|chromium\.")
WRITTEN = [path for path in sorted(TESTS.rglob("*.py")) if path != Path(__file__) and DRIVES.search(path.read_text())]

LOOKS = "is_visible|is_hidden|is_checked|is_enabled|inner_text|input_value|get_attribute"
LOOKS_ONCE = re.compile(rf"^\s*assert .*(\.({LOOKS})|get_by_\w+\(.*\)\.count|locator\(.*\)\.count)\(")
OF_ITS_OWN = re.compile(r"wait_for_timeout|networkidle|set_default_timeout|new_context\(")
HALF_COME = re.compile(
    r"wait_until|no_wait_after|\.new_page\(|new_cdp_session|history\.(back|forward|go)\b|__class__ = "
)
"""Speaks to a page that has not come yet, or makes one that does not wait."""

BEGINS = {"click", "dblclick", "press", "check", "uncheck", "select_option"}
LEAVES = {"goto", "reload", "go_back", "go_forward"}


def leaves_at_once(text: str) -> list[int]:
    """The lines of a page that is left in the next breath after something was pressed: what that began is cut off."""
    blocks = [one for node in ast.walk(ast.parse(text)) if isinstance(one := getattr(node, "body", None), list)]
    pairs = [pair for block in blocks for pair in pairwise(block)]
    return [then.lineno for first, then in pairs if _called(first) in BEGINS and _called(then) in LEAVES]


def _called(line: ast.stmt) -> str:
    """The last method of a line that is nothing but a call."""
    call = getattr(line, "value", None)
    return call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(TESTS)))
def test_states_are_waited_for(path):
    """`assert field.input_value() == …` is true of a machine that is quick enough; `expect(field)` of every one."""
    looks = [line for line in path.read_text().splitlines() if LOOKS_ONCE.search(line)]

    assert not looks, "use expect(…): it waits"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(TESTS)))
def test_patience_is_in_one_place(path):
    if path.name == "browsing.py":
        return
    assert not OF_ITS_OWN.findall(path.read_text()), "use tests/browsing.py"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_page_is_spoken_to_before_it_has_come(path):
    """`wait_until="commit"` and then Back: a quick browser is still about to exchange the page's frame."""
    if path.name == "browsing.py":
        return
    assert not HALF_COME.findall(path.read_text()), "a page of tests/browsing.py waits until it has loaded"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_page_is_left_while_it_acts(path):
    assert leaves_at_once(path.read_text()) == [], "wait for what was pressed to be seen before you leave the page"


def test_the_rule_finds_what_it_is_for():
    assert LOOKS_ONCE.search('    assert page.get_by_text("Paid").is_visible()')
    assert LOOKS_ONCE.search('    assert not page.get_by_role("link", name="Slip").count()')
    assert OF_ITS_OWN.search("page.wait_for_timeout(200)")
    assert HALF_COME.search('page.wait_for_url("**/payments/", wait_until="commit")')
    assert HALF_COME.search("page = context.new_page()")
    assert leaves_at_once('def walk(page):\n    page.get_by_text("Save").click()\n    page.goto("/")') == [3]
    assert (
        leaves_at_once('page.get_by_text("Save").click()\npage.get_by_text("Saved").wait_for()\npage.goto("/")') == []
    )
    assert len(WRITTEN) > 15
