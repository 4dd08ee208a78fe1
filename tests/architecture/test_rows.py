"""Every requirement row that is built is named by a test: "S1.23", or s1_23 in a test's name."""

import re

import pytest

from tests.architecture.sources import modules

BUILT = {"S0": range(1, 37), "S1": range(1, 98), "S2": range(1, 59), "S3": range(1, 43), "S4": range(1, 34)}
"""Rows of each source document that are built as a whole."""

_NAMED = re.compile(r"\b(?:test_)?([Ss]\d)[._](\d+)(?:[–-](?:[Ss]\d[._])?(\d+))?")


def named(document: str) -> set[int]:
    """The rows of a document that tests name, singly or as a span such as S1.31–S1.38."""
    found: set[int] = set()
    for file in modules("tests"):
        for name, first, last in _NAMED.findall(file.read_text().replace("_and_", " ").replace("test_", " ")):
            if name.upper() == document:
                found |= set(range(int(first), int(last or first) + 1))
    return found


@pytest.mark.parametrize("document", sorted(BUILT))
def test_every_row_that_is_built_is_named_by_a_test(document):
    assert set(BUILT[document]) - named(document) == set()
