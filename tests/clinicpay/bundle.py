"""A practice small enough to check by hand, as Synthea's files."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clinicpay.imports.synthea import COLUMNS, TRANSACTIONS

START, LATER = "2023-01-28T02:30:00Z", "2023-02-10T15:00:00Z"
ROWS: dict[str, list[dict[str, str]]] = {
    "patients.csv": [{"Id": "p1", "BIRTHDATE": "2014-10-06", "FIRST": "Ethan", "LAST": "Park", "GENDER": "M"}],
    "payers.csv": [{"Id": "i1", "NAME": "Aetna"}, {"Id": "i0", "NAME": "NO_INSURANCE"}],
    "organizations.csv": [{"Id": "o1", "NAME": "Main Street"}],
    "providers.csv": [{"Id": "d1", "NAME": "Dr Jones", "SPECIALITY": "GENERAL PRACTICE"}],
    "encounters.csv": [
        {"Id": "e1", "START": START, "STOP": START, "PATIENT": "p1", "ORGANIZATION": "o1", "PROVIDER": "d1",
         "DESCRIPTION": "Check-up"},
    ],
    "claims.csv": [
        {"Id": "c1", "PATIENTID": "p1", "APPOINTMENTID": "e1", "SERVICEDATE": START,
         "PRIMARYPATIENTINSURANCEID": "i1", "SECONDARYPATIENTINSURANCEID": "0"},
    ],
}  # fmt: skip
LINE = {
    "CLAIMID": "c1", "PATIENTID": "p1", "APPOINTMENTID": "e1", "PLACEOFSERVICE": "o1", "PROVIDERID": "d1",
    "FROMDATE": START, "TODATE": "1970-01-01T00:00:00Z", "PROCEDURECODE": "185345009", "NOTES": "Check-up",
}  # fmt: skip
LINES = [
    {"ID": "t1", "TYPE": "CHARGE", "AMOUNT": "100.00"},
    {"ID": "t2", "TYPE": "CHARGE", "AMOUNT": "0.00"},
    {"ID": "t3", "TYPE": "TRANSFEROUT"},
    {"ID": "t4", "TYPE": "PAYMENT", "METHOD": "COPAY", "PAYMENTS": "20.00"},
    {"ID": "t5", "TYPE": "PAYMENT", "METHOD": "ECHECK", "PAYMENTS": "90.00", "FROMDATE": LATER},
]


class Bundle:
    """The files of one practice, which a test may spoil before it imports them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {name: [dict(row) for row in rows] for name, rows in ROWS.items()}
        self.lines = self.rows[TRANSACTIONS] = [LINE | line for line in LINES]
        self.columns = {name: list(columns) for name, columns in COLUMNS.items()}

    def write(self) -> None:
        """Write all files."""
        for name, rows in self.rows.items():
            with (self.folder / name).open("w", newline="") as file:
                writer = csv.DictWriter(file, self.columns[name], restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)


def answer(capsys: pytest.CaptureFixture, *command: Any) -> dict[str, Any]:
    """What a command prints with --json, which is one JSON object alone."""
    capsys.readouterr()
    call_command(*(str(word) for word in command), "--json")
    return json.loads(capsys.readouterr().out)


def refused(*command: Any) -> CommandError:
    """How a command ends that finds something wrong."""
    with pytest.raises(CommandError) as caught:
        call_command(*(str(word) for word in command))
    return caught.value
