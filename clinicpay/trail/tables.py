"""Columns of the trail."""

from typing import Any

from django.db.models import CharField, Value

from balances.models import Invoice
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.exports.models import Export
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Membership
from clinicpay.trail.history import line
from clinicpay.ui.tables import Empty, ListTable, column
from deposits.models import BankSlip
from followups.models import Plan, Statement, WriteOff
from payments.models import Payment, Receipt, Refund
from treatments.models import TreatmentEvent

PAGES: dict[str, tuple[Any, str]] = {
    Patient._meta.label_lower: (Patient, "patient"),
    TreatmentEvent._meta.label_lower: (TreatmentEvent, "treatment"),
    Invoice._meta.label_lower: (Invoice, "invoice"),
    Payment._meta.label_lower: (Payment, "payment"),
    Receipt._meta.label_lower: (Receipt, "receipt"),
    Refund._meta.label_lower: (Refund, "refund"),
    WriteOff._meta.label_lower: (WriteOff, "write_off"),
    Plan._meta.label_lower: (Plan, "plan"),
    Export._meta.label_lower: (Export, "export"),
    BankSlip._meta.label_lower: (BankSlip, "slip"),
    Statement._meta.label_lower: (Statement, "statement"),
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
    """Public numbers of the records that the rows are about, in one query."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.subject_type in PAGES:
            wanted.setdefault(row.subject_type, set()).add(row.subject_id)
    found = [
        PAGES[kind][0].objects.filter(pk__in=ids).order_by().values_list(Value(kind, CharField()), "pk", "number")
        for kind, ids in wanted.items()
    ]
    if not found:
        return {}
    first, *rest = found
    return {(kind, pk): number for kind, pk, number in first.union(*rest, all=True)}


EXPORTED = ("When", "Who", "What", "Changes", "Record", "Reason", "Request", "Request number")


def exported(row: AuditEvent, reader: Membership) -> tuple[Any, ...]:
    """The cells of a line in a file."""
    said = line(row, reader)
    at = row.at.astimezone(clock.zone(reader.clinic))
    return (at, row.actor, said.text, " · ".join(said.changes), row.subject, row.reason, row.via, row.request_id)
