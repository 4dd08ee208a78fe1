"""A practice for a night: accounts with debt and money, plans with an instalment due, money held for something."""

import csv
import io
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from django.core.management import call_command

from balances.models import Charge, Credit
from balances.services import hold_credit
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, JobRun
from clinicpay.clinics.scope import clinic_scope
from clinicpay.clinics.services import create_clinic
from clinicpay.imports.bundle_format import SHEETS
from clinicpay.night import STEPS
from clinicpay.staff.models import ClinicPayItself
from followups.schedule import Terms
from followups.services import start_plan
from followups.states import Frequency

EVERY_PLAN, EVERY_HOLD = 5, 7
"""Of so many accounts, one has a plan, and one has money that is held."""


def make_practice(slug: str, accounts: int) -> tuple[Clinic, date]:
    """The clinic, and its night: the last one, written down and not begun. The same numbers whatever its slug."""
    clinic = create_clinic(slug=slug, name=slug.title(), timezone="America/New_York", currency="USD")
    night = clock.local_now(clinic).date() - timedelta(days=1)
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), accounts, night)
        call_command("import_practice", folder, "--clinic", slug, "--json", stdout=io.StringIO(), stderr=io.StringIO())
    with clinic_scope(clinic):
        _arrange(ClinicPayItself(clinic, "Drill"), night)
        JobRun.objects.bulk_create(JobRun(job=step.name, local_date=night) for step in STEPS)
    return clinic, night


def _arrange(by: ClinicPayItself, night: date) -> None:
    for charge in Charge.objects.filter(description="Recent").select_related("account").order_by("pk")[::EVERY_PLAN]:
        start_plan(charge.account, [charge], Terms(1500, Frequency.MONTHLY, night), by=by)
    for credit in Credit.objects.order_by("pk")[::EVERY_HOLD]:
        hold_credit(credit, 500, by=by, criteria={"procedure": "D2740"})


def _write(folder: Path, accounts: int, night: date) -> None:
    files = {sheet.name: [sheet.header] for sheet in SHEETS}
    files["locations.csv"].append(["L1", "Main Street", ""])
    files["practitioners.csv"].append(["D1", "Dr Amos Field", ""])
    for n in range(accounts):
        for name, cells in _lines(n, night):
            files[name].append(cells)
    for name, rows in files.items():
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)


def _lines(n: int, night: date) -> Iterator[tuple[str, list[str]]]:
    """An account that owes 110.00 in three charges and has 90.00."""
    yield "accounts.csv", [f"A{n}", "patient", f"Name {n}", "", "", ""]
    yield "patients.csv", [f"P{n}", f"A{n}", "Name", f"{n}", "", "", "", "", ""]
    for k, (days, title, fee) in enumerate(((100, "Old", "40.00"), (60, "Older", "30.00"), (10, "Recent", "40.00"))):
        day = str(night - timedelta(days=days))
        yield "events.csv", [f"E{n}-{k}", f"P{n}", "D1", "L1", day, "", title, ""]
        yield "charges.csv", [f"C{n}-{k}", f"E{n}-{k}", "", "", "D0120", title, fee, ""]
    day = str(night - timedelta(days=5))
    yield "payments.csv", [f"M{n}", f"A{n}", "", f"P{n}", "", "L1", "", day, "card", "65.00", "", ""]
