"""Reads of payments and receipts for screens. Amounts are minor units."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from balances.models import Credit
from balances.queries import live_allocations
from balances.states import CreditKind
from payments.models import Payment, Receipt, Refund
from payments.states import MONEY, PaymentStatus, RefundStatus

FREE = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)


@dataclass(frozen=True)
class Parts:
    """Where a payment's money is: applied, free, held as a pre-payment, reserved for a refund, or gone again."""

    amount: int
    free: int = 0
    held: int = 0
    reserved: int = 0
    gone: int = 0
    status: str = PaymentStatus.PAID

    @property
    def in_hand(self) -> int:
        """What is free, held or set aside."""
        return self.free + self.held + self.reserved

    @property
    def received(self) -> bool:
        """Whether it is money at all."""
        return self.status in MONEY

    @property
    def applied(self) -> int:
        """What has been applied to charges."""
        return self.amount - self.in_hand - self.gone if self.received else 0

    @property
    def state(self) -> str:
        """How lists colour it: reversed, held, part, full, or "" for nothing applied (reading C15)."""
        if self.status == PaymentStatus.VOIDED:
            return "reversed"
        if self.held:
            return "held"
        if self.applied == 0:
            return ""
        return "part" if self.in_hand else "full"


def together(parts: Iterable[Parts]) -> Parts:
    """Several payments as one, as a receipt's row is coloured; what was voided no longer counts, unless all was."""
    rows = list(parts)
    good = [one for one in rows if one.status != PaymentStatus.VOIDED]
    if not good:
        return Parts(sum(one.amount for one in rows), status=PaymentStatus.VOIDED)
    sums = {name: sum(getattr(one, name) for one in good) for name in ("amount", "free", "held", "reserved", "gone")}
    return Parts(**sums, status=PaymentStatus.PAID if any(one.received for one in good) else good[0].status)


def with_parts(payments: Iterable[Any]) -> list[Any]:
    """Give each payment the `parts` in which its money is; two queries at most."""
    rows = list(payments)
    parts = parts_of(rows)
    for row in rows:
        row.parts = parts[row.pk]
    return rows


def payments() -> QuerySet[Payment]:
    """All payments with what lists show of them, newest first."""
    return Payment.objects.select_related("patient", "account", "event").order_by("-created_at", "-pk")


# A function, whose plan a session keeps; a new column of the list goes there: payments/sql/0032_lines.sql
_LINES = "select * from payments_lines(%(keys)s, %(free)s, %(held)s, %(refunded)s)"


def lines(keys: Sequence[int]) -> list[dict[str, Any]]:
    """What the list shows of these payments, and the keys of its orders, in one query; see `name_in`, `parts_in`."""
    asked: dict[str, Any] = {
        "keys": list(keys),
        "free": list(FREE),
        "held": CreditKind.PRE_PAYMENT,
        "refunded": sorted(REFUNDED),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LINES, asked)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def name_in(line: dict[str, Any]) -> str:
    """Whose payment a line of `lines` is: the patient's, else the account's."""
    return str(line["account"] if line["patient"] is None else line["patient"])


def parts_in(line: dict[str, Any]) -> Parts:
    """Where the money of a line is."""
    free, held, left = line["in_hand"]
    return Parts(line["amount"], free, held, left - free - held, line["gone"], line["status"])


def parts_of(rows: Iterable[Payment]) -> dict[int, Parts]:
    """Where the money of each payment is: one query for all, and one more if any was refunded."""
    rows = list(rows)
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    credits = Credit.objects.filter(payment__in=rows).values_list("payment", "kind").annotate(left=Sum("available"))
    for payment, kind, left in credits:
        found[payment][_PART.get(kind, "free")] += left
    went = gone_of(row.pk for row in rows if row.status in REFUNDED)
    return {row.pk: Parts(row.amount, **found[row.pk], gone=went.get(row.pk, 0), status=row.status) for row in rows}


_PART = {CreditKind.PRE_PAYMENT: "held", CreditKind.REFUND_PENDING: "reserved"}
REFUNDED = {PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}


def gone_of(payments: Iterable[int]) -> dict[int, int]:
    """What went back of these payments, by us or taken by others, and did not come again; none asks nothing."""
    ids = list(payments)
    if not ids:
        return {}
    went = Refund.objects.filter(payment__in=ids, status=RefundStatus.SUCCEEDED, reversed_at=None)
    return dict(went.values_list("payment").annotate(gone=Sum("amount")))


def receipts_in_colour(receipts: Iterable[Any]) -> list[Any]:
    """Give each receipt its payments' `parts`, and theirs together."""
    rows = list(receipts)
    found = parts_of(payment for row in rows for payment in row.payments.all())
    for row in rows:
        row.parts = together(found[payment.pk] for payment in row.payments.all())
    return rows


def receipts_of(account_id: int) -> QuerySet[Any]:
    """Receipts of an account, newest first, with their amounts; what was reversed no longer counts."""
    good = Sum("payments__amount", filter=~Q(payments__status=PaymentStatus.VOIDED))
    return (
        Receipt.objects.filter(account=account_id)
        .annotate(amount=Coalesce(good, 0))
        .prefetch_related("payments")
        .order_by("-pk")
    )


def receipt_facts(receipt: Receipt) -> dict[str, Any]:
    """A receipt's payments, whose money it is, what they paid, where the rest is, and what the account still owes."""
    payments = with_parts(receipt.payments.all())
    good = [payment for payment in payments if payment.status != PaymentStatus.VOIDED]
    applied = _by_charge(reversed(list(live_allocations(credit__payment__in=good))))
    return {
        "payments": payments,
        "amount": sum(payment.amount for payment in good),
        "applied": applied,
        "rest": together(payment.parts for payment in good) if good else Parts(0),
        "account": receipt.account,
        "payer": payments[0].payer if payments else None,
    }


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
