"""Reads for a payment's own page. Amounts are minor units."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from balances.queries import Balance, event_balances
from clinicpay.audit.models import AuditEvent
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import family
from payments.models import Checkout, Payment
from payments.states import OVERDUE, GatewayTaskKind
from treatments.models import Procedure, TreatmentEvent


@dataclass(frozen=True)
class Treated:
    """The treatment that a payment is linked to (S1.72–S1.76), and what is left to pay of it."""

    event: TreatmentEvent
    procedures: list[Procedure]
    balance: Balance


def whole_payments() -> QuerySet[Payment]:
    """Payments with everything that their page names; `by_gateway`: a gateway took the money."""
    beside = ("account", "patient__account", "payer", "receipt", "location", "event__practitioner", "event__location")
    return Payment.objects.select_related(*beside).annotate(by_gateway=Exists(captures_of(OuterRef("pk"))))


def captures_of(payment: Payment | OuterRef) -> QuerySet[Checkout]:
    """Where a gateway took a payment's money; none for what was charged in another currency: our amounts mean
    nothing there (decision 144)."""
    return Checkout.objects.filter(booked=payment).exclude(tasks__kind=GatewayTaskKind.FOREIGN)


def treated(payment: Payment) -> Treated | None:
    """The linked treatment with its procedures and its balance, if there is one."""
    if payment.event is None:
        return None
    balance = event_balances([payment.event.pk]).get(payment.event.pk, Balance())
    return Treated(payment.event, list(payment.event.procedures.all()), balance)


def waiting_since(payment: Payment) -> datetime | None:
    """Since when a payment has stood in its status, while it is still expected."""
    if payment.status not in OVERDUE:
        return None
    rows = AuditEvent.objects.filter(subject_type=Payment._meta.label_lower, subject_id=payment.pk)
    return (
        rows.filter(after__status=payment.status).order_by("-pk").values_list("at", flat=True).first()
        or payment.created_at
    )


def about_patient(patient: Patient | None) -> dict[str, Any]:
    """What stands beside a patient: others of the family, and the insurers that pay for them (S1.77)."""
    if patient is None:
        return {}
    others = [one for one in family(patient.account) if one.pk != patient.pk]
    return {"family": others, "payers": patient.payers.select_related("account").order_by("pk")}
