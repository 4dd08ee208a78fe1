"""A clinic with closed days full of every kind of act, and what an export of them says."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from balances.models import Charge
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.close.models import DailyClose
from clinicpay.close.services import close_day
from clinicpay.exports.days import chosen_days, seal_of
from clinicpay.exports.models import Export
from clinicpay.exports.services import Wish, file_of, make_export
from clinicpay.patients.models import Patient
from tests.factories import Clinicful, a_charge, a_closed_day, a_count


def a_bill(home: Clinicful, patient: Patient, amount: int, on: date | None = None, **more: Any) -> Charge:
    """A charge of a treatment that is on none of the days to be closed."""
    return a_charge(home, patient, amount, on=on, service_at=datetime(2020, 1, 1, 15, tzinfo=UTC), **more)


def close(home: Clinicful, day: date, location: Location | None = None) -> DailyClose:
    """A day, reviewed and closed over whatever doesn't block."""
    return a_closed_day(replace(home, location=location) if location else home, day)


def again(home: Clinicful, day: date) -> DailyClose:
    """The next version of a day that was opened again, closed."""
    a_count(home, day)
    return close_day(home.location, day, by=home.itself, reason="For a test")


def wish(what: str, closes: Sequence[DailyClose], kind: str = "csv", **more: Any) -> Wish:
    """The wish of somebody who has looked at these days."""
    days = chosen_days(what, closes, whole=more.get("whole", False))
    return Wish(what, kind, frozenset(one.number for one in closes), seal_of(what, days), **more)


def made(home: Clinicful, what: str, *closes: DailyClose, **more: Any) -> Export:
    """The export of these days."""
    return make_export(wish(what, closes, **more), by=home.adam)


def content(export: Export) -> bytes:
    """The file of an export."""
    return b"".join(file_of(export))


def table(export: Export) -> list[dict[str, str]]:
    """The rows of a CSV file by their heads."""
    return list(csv.DictReader(io.StringIO(content(export).decode("utf-8-sig"))))


def cents(text: str) -> int:
    """An amount of a file in minor units."""
    return round(float(text or 0) * 100)


def past(home: Clinicful, days: int) -> date:
    """A business date so many days ago."""
    return clock.today(home.clinic) - timedelta(days=days)


def url(home: Clinicful, view: str, **arguments: Any) -> str:
    """The address of a page of the clinic."""
    return address(home.clinic, view, **arguments)


def long_closed(home: Clinicful, count: int) -> list[DailyClose]:
    """So many closed days of long ago, on which nothing had happened, and an export of all of them and of each."""
    by = home.itself
    closes = [a_closed_day(home, date(2019, 1, 1) + timedelta(days=number)) for number in range(count)]
    make_export(wish("journal", closes), by=by)
    for one in closes:
        make_export(wish("sheet", [one]), by=by)
    return closes
