"""Reads of payments and receipts for screens. Amounts are minor units."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from balances.models import Credit
from balances.queries import invoices_with_balance, live_allocations
from balances.states import CreditKind
from clinicpay import money
from clinicpay.patients.models import Patient
from payments.models import Payment, Receipt
from payments.states import MONEY, PaymentStatus
from treatments.models import TreatmentEvent

TIMELINE = 20
"""Lines of a timeline; older ones stand in the lists."""


@dataclass(frozen=True)
class Parts:
    """Where a payment's money is: applied, free, or held for something."""

    amount: int
    free: int = 0
    held: int = 0
    received: bool = True

    @property
    def in_hand(self) -> int:
        """What is free or held."""
        return self.free + self.held

    @property
    def applied(self) -> int:
        """What has been applied to charges."""
        return self.amount - self.in_hand if self.received else 0

    @property
    def state(self) -> str:
        """How lists colour it: held, part, full, or "" for nothing applied (reading C15)."""
        if self.held:
            return "held"
        if not self.received or self.applied == 0:
            return ""
        return "part" if self.free else "full"


def payments() -> QuerySet[Payment]:
    """All payments with what lists show of them, newest first."""
    return Payment.objects.select_related("patient", "account", "event").order_by("-created_at", "-pk")


def parts_of(rows: Iterable[Payment]) -> dict[int, Parts]:
    """Where the money of each payment is, one query for all."""
    rows = list(rows)
    free: dict[int, int] = defaultdict(int)
    held: dict[int, int] = defaultdict(int)
    credits = Credit.objects.filter(payment__in=rows).values_list("payment", "kind").annotate(left=Sum("available"))
    for payment, kind, left in credits:
        (free if kind in {CreditKind.UNAPPLIED, CreditKind.DEPOSIT} else held)[payment] += left
    return {row.pk: Parts(row.amount, free[row.pk], held[row.pk], received=row.status in MONEY) for row in rows}


def receipts_of(account_id: int) -> QuerySet[Any]:
    """Receipts of an account, newest first, with their amounts; what was reversed no longer counts."""
    good = Sum("payments__amount", filter=~Q(payments__status=PaymentStatus.VOIDED))
    return (
        Receipt.objects.filter(account=account_id)
        .annotate(amount=Coalesce(good, 0))
        .prefetch_related("payments")
        .order_by("-pk")
    )


@dataclass(frozen=True)
class Happened:
    """One line of a timeline, as templates/ui/timeline.html draws it."""

    at: datetime | date
    text: str
    who: str = ""
    note: str = ""
    icon: str = ""
    url: str = ""


def receipt_facts(receipt: Receipt) -> dict[str, Any]:
    """A receipt's payments, what they paid, what stays unapplied, and what the account still owes."""
    payments = list(receipt.payments.all())
    good = [payment for payment in payments if payment.status != PaymentStatus.VOIDED]
    applied = _by_charge(reversed(list(live_allocations(credit__payment__in=good))))
    amount = sum(payment.amount for payment in good)
    return {
        "payments": payments,
        "amount": amount,
        "applied": applied,
        "unapplied": amount - sum(line.applied for line in applied),
        "account": receipt.account,
    }


def patient_timeline(patient: Patient, currency: str, family: Iterable[Patient] = ()) -> list[Happened]:
    """What happened between a patient, their treatments and their account's money, newest first.

    With a `family` on the account, what belongs to one of them says whose it is.
    """
    names = {one.pk: one.name for one in family}
    events = TreatmentEvent.objects.filter(patient=patient).order_by("-service_at")[:TIMELINE]
    invoices = invoices_with_balance(account=patient.account_id).order_by("-pk")[:TIMELINE]
    receipts = receipts_of(patient.account_id)[:TIMELINE]
    happened = [
        *(
            Happened(event.service_at, f"{event.ref} {event.title}", note=event.get_state_display(), icon="stethoscope")
            for event in events
        ),
        *(
            Happened(
                one.issued_at,
                f"{one.ref} billed {money.show(one.charged, currency)}",
                note=_whose(names, one.event and one.event.patient_id),
                icon="file-invoice",
            )
            for one in invoices
        ),
        *(_received(one, currency, names) for one in receipts),
    ]
    return sorted(happened, key=lambda one: one.at, reverse=True)[:TIMELINE]


def _received(receipt: Any, currency: str, names: dict[int, str]) -> Happened:
    if not receipt.amount:
        return Happened(receipt.made_at, f"{receipt.ref} was reversed", icon="circle-x")
    words = f"{receipt.ref} paid {money.show(receipt.amount, currency)}"
    whose = [_whose(names, payment.patient_id) for payment in receipt.payments.all()]
    return Happened(receipt.made_at, words, note=next(filter(None, whose), ""), icon="cash")


def _whose(names: dict[int, str], patient_id: int | None) -> str:
    """ "for Noah Park" when others of the family could be meant."""
    return f"for {names[patient_id]}" if patient_id in names else ""


@dataclass
class PaidLine:
    """What one charge got from a receipt, by however many tenders."""

    charge: Any
    applied: int = 0


def _by_charge(entries: Iterable[Any]) -> list[PaidLine]:
    lines: dict[int, PaidLine] = {}
    for entry in entries:
        lines.setdefault(entry.charge_id, PaidLine(entry.charge)).applied += entry.applied
    return list(lines.values())
