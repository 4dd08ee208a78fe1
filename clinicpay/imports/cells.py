"""One line of a practice's file, cell by cell: every fault of the line is found, not only its first."""

import re
from collections.abc import Callable
from datetime import date, time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.imports.bundle_format import FILES_OF, Column, Form, Sheet
from clinicpay.imports.sheets import SHOWN, BadCell, Folder, Problem, Row

Spot = tuple[str, int]
"""A file and a line of it."""

_ID = re.compile(r"\S{1,50}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class CellReader:
    """Turns the cells of a line into values, and knows the ids that have been read so far."""

    def __init__(self, folder: Folder, clinic: Clinic) -> None:
        self.folder, self.currency, self.today = folder, clinic.currency, clock.today(clinic)
        self.spots: dict[str, dict[str, Spot]] = {kind: {} for kind in FILES_OF}
        self._read: dict[Form, Callable[[Row, Column, str], Any]] = {
            Form.NAME: self._id,
            Form.REF: self._ref,
            Form.TEXT: self._text,
            Form.EMAIL: self._email,
            Form.DAY: self._day,
            Form.TIME: self._time,
            Form.AMOUNT: self._amount,
            Form.FEE: self._fee,
            Form.CHOICE: self._choice,
            Form.CURRENCY: self._currency,
        }

    def read(self, sheet: Sheet, row: Row) -> dict[str, Any] | None:
        """The line's values by column; None when any cell has a fault, each of which is noted."""
        values, sound = {}, True
        for column in sheet.columns:
            try:
                values[column.name] = self._value(sheet, row, column)
            except BadCell as fault:
                self.folder.note(Problem(sheet.name, row.line, str(fault), column.name))
                sound = False
        return values if sound else None

    def _value(self, sheet: Sheet, row: Row, column: Column) -> Any:
        text = row.cells[column.name].strip()
        if not text:
            if column.needed:
                raise BadCell(f"this cell is empty; expected is {column.expected}")
            return None if column.form in {Form.DAY, Form.TIME} else ""
        if column.form == Form.ID:
            return self._own_id(text, column.of, (sheet.name, row.line))
        return self._read[column.form](row, column, text)

    def _own_id(self, text: str, kind: str, spot: Spot) -> str:
        if not _ID.fullmatch(text):
            raise BadCell(f'"{text[:SHOWN]}" is not {Form.ID.value}')
        first = self.spots[kind].setdefault(text, spot)
        if first != spot:
            raise BadCell(f'"{text}" stands twice; the first time in {first[0]} line {first[1]}')
        return text

    def _id(self, row: Row, column: Column, text: str) -> str:
        if not _ID.fullmatch(text):
            raise BadCell(f'"{text[:SHOWN]}" is not {Form.ID.value}')
        return text

    def _ref(self, row: Row, column: Column, text: str) -> str:
        if text not in self.spots[column.of]:
            raise BadCell(f'there is no {column.of} "{text[:SHOWN]}" in {" or ".join(FILES_OF[column.of])}')
        return text

    def _text(self, row: Row, column: Column, text: str) -> str:
        return " ".join(row.text(column.name, column.limit).split())

    def _email(self, row: Row, column: Column, text: str) -> str:
        try:
            validate_email(text)
        except ValidationError as error:
            raise BadCell(f'"{text[:SHOWN]}" is not an email address') from error
        return row.text(column.name, 254)

    def _day(self, row: Row, column: Column, text: str) -> date:
        day = row.day(column.name)
        if day > self.today:
            raise BadCell(f'"{text}" is in the future; today is {self.today}')
        return day

    def _time(self, row: Row, column: Column, text: str) -> time:
        if not _TIME.fullmatch(text):
            raise BadCell(f'"{text[:SHOWN]}" is not a time of day; write it like 14:30')
        return time.fromisoformat(text)

    def _amount(self, row: Row, column: Column, text: str) -> int:
        minor = row.exact_amount(column.name, self.currency)
        if not minor:
            raise BadCell(f'"{text}" is not greater than zero')
        return minor

    def _fee(self, row: Row, column: Column, text: str) -> int:
        return row.exact_amount(column.name, self.currency)

    def _choice(self, row: Row, column: Column, text: str) -> Any:
        return row.choice(column.name, column.choices)

    def _currency(self, row: Row, column: Column, text: str) -> str:
        if text != self.currency:
            raise BadCell(f'"{text[:SHOWN]}" is not the clinic\'s currency, {self.currency}')
        return text
