"""Allocations that were made by deposits reconciliation (S4.23–S4.29)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from balances.ledger import Allocation
from balances.queries import allocations
from balances.states import Source
from clinicpay.patients.models import Patient
from clinicpay.staff.queries import names_of


@dataclass(frozen=True)
class Span:
    """Days from and to, of which either may be missing."""

    first: date | None = None
    last: date | None = None


def made_here(span: Span, *, patient: Patient | None = None, is_family: bool = False) -> QuerySet[Allocation]:
    """Allocations of this function alone (C19), newest first, undone ones too.

    Of all; or of a patient's own charges; or of the whole family's, and of what its money paid.
    """
    rows = allocations(posting__source=Source.DEPOSIT_RECON)
    if span.first:
        rows = rows.filter(posting__business_date__gte=span.first)
    if span.last:
        rows = rows.filter(posting__business_date__lte=span.last)
    if patient and is_family:
        rows = rows.filter(Q(charge__account=patient.account_id) | Q(credit__account=patient.account_id))
    elif patient:
        rows = rows.filter(charge__patient=patient)
    known = ("charge__invoice__location", "charge__account", "charge__event", "credit__payment__payer")
    rows = rows.select_related(*known, "posting", "charge__patient", "credit__account", "credit__location")
    is_undone = ExpressionWrapper(Q(reversed_by__isnull=False), output_field=BooleanField())
    return rows.annotate(is_undone=is_undone).order_by("-pk")


def with_who(rows: Iterable[Any]) -> list[Any]:
    """Give each allocation the name of `who` made it; one query."""
    found = list(rows)
    names = names_of(row.posting.made_by_id for row in found)
    for row in found:
        row.who = names.get(row.posting.made_by_id, "ClinicPay")
        row.name = row.charge.patient.name if row.charge.patient else row.charge.account.name
        row.payer = (row.credit.payment.payer or row.credit.account).name
    return found
