"""Reading CSV files so strictly that every fault is named by file and line before anything is written."""

import csv
import io
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
_SHOWN = 40


class Problem(NamedTuple):
    """One fault of one line of one file."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


class BadFiles(Exception):
    """The files can't be imported; every fault found is named."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = list(problems)


class BadCell(Exception):
    """What is wrong with one cell; whoever reads the sheet adds file and line."""


class Row(NamedTuple):
    """One line of a sheet; its words turn cells into values, or raise BadCell saying what is wrong."""

    line: int
    cells: Mapping[str, str]

    def text(self, column: str, limit: int = 255, *, needed: bool = True) -> str:
        """The cell without blanks around it, at most `limit` characters."""
        value = self.cells[column].strip()
        if needed and not value:
            raise BadCell(f"{column} is empty")
        if len(value) > limit:
            raise BadCell(f"{column} is longer than {limit} characters")
        return value

    def day(self, column: str) -> date:
        """A date such as 2014-10-06."""
        return _dated(self.text(column, needed=False), _DAY).date()

    def moment(self, column: str) -> datetime:
        """A moment with its time zone, such as 2023-01-27T16:17:47Z."""
        return _dated(self.text(column, needed=False), _MOMENT)

    def amount(self, column: str, currency: str) -> int:
        """An amount of zero or more, in minor units."""
        value = self.text(column, needed=False)
        if not _AMOUNT.fullmatch(value):
            raise BadCell(f'"{value[:_SHOWN]}" is not an amount')
        if value.startswith("-"):
            raise BadCell(f'"{value}" is negative')
        minor = money.from_decimal(value, currency)
        if minor > money.MAX_AMOUNT:
            raise BadCell(f'"{value}" is more than one amount can be')
        return minor

    def choice(self, column: str, choices: Mapping[str, T]) -> T:
        """What a word of the file means to us."""
        value = self.text(column, needed=False)
        if value not in choices:
            raise BadCell(f'{column} "{value[:_SHOWN]}" is not one of {", ".join(choices)}')
        return choices[value]

    def known(self, column: str, refs: Collection[str], what: str) -> str:
        """The id of a row of another file."""
        value = self.text(column, needed=False)
        if value not in refs:
            raise BadCell(f'there is no {what} "{value[:_SHOWN]}"')
        return value


@dataclass
class Folder:
    """A folder of CSV files and the faults found in them so far."""

    path: Path
    problems: list[Problem] = field(default_factory=list)

    def sheet(self, name: str, *columns: str) -> list[Row]:
        """The lines of a file that has at least these columns; none when it can't be read at all."""
        try:
            return list(_rows(_decoded(self.path / name), columns))
        except Unreadable as fault:
            self.problems.append(Problem(name, fault.line, fault.what))
            return []

    def each(self, name: str, rows: Sequence[Row], make: Callable[[Row], T]) -> list[T]:
        """What `make` reads from every line; a line with a fault is noted and left out."""
        made = []
        for row in rows:
            try:
                made.append(make(row))
            except BadCell as fault:
                self.problems.append(Problem(name, row.line, str(fault)))
        return made

    def by_id(self, name: str, rows: Sequence[Row], column: str) -> dict[str, Row]:
        """A file's lines by their ids, for the references of other files."""
        found: dict[str, Row] = {}
        for row in rows:
            value = row.cells[column].strip()
            if not 0 < len(value) <= 64:
                self.problems.append(Problem(name, row.line, f"{column} must have 1 to 64 characters"))
            elif value in found:
                self.problems.append(Problem(name, row.line, f'{column} "{value}" stands twice'))
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


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Unreadable(0, "this file is missing") from None
    except OSError as error:
        raise Unreadable(0, f"this file can't be read ({error.strerror})") from error
    for number, line in enumerate(content.splitlines(), 1):
        if b"\0" in line:
            raise Unreadable(number, "a NUL character can't be imported")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(at, "this is not UTF-8 text") from error


def _rows(content: str, columns: Sequence[str]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = next(reader, [])
        missing = [column for column in columns if column not in header]
        if missing:
            raise Unreadable(1, f"the column {' and '.join(missing)} is missing")
        if len(set(header)) < len(header):
            raise Unreadable(1, "two columns have the same name")
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) not in {0, len(header)}:
                raise Unreadable(line, f"{len(cells)} cells under {len(header)} columns")
            if cells:
                yield Row(line, dict(zip(header, cells, strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(reader.line_num, f"this is not CSV ({error})") from error


def _dated(value: str, form: re.Pattern[str]) -> datetime:
    try:
        found = datetime.fromisoformat(value) if form.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None or found.year < _EARLIEST:
        raise BadCell(f'"{value[:_SHOWN]}" is not a date')
    return found
