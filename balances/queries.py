"""Reads of debt and money for screens and engines. Amounts are minor units."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from balances.models import Charge, Credit, Entry, Invoice
from balances.states import OPENS_CHARGE, CreditKind, EntryKind, Settlement, settlement
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account

TARGET_ORDER = ("invoice__invoice_date", "invoice__due_date", "invoice__number", "service_date", "line", "pk")
"""Oldest invoice first; inside it service date, then line (A3)."""


@dataclass(frozen=True)
class Balance:
    """What was charged (less what was credited) and what is left, in minor units, of an event or an invoice.

    What is on a plan is `planned`: of an invoice it is owed elsewhere, of an event it is still among what is left.
    """

    charged: int = 0
    outstanding: int = 0
    written_off: int = 0
    moved: int = 0
    planned: int = 0

    @property
    def applied(self) -> int:
        """What has been paid of it."""
        return self.charged - self.outstanding - self.written_off - self.moved

    @property
    def settlement(self) -> Settlement:
        """Paid, partial, unpaid or no charge; derived, never stored."""
        return settlement(self.charged, self.outstanding, self.applied)

    @property
    def badges(self) -> list[str]:
        """What a settlement alone doesn't say (B2)."""
        said = {"Written off": self.written_off, "On plan": self.planned or self.moved}
        return [words for words, amount in said.items() if amount]


def open_charges(accounts: Iterable[Account | int]) -> QuerySet[Charge]:
    """Billed charges of the accounts with something outstanding, in the order in which money pays them (A3)."""
    return (
        Charge.objects.filter(account__in=_ids(accounts), outstanding__gt=0, invoice__isnull=False)
        .select_related("invoice", "event", "patient")
        .order_by(*TARGET_ORDER)
    )


def billed_charges(account: Account, charge_ids: Iterable[int]) -> QuerySet[Charge]:
    """These billed charges of the account, paid ones too."""
    rows = Charge.objects.filter(account=account, pk__in=list(charge_ids), invoice__isnull=False)
    return rows.select_related("invoice", "event", "patient").order_by(*TARGET_ORDER)


def open_credits(accounts: Iterable[Account | int]) -> QuerySet[Credit]:
    """Credits of the accounts with something available, oldest received first."""
    return (
        Credit.objects.filter(account__in=_ids(accounts), available__gt=0)
        .exclude(kind=CreditKind.REFUND_PENDING)
        .select_related("payment")
        .order_by("received_on", "pk")
    )


def in_hand(payment_id: int) -> list[Credit]:
    """A payment's money that can go back, in the order in which a refund takes it: free money first (R2)."""
    order = [CreditKind.UNAPPLIED, CreditKind.DEPOSIT, CreditKind.PRE_PAYMENT]
    rows = Credit.objects.filter(payment=payment_id, kind__in=order, available__gt=0).order_by("pk")
    return sorted(rows, key=lambda credit: order.index(CreditKind(credit.kind)))


def free_credit(payment_id: int) -> Credit:
    """A payment's money that is free within its account, even when none is left of it. Raises Refusal if none was."""
    free = [CreditKind.DEPOSIT, CreditKind.UNAPPLIED]
    credit = Credit.objects.filter(payment=payment_id, kind__in=free).order_by("-available", "pk").first()
    if credit is None:
        raise Refusal("This payment holds no money that could be applied.")
    return credit


def event_balances(event_ids: Iterable[int]) -> dict[int, Balance]:
    """Balance of each event, one query for all; events without charges are absent (B2).

    Instalments and plan principal keep their event: they are owed, but they were charged once, by their source.
    """
    rows = (
        Charge.objects.filter(event__in=list(event_ids))
        .values("event")
        .annotate(
            charged=Coalesce(Sum("amount", filter=Q(source=None)), 0) - Coalesce(Sum("credited"), 0),
            planned=Coalesce(Sum("outstanding", filter=Q(source__isnull=False)), 0),
            outstanding=Sum("outstanding"),
            written_off=Sum("written_off"),
        )
    )
    return {
        row["event"]: Balance(row["charged"], row["outstanding"], row["written_off"], planned=row["planned"])
        for row in rows
    }


def with_balances(events: list[Any]) -> list[Any]:
    """Give each event its `balance`, one query for all; None while nothing was charged."""
    balances = event_balances(event.pk for event in events)
    for event in events:
        event.balance = balances.get(event.pk)
    return events


def event_charges(event_id: int) -> QuerySet[Charge]:
    """What was charged for an event."""
    return Charge.objects.filter(event=event_id).select_related("invoice").order_by("line", "pk")


def invoices_with_balance(**where: object) -> QuerySet[Any]:
    """Invoices with the figures of their balance, oldest first; one without open lines is void (B1)."""
    return (
        Invoice.objects.filter(**where)
        .annotate(
            charged=Coalesce(Sum("charges__amount"), 0) - Coalesce(Sum("charges__credited"), 0),
            outstanding=Coalesce(Sum("charges__outstanding"), 0),
            written_off=Coalesce(Sum("charges__written_off"), 0),
            moved=Coalesce(Sum("charges__moved"), 0),
            open_lines=Count("charges", filter=Q(charges__voided=False)),
        )
        .select_related("event", "location")
        .order_by("invoice_date", "number")
    )


def invoice_balance(invoice: Any) -> Balance:
    """The balance of one of `invoices_with_balance`."""
    return Balance(invoice.charged, invoice.outstanding, invoice.written_off, invoice.moved)


def accounts_that_paid(invoice: Invoice) -> set[int]:
    """The accounts whose money is or was applied to an invoice."""
    rows = Entry.objects.filter(charge__invoice=invoice, credit__isnull=False)
    return set(rows.values_list("credit__account", flat=True))


def invoice_charges(invoice: Invoice) -> QuerySet[Charge]:
    """The lines of an invoice."""
    return Charge.objects.filter(invoice=invoice).select_related("patient", "event").order_by("line", "pk")


def allocations(**where: object) -> QuerySet[Entry]:
    """Allocations, undone ones too, newest first, with both sides."""
    return (
        Entry.objects.filter(kind=EntryKind.ALLOCATE, **where)
        .select_related("posting", "charge__invoice", "charge__event", "charge__patient", "credit__payment")
        .order_by("-pk")
    )


def live_allocations(**where: object) -> QuerySet[Entry]:
    """Allocations that nothing has undone, newest first, with both sides."""
    return allocations(**where).filter(reversed_by=None)


def clinic_totals() -> dict[str, int]:
    """What the clinic's accounts owe and have in hand, and how many owe."""
    return Account.objects.aggregate(
        outstanding=Coalesce(Sum("owes"), 0),
        unapplied=Coalesce(Sum("unapplied"), 0),
        deposits=Coalesce(Sum("deposits"), 0),
        owing=Count("pk", filter=Q(owes__gt=0)),
    )


def _ids(accounts: Iterable[Account | int]) -> list[int]:
    return [account if isinstance(account, int) else account.pk for account in accounts]


def entries_of_payment(payment_id: int) -> QuerySet[Entry]:
    """Every line that moved a payment's money, newest first."""
    return (
        Entry.objects.filter(credit__payment=payment_id)
        .select_related("posting", "charge__invoice")
        .order_by("-posting__made_at", "-pk")
    )


def entries_of_posting(posting_id: int | None) -> QuerySet[Entry]:
    """The lines of one act, with their two sides."""
    return (
        Entry.objects.filter(posting=posting_id).select_related("posting", "charge__invoice", "credit").order_by("pk")
    )


def entries_of_acts(posting_ids: Iterable[int], kind: EntryKind) -> list[Entry]:
    """The lines of one kind that these acts made."""
    return list(Entry.objects.filter(posting__in=list(posting_ids), kind=kind).order_by("pk"))


TENDER = [
    EntryKind.RECEIVE,
    EntryKind.UNRECEIVE,
    EntryKind.REFUND,
    EntryKind.UNREFUND,
    EntryKind.RETURN,
    EntryKind.UNRETURN,
]
"""Lines by which money came in or went out."""


def received_on(day: date) -> int:
    """Money received on a business date, less what was reversed, refunded or taken back on it (minor units)."""
    rows = Entry.objects.filter(kind__in=TENDER, posting__business_date=day)
    total: int = rows.aggregate(total=Coalesce(Sum("credit_delta"), 0))["total"]
    return total


def applied_between(account_id: int, start: datetime, end: datetime) -> int:
    """What was applied to an account's charges in [start, end) and still is (minor units).

    What is left of an earlier application, of which a part was undone, is no new money.
    """
    earlier = Entry.objects.filter(
        posting=OuterRef("posting"),
        charge=OuterRef("charge"),
        kind=EntryKind.UNALLOCATE,
        reverses__posting__made_at__lt=start,
    )
    rows = Entry.objects.filter(
        ~Exists(earlier),
        charge__account=account_id,
        kind=EntryKind.ALLOCATE,
        reversed_by=None,
        posting__made_at__gte=start,
        posting__made_at__lt=end,
    )
    return -int(rows.aggregate(total=Coalesce(Sum("charge_delta"), 0))["total"])


def owes_since_before(account_id: int, moment: datetime) -> bool:
    """Whether an account owes, billed or on a plan, anything that it owed for the first time before a moment."""
    charges = Charge.objects.filter(account=account_id, outstanding__gt=0)
    return charges.filter(entries__kind__in=OPENS_CHARGE, entries__posting__made_at__lt=moment).exists()


def last_act_on_debt(account_id: int) -> Entry | None:
    """The newest line that moved a charge of an account."""
    rows = Entry.objects.filter(charge__account=account_id).select_related("charge")
    return rows.order_by("-pk").first()
