"""What the tests of the queue's pages share: who owes, who looks, what a page says."""

import csv
import io
import re
from datetime import date, timedelta

from clinicpay.patients.models import Patient
from tests.factories import Clinicful, a_charge, a_patient

PLACE = "/c/harbor/followups/"


def owing(home: Clinicful, today: date, name: str, age: int, amount: int = 10000, **more) -> Patient:
    """A patient who owes an amount since so many days."""
    patient = a_patient(home, name, "Park")
    a_charge(home, patient, amount, on=today - timedelta(days=age), **more)
    return patient


def names(page) -> list[str]:
    """The accounts that a list shows, in its order."""
    return re.findall(r"data-open[^>]*>([^<]+)</a>", page.content.decode())


def read_csv(answer) -> list[list[str]]:
    """The rows of an exported file, its head first."""
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))
