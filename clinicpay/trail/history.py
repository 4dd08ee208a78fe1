"""The history of one record: who did what, when, why, before and after, as its reader may know it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet, Value

from balances.models import Invoice
from clinicpay.audit.models import ACCESS, AuditEvent
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.trail import words
from clinicpay.trail.actions import ACTIONS
from clinicpay.trail.movements import Line, moved_of_event, moved_of_invoice, moved_of_payment, told
from deposits.models import BankSlip, BankSlipLine
from payments.models import GatewayTask, Payment, Receipt
from payments.states import GatewayTaskKind
from treatments.models import TreatmentEvent

NEWEST = 50
"""Lines of a history; the trail has the rest."""

COLLECTED = "payment.collected"

LATE = "payment.captured_late"
"""Kept of the payment that holds the money; it tells of the one that was asked for, too."""

TOLD_BY_LEDGER = ("payment.received", "hold.made", "hold.changed", "hold.released")
"""The ledger tells it: of each payment of a receipt, and of what was held with what it was held for."""


def history(record: Model, reader: Membership) -> list[Line]:
    """What happened to a record, newest first; to those who see no money, the clinical part alone."""
    rows = list(_rows(record, reader)[:NEWEST])
    lines = [*(line(row, reader) for row in rows), *_money(record, rows, reader)]
    return sorted(lines, key=lambda one: one.at, reverse=True)[:NEWEST]


def history_of_kinds(kinds: Iterable[str], reader: Membership, *, about: Iterable[str] = ()) -> list[Line]:
    """What happened to all records of some kinds, the settings of a page; `about` leaves what changed these values."""
    rows = AuditEvent.objects.filter(subject_type__in=list(kinds)).exclude(action__in=ACCESS).order_by("-pk")
    if about:
        rows = rows.filter(after__has_any_keys=list(about))
    return [line(row, reader) for row in rows[:NEWEST]]


def history_of_rows(kind: str, ids: list[int], reader: Membership) -> list[Line]:
    """What happened to some records of one kind, newest first."""
    rows = AuditEvent.objects.filter(_of(kind, ids)).exclude(action__in=ACCESS).order_by("-pk")
    return [line(row, reader) for row in rows[:NEWEST]]


def line(row: AuditEvent, reader: Membership) -> Line:
    """A row of the trail in words."""
    currency, sees_money = reader.clinic.currency, reader.can(Can.SEE_MONEY)
    return Line(
        at=row.at,
        who=row.actor,
        text=words.sentence(row.action, row.subject, row.before | row.after, currency),
        icon=words.action_of(row.action).icon,
        changes=words.changes(row.action, row.before, row.after, currency=currency, is_money_seen=sees_money),
        reason=row.reason,
    )


def _rows(record: Model, reader: Membership) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(_about(record)).exclude(action__in=ACCESS).order_by("-pk")
    if isinstance(record, Payment):
        rows = rows.exclude(action__in=TOLD_BY_LEDGER)
    if reader.can(Can.SEE_MONEY):
        return rows
    return rows.filter(action__in=[name for name, action in ACTIONS.items() if reader.can(action.sees)])


def _about(record: Model) -> Q:
    """Which rows tell of a record: its own; a patient's are all that are about them, a receipt's its payments' too."""
    if isinstance(record, Patient):
        return Q(patient_id=record.pk)
    own = _of(record._meta.label_lower, [record.pk])
    if isinstance(record, Receipt):
        return own | _of(Payment._meta.label_lower, [payment.pk for payment in record.payments.all()])
    if isinstance(record, Payment):
        return own | _beside(record)
    return own


def _beside(payment: Payment) -> Q:
    """Rows of what belongs to a payment: its receipt, its refunds, and whatever else names it; one query."""
    rows = _of(Receipt._meta.label_lower, [payment.receipt_id] if payment.receipt_id else [])
    found = [_naming(payment, related) for related in Payment._meta.related_objects]
    first, *rest = [one for one in found if one is not None]
    late = GatewayTask.objects.filter(first=payment, kind=GatewayTaskKind.LATE).order_by()
    rest.append(late.values_list(Value(LATE), "payment"))
    slips = BankSlipLine.objects.filter(payment=payment, slip__number__isnull=False).order_by()
    rest.append(slips.values_list(Value(BankSlip._meta.label_lower), "slip"))
    for kind, pk in first.union(*rest, all=True):
        rows |= _of(Payment._meta.label_lower, [pk]) & Q(action=LATE) if kind == LATE else _of(kind, [pk])
    return rows


def _naming(payment: Payment, related: Any) -> QuerySet[Any] | None:
    """(kind, id) of the rows that name a payment by one of their keys; money in hand is told by the ledger."""
    model = related.related_model
    if model._meta.app_label != Payment._meta.app_label:
        return None
    named = model._default_manager.filter(**{related.field.name: payment}).order_by()
    rows: QuerySet[Any] = named.values_list(Value(model._meta.label_lower), "pk")
    return rows


def _of(kind: str, ids: list[int]) -> Q:
    return Q(subject_type=kind, subject_id__in=ids)


def _money(record: Model, rows: list[AuditEvent], reader: Membership) -> list[Line]:
    """What the ledger knows of a payment, an invoice or a treatment; its lines name who, when and why by themselves."""
    if isinstance(record, Payment):
        is_collected = any(row.action == COLLECTED for row in rows)
        return told(moved_of_payment(record, is_collected=is_collected), reader)
    if isinstance(record, Invoice):
        return told(moved_of_invoice(record), reader)
    if isinstance(record, TreatmentEvent) and reader.can(Can.SEE_MONEY):
        return told(moved_of_event(record), reader)
    return []
