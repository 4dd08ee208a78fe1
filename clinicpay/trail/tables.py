"""Columns of the trail."""

from typing import Any

from balances.models import Invoice
from clinicpay.clinics.addresses import address
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Membership
from clinicpay.trail.history import line
from clinicpay.ui.tables import Empty, ListTable, column
from payments.models import Payment, Receipt
from treatments.models import TreatmentEvent

PAGES: dict[str, tuple[Any, str]] = {
    Patient._meta.label_lower: (Patient, "patient"),
    TreatmentEvent._meta.label_lower: (TreatmentEvent, "treatment"),
    Invoice._meta.label_lower: (Invoice, "invoice"),
    Payment._meta.label_lower: (Payment, "payment"),
    Receipt._meta.label_lower: (Receipt, "receipt"),
}
"""Records that have a page to open, by their kind."""


class TrailTable(ListTable):
    """Who did and saw what. Newest first and in no other order: a trail is read backwards."""

    when = column("When", order_by=None)
    who = column("Who", order_by=None)
    what = column("What", order_by=None)
    record = column("Record", order_by=None, css="desk-only")
    reason = column("Reason", order_by=None, css="wide-only")
    request = column("Request", order_by=None, css="wide-only")

    row_template = "trail/trail_rows.html"
    noun = "lines"
    two_lines = True
    empty = Empty("Nothing yet", "What people do and see in this clinic is listed here.", icon="history")


def with_words(rows: list[Any], reader: Membership) -> None:
    """Give each row its `said` line and the address of its record."""
    numbers = _numbers(rows)
    for row in rows:
        row.said = line(row, reader)
        number = numbers.get((row.subject_type, row.subject_id))
        row.url = address(reader.clinic, PAGES[row.subject_type][1], number=number) if number else ""


def _numbers(rows: list[Any]) -> dict[tuple[str, int], int]:
    """Public numbers of the records that the rows are about, one query for each kind."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.subject_type in PAGES:
            wanted.setdefault(row.subject_type, set()).add(row.subject_id)
    return {
        (kind, pk): number
        for kind, ids in wanted.items()
        for pk, number in PAGES[kind][0].objects.filter(pk__in=ids).values_list("pk", "number")
    }
