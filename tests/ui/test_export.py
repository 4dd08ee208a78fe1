"""No cell of an export starts a formula, whatever somebody has typed (E6)."""

import csv
import io
import random

import pytest

from clinicpay.ui.export import Amount, csv_response, csv_text, safe

INJECTIONS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x.example","y")', "\t=1+1", "\r=1+1",
    "\n=1+1", "  =1+1", "\u00a0=1+1", "\ufeff=1+1", "＝1+1", "＋1", "－1", "＠A1", '";=1+1;"', "a\n=1+1", "%0A=1+1",
]  # fmt: skip
FORMULA = "=+-@＝＋－＠"


def _starts_formula(cell: str) -> bool:
    first = cell.strip(" \t\r\n\u00a0\ufeff")[:1]
    return first != "" and first in FORMULA


def _cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("cell", INJECTIONS)
def test_injection_stays_a_text_of_one_cell(cell):
    header, row = _cells(csv_text([cell, "Amount"], [[cell, Amount("-12.50")]]))

    assert (len(header), len(row)) == (2, 2)
    assert not any(map(_starts_formula, [*header, row[0]]))
    assert row[1] == "-12.50"


def test_random_cells_start_none():
    chance = random.Random(6)
    letters = FORMULA + " \t\r\n\"';,|!ab1\u00a0\ufeff\0"
    rows = [["".join(chance.choices(letters, k=chance.randrange(8))) for _ in range(5)] for _ in range(2000)]

    read = _cells(csv_text(["a"] * 5, rows))

    assert [len(row) for row in read] == [5] * 2001
    assert [cell for row in read for cell in row if _starts_formula(cell)] == []


def test_control_sees_what_is_not_made_safe():
    assert all(_starts_formula(cell) for cell in INJECTIONS[:12])


def test_plain_words_and_numbers_stay():
    assert [safe(cell) for cell in ("O’Brien", 12, -12, None, "a=b", "PAY-001")] == [
        "O’Brien", "12", "-12", "", "a=b", "PAY-001",
    ]  # fmt: skip


def test_download_is_named_and_marked():
    answer = csv_response("payments.csv", ["Name"], [["=1"]])
    assert answer["Content-Disposition"] == 'attachment; filename="payments.csv"'
    assert answer.content.decode("utf-8-sig").splitlines() == ['"Name"', '"\'=1"']
