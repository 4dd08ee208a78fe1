"""A large practice is imported in bounded memory and few statements. IMPORT_ROWS=100000 measures a real one."""

import csv
import os
import resource
import time
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinicpay.imports.bundle_format import SHEETS
from tests.clinicpay.practice_files import imported

ROWS = int(os.environ.get("IMPORT_ROWS", "1000"))
FIRST = date(2024, 1, 1)


def _lines(n):
    """One visit of one patient: an account, a charge, a payment, and what it has paid."""
    day = FIRST + timedelta(days=n % 700)
    yield "accounts.csv", [f"A{n}", "patient", f"Name {n}", "", "", ""]
    yield "patients.csv", [f"P{n}", f"A{n}", "Name", f"{n}", "", "", "", "", ""]
    yield "events.csv", [f"E{n}", f"P{n}", "D1", "L1", day, "", "Visit", ""]
    yield "charges.csv", [f"C{n}", f"E{n}", "", "", "D0120", "Exam", "100.00", ""]
    yield "payments.csv", [f"M{n}", f"A{n}", "", f"P{n}", f"E{n}", "L1", "", day, "card", "90.00", "", ""]
    yield "allocations.csv", [f"M{n}", f"C{n}", "80.00", ""]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    files = {sheet.name: (folder / sheet.name).open("w", newline="") for sheet in SHEETS}
    writers = {name: csv.writer(file) for name, file in files.items()}
    for sheet in SHEETS:
        writers[sheet.name].writerow(sheet.header)
    writers["locations.csv"].writerow(["L1", "Main Street", ""])
    writers["practitioners.csv"].writerow(["D1", "Dr Amos Field", ""])
    for n in range(ROWS):
        for name, cells in _lines(n):
            writers[name].writerow(cells)
    for file in files.values():
        file.close()
    return folder


def test_large_practice_takes_few_statements_and_bounded_memory(harbor, large):
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    with CaptureQueriesContext(connection) as queries:
        told = imported(large, "harbor")

    seconds = time.monotonic() - began
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    slowest = [(one["time"], one["sql"].strip()[:60]) for one in sorted(queries, key=lambda one: -float(one["time"]))]
    print(f"{ROWS} rows a file: {seconds:.1f} s, {len(queries)} statements, {megabytes:.0f} MB, {slowest[:5]}")  # noqa: T201
    assert (told["charges"], told["payments"], told["allocations"]) == (ROWS, ROWS, ROWS)
    assert (told["outstanding"], told["unapplied"]) == (f"{ROWS * 20}.00", f"{ROWS * 10}.00")
    assert len(queries) < 350 + ROWS / 20
    assert megabytes < 150 + ROWS / 100
