"""Payments that may be the same one entered twice."""

from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from balances.queries import receivers_of
from clinicpay.clinics import clock
from clinicpay.clinics.queries import current_clinic
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.queries import names_of
from payments.models import Payment
from payments.states import PaymentStatus

NO_TWINS = (PaymentStatus.VOIDED, PaymentStatus.CANCELLED, PaymentStatus.FAILED)
"""Statuses in which a payment came to nothing."""

_TODAY = """
select id, patient_id, receipt_id, amount from payments_payment
where account_id = %s and created_at >= %s and created_at < %s and status <> all (%s)
"""
"""Asked at every payment, so it names no more than is compared; whole rows are read of twins alone."""


class _Taken(NamedTuple):
    """What is compared of a payment."""

    pk: int
    patient_id: int | None
    receipt_id: int | None
    amount: int


def twins_of(
    account: Account,
    patient: Patient | None,
    amount: int,
    besides: Payment | None = None,
    *,
    since: date | None = None,
) -> list[Any]:
    """Payments of today's business date with this amount (minor units), newest first, each with `.by`, who took it.

    Money that was taken on an earlier day may have been entered then, or since then.

    The amount is one payment's, or a whole receipt's if it was split. Of a family's account only payments for the
    same patient count, and those for nobody in particular. `besides` is the payment that is being collected.
    """
    clinic = current_clinic()
    begin, end = clock.day_bounds(clinic, clock.today(clinic))
    if since:
        begin, _ = clock.day_bounds(clinic, since)
    with connection.cursor() as cursor:
        cursor.execute(_TODAY, [account.pk, begin, end, list(NO_TWINS)])
        today = [_Taken(*row) for row in cursor if not besides or row[0] != besides.pk]
    if patient:
        today = [row for row in today if row.patient_id in {patient.pk, None}]
    split: dict[int | None, int] = {}
    for row in today:
        split[row.receipt_id] = split.get(row.receipt_id, 0) + row.amount
    twins = [row.pk for row in today if amount == row.amount or (row.receipt_id and amount == split[row.receipt_id])]
    return _with_names(list(Payment.objects.filter(pk__in=twins).order_by("-pk"))) if twins else []


def _with_names(twins: list[Any]) -> list[Any]:
    """Each with who took it, as the ledger knows it."""
    took = receivers_of(twin.pk for twin in twins)
    names = names_of(took.values())
    for twin in twins:
        twin.by = names.get(took.get(twin.pk) or 0, "")
    return twins
