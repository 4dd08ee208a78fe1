"""Browser tests wait for a state: none looks once, none waits for a time, none has a patience of its own."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DRIVES = re.compile(r"playwright|mark\.browser|chromium\.")
WRITTEN = [path for path in sorted(TESTS.rglob("*.py")) if path != Path(__file__) and DRIVES.search(path.read_text())]

LOOKS = "is_visible|is_hidden|is_checked|is_enabled|inner_text|input_value|get_attribute"
LOOKS_ONCE = re.compile(rf"^\s*assert .*\.({LOOKS})\(")
OF_ITS_OWN = re.compile(r"wait_for_timeout|networkidle|set_default_timeout|new_context\(")


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


def test_the_rule_finds_what_it_is_for():
    assert LOOKS_ONCE.search('    assert page.get_by_text("Paid").is_visible()')
    assert OF_ITS_OWN.search("page.wait_for_timeout(200)")
    assert len(WRITTEN) > 15
