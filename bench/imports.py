"""A practice that moves here: its bundle of CSV files read and written in one transaction, small and large."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.report import Result
from clinicpay.clinics.services import create_clinic
from clinicpay.embedded.paths import PROJECT, StartupProblem

FEW = 1_000
VISITS = 4
"""Treatments of one patient; each has a charge and a payment, which pays it but for a few cents at every third."""
FIRST_DAY = date(2024, 1, 2)
PAID = (
    "payment_id,account_id,payer_account_id,patient_id,event_id,location_id,receipt_id,date,method,amount,currency,memo"
)


class Import(NamedTuple):
    """One import: how long it took, at most how much memory it held (KiB), and what it said of the money."""

    seconds: float
    memory: int
    outstanding: str


def imports(payments: int) -> list[Result]:
    """`import_practice` of so many payments beside one of FEW: time for each payment, and memory."""
    folder = Path(tempfile.mkdtemp(prefix="clinicpay-practice-"))
    try:
        small, large = _imported(folder, FEW), _imported(folder, payments)
    finally:
        shutil.rmtree(folder)
    each = large.seconds / payments, small.seconds / FEW
    name = f"importing a practice of {payments:,} payments, each, beside {FEW:,}"
    note = f"{large.seconds:.0f} s in all"
    return [
        Result(0, name, each[0] * 1e3, each[1] * 1e3, "ms", note=note),
        Result(0, "its peak memory", large.memory / 1024, small.memory / 1024, "MiB"),
    ]


def _imported(folder: Path, payments: int) -> Import:
    """The import in a process of its own into a clinic of its own; what it says must be what the files say."""
    slug, files = f"moved-{payments}-{time.time_ns()}", folder / str(payments)
    create_clinic(slug=slug, name="Moved", timezone="America/New_York", currency="USD")
    files.mkdir()
    for name, lines in _bundle(payments):
        with (files / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(lines)
    command = [sys.executable, str(PROJECT / "manage.py"), "import_practice", str(files), "--clinic", slug, "--json"]
    with (folder / "said").open("w+") as said:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        found = json.loads(said.read() or "{}")
    owed = (payments + 2) // 3 * 5
    if process.returncode or found["outstanding"] != f"{owed / 100:.2f}" or found["payments"] != payments:
        raise StartupProblem(f"The import of {payments:,} payments said: {found}")
    return Import(seconds, usage.ru_maxrss, found["outstanding"])


def _bundle(payments: int) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    """The files of a practice with so many payments, line by line."""
    people, visits = range(-(-payments // VISITS)), range(payments)
    yield "accounts", _lines("account_id,kind,name,email,phone,address", _account, people)
    yield (
        "patients",
        _lines("patient_id,account_id,first_name,last_name,birth_date,sex,email,phone,address", _patient, people),
    )
    yield (
        "events",
        _lines("event_id,patient_id,practitioner_id,location_id,date,time,title,discipline", _event, visits),
    )
    yield "charges", _lines("charge_id,event_id,invoice_id,date,code,description,amount,currency", _charge, visits)
    yield "payments", _lines(PAID, _payment, visits)
    yield "allocations", _lines("payment_id,charge_id,amount,date", _allocation, visits)
    yield "practitioners", iter([["practitioner_id", "name", "discipline"], ["D1", "Dr Petra Jones", "General"]])
    yield "locations", iter([["location_id", "name", "address"], ["L1", "Main Street", ""]])


def _lines(header: str, line: Callable[[int], Sequence[object]], numbers: range) -> Iterator[Sequence[object]]:
    yield header.split(",")
    yield from map(line, numbers)


def _account(one: int) -> Sequence[object]:
    return [f"A{one}", "patient", f"Person {one}", "", "", ""]


def _patient(one: int) -> Sequence[object]:
    return [f"P{one}", f"A{one}", "Person", f"Number {one}", "1990-05-17", "F", "", "", ""]


def _day(visit: int) -> date:
    return FIRST_DAY + timedelta(days=visit % 700)


def _event(visit: int) -> Sequence[object]:
    return [f"E{visit}", f"P{visit // VISITS}", "D1", "L1", _day(visit), "09:30", "Check-up", ""]


def _charge(visit: int) -> Sequence[object]:
    return [f"C{visit}", f"E{visit}", "", "", "D0120", "Periodic oral evaluation", "120.00", ""]


def _payment(visit: int) -> Sequence[object]:
    one = visit // VISITS
    return [f"M{visit}", f"A{one}", "", f"P{one}", f"E{visit}", "L1", "", _day(visit), "card", _paid(visit), "", ""]


def _paid(visit: int) -> str:
    return "119.95" if visit % 3 == 0 else "120.00"


def _allocation(visit: int) -> Sequence[object]:
    return [f"M{visit}", f"C{visit}", _paid(visit), ""]
