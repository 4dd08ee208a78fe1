"""Reading CSV files so strictly that every fault is named by file and line before anything is written."""

import codecs
import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from clinicpay import money

T = TypeVar("T")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,12}(\.\d+)?", re.ASCII)
_EARLIEST = 1900
SHOWN = 40
"""Characters of a bad cell that its fault repeats."""

LIMIT = 1000
"""Faults after which reading ends: whoever has more has one mistake many times."""

LARGEST = 100_000_000
"""Bytes of the largest file that is read."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Problem(NamedTuple):
    """One fault of one file, with its line and column where it has any."""

    file: str
    line: int
    what: str
    column: str = ""

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.file} line {self.line}{column}: {self.what}" if self.line else f"{self.file}: {self.what}"


class BadFiles(Exception):
    """The files can't be imported; every fault found is named."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = list(problems)


class BadCell(Exception):
    """What is wrong with one cell; whoever reads the sheet adds file and line."""

    def __init__(self, what: str, column: str = "") -> None:
        super().__init__(what)
        self.column = column


class Row(NamedTuple):
    """One line of a sheet; its words turn cells into values, or raise BadCell saying what is wrong."""

    line: int
    cells: Mapping[str, str]

    def text(self, column: str, limit: int = 255, *, needed: bool = True) -> str:
        """The cell without blanks around it, at most `limit` characters."""
        value = self.cells[column].strip()
        if needed and not value:
            raise BadCell("this cell is empty", column)
        if len(value) > limit:
            raise BadCell(f"{_quoted(value)} is longer than {limit} characters", column)
        return value

    def day(self, column: str) -> date:
        """A date such as 2014-10-06."""
        return self._dated(column, _DAY, "a date; write it like 2014-10-06").date()

    def moment(self, column: str) -> datetime:
        """A moment with its time zone, such as 2023-01-27T16:17:47Z."""
        return self._dated(column, _MOMENT, "a date with a time, like 2023-01-27T16:17:47Z")

    def amount(self, column: str, currency: str) -> int:
        """An amount of zero or more, in minor units, rounded half up."""
        value = self._decimal(column)
        try:
            return money.from_decimal(value, currency)
        except money.AmountError as error:
            raise BadCell(f'"{value}" is more than one amount can be', column) from error

    def exact_amount(self, column: str, currency: str) -> int:
        """Like `amount`, but with no more decimals than the currency has."""
        value, places = self._decimal(column), money.digits(currency)
        if len(value.partition(".")[2]) > places:
            raise BadCell(f'"{value[:SHOWN]}" has more than {places} decimals, which {currency} has', column)
        return self.amount(column, currency)

    def choice(self, column: str, choices: Mapping[str, T]) -> T:
        """What a word of the file means to us."""
        value = self.text(column, needed=False)
        if value not in choices:
            raise BadCell(f"{_quoted(value)} is not one of {', '.join(choices)}", column)
        return choices[value]

    def known(self, column: str, refs: Collection[str], what: str) -> str:
        """The id of a row of another file."""
        value = self.text(column, needed=False)
        if value not in refs:
            raise BadCell(f"there is no {what} {_quoted(value)}", column)
        return value

    def _decimal(self, column: str) -> str:
        value = self.text(column, needed=False)
        if not _AMOUNT.fullmatch(value):
            raise BadCell(f"{_quoted(value)} is not an amount; write it like 1234.50", column)
        if value.startswith("-"):
            raise BadCell(f"{_quoted(value)} is negative", column)
        return value

    def _dated(self, column: str, form: re.Pattern[str], expected: str) -> datetime:
        value = self.text(column, needed=False)
        try:
            found = datetime.fromisoformat(value) if form.fullmatch(value) else None
        except ValueError:
            found = None
        if found is None or found.year < _EARLIEST:
            raise BadCell(f"{_quoted(value)} is not {expected}", column)
        return found


@dataclass
class Folder:
    """A folder of CSV files and the faults found in them so far."""

    path: Path
    problems: list[Problem] = field(default_factory=list)

    def note(self, problem: Problem) -> None:
        """Keep one more fault. Raises BadFiles once there are too many to go on."""
        self.problems.append(problem)
        if len(self.problems) >= LIMIT:
            self.problems.append(Problem(problem.file, 0, f"reading ended after {LIMIT} faults"))
            self.refuse_faults()

    def sheet(self, name: str, *columns: str) -> list[Row]:
        """The lines of a file that has at least these columns; none when it can't be read at all."""
        try:
            _check_text(self.path / name)
            return list(_rows(self.path / name, columns, ",", self._ragged(name)))
        except Unreadable as fault:
            self.note(Problem(name, fault.line, fault.what))
            return []

    def check_sheet(self, name: str, columns: Sequence[str], *, needed: bool) -> bool:
        """Whether a file can be read and has exactly these columns, in any order; notes why not."""
        if not needed and not (self.path / name).exists():
            return False
        try:
            _check_text(self.path / name)
            _check_header(_header(self.path / name), columns)
        except Unreadable as fault:
            self.note(Problem(name, fault.line, fault.what))
            return False
        return True

    def lines(self, name: str, columns: Sequence[str]) -> Iterator[Row]:
        """The lines of a checked file one by one; a file that stops being CSV is noted and ends there."""
        path = self.path / name
        try:
            yield from _rows(path, columns, _delimiter(path), self._ragged(name))
        except Unreadable as fault:
            self.note(Problem(name, fault.line, fault.what))

    def _ragged(self, name: str) -> Callable[[int, str], None]:
        return lambda line, what: self.note(Problem(name, line, what))

    def each(self, name: str, rows: Sequence[Row], make: Callable[[Row], T]) -> list[T]:
        """What `make` reads from every line; a line with a fault is noted and left out."""
        made = []
        for row in rows:
            try:
                made.append(make(row))
            except BadCell as fault:
                self.note(Problem(name, row.line, str(fault), fault.column))
        return made

    def by_id(self, name: str, rows: Sequence[Row], column: str) -> dict[str, Row]:
        """A file's lines by their ids, for the references of other files."""
        found: dict[str, Row] = {}
        for row in rows:
            value = row.cells[column].strip()
            if not 0 < len(value) <= 64:
                self.note(Problem(name, row.line, "an id must have 1 to 64 characters", column))
            elif value in found:
                self.note(Problem(name, row.line, f'"{value}" stands twice', column))
            found[value] = row
        return found

    def refuse_faults(self) -> None:
        """Raise BadFiles if anything was wrong."""
        if self.problems:
            raise BadFiles(sorted(self.problems, key=lambda problem: problem[:2]))


class Unreadable(Exception):
    """A file that can't be read as a table, from this line on (0: not at all)."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


def _quoted(value: str) -> str:
    return f'"{value[:SHOWN]}{"…" if len(value) > SHOWN else ""}"'


def _check_text(path: Path) -> None:
    """Refuse what is no UTF-8 text, with its line; a byte order mark is fine."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(0, f"this file is larger than {LARGEST // 1_000_000} MB")
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                _check_line(number, line)
    except FileNotFoundError:
        raise Unreadable(0, "this file is missing") from None
    except OSError as error:
        raise Unreadable(0, f"this file can't be read ({error.strerror})") from error


def _check_line(number: int, line: bytes) -> None:
    if number == 1 and line.startswith(_UTF16):
        raise Unreadable(1, "this is not UTF-8 text but UTF-16; save the file as “CSV UTF-8”")
    if b"\0" in line:
        raise Unreadable(number, "a NUL character can't be imported")
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(number, "this is not UTF-8 text; save the file as “CSV UTF-8”") from error


def _delimiter(path: Path) -> str:
    """Comma, or semicolon where the header has more of those: spreadsheets of many countries write them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline(10_000)
    return ";" if first.count(";") > first.count(",") else ","


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return next(csv.reader(file, delimiter=_delimiter(path), strict=True), [])
        except csv.Error as error:
            raise Unreadable(1, f"this is not CSV ({error})") from error


def _check_header(header: Sequence[str], columns: Sequence[str]) -> None:
    """Exactly the documented names: a misspelt column must not be left out in silence."""
    unknown = [name for name in header if name not in columns]
    if unknown:
        named = ", ".join(f'"{name[:SHOWN]}"' for name in unknown[:5])
        raise Unreadable(1, f"there is no column {named} here; the columns are {', '.join(columns)}")
    _refuse_incomplete(header, columns)


def _refuse_incomplete(header: Sequence[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in header]
    if missing:
        what = f"column {missing[0]} is" if len(missing) == 1 else f"columns {', '.join(missing)} are"
        raise Unreadable(1, f"the {what} missing")
    if len(set(header)) < len(header):
        raise Unreadable(1, "two columns have the same name")


def _ragged_words(cells: int, columns: int, delimiter: str) -> str:
    said = f"{cells} cells under {columns} columns"
    mark = "comma" if delimiter == "," else "semicolon"
    return f"{said}; put a cell that has a {mark} in it between quotation marks" if cells > columns else said


def _rows(path: Path, columns: Sequence[str], delimiter: str, ragged: Callable[[int, str], None]) -> Iterator[Row]:
    """Line by line, each with the number on which it begins, also behind quoted line breaks."""
    line = 1
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = next(reader, [])
            _refuse_incomplete(header, columns)
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) not in {0, len(header)}:
                    ragged(line, _ragged_words(len(cells), len(header), delimiter))
                elif any(cells):
                    yield Row(line, dict(zip(header, cells, strict=True)))
                line = reader.line_num + 1
        except csv.Error as error:
            raise Unreadable(line, f"this is not CSV ({error}); is a quotation mark missing?") from error
