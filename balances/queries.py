"""Reads of debt and money for screens and engines. Amounts are minor units."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from balances.models import AutoApplyRun, Charge, ClosedDay, Credit, Decision, Entry, Invoice
from balances.states import OPENS_CHARGE, CreditKind, EntryKind, PostingKind, Settlement, Source, settlement
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from treatments.models import TreatmentEvent
from treatments.states import COMPLETED

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
        Charge.objects.filter(account__among=_ids(accounts), outstanding__gt=0, invoice__isnull=False)
        .select_related("invoice", "event", "patient")
        .order_by(*TARGET_ORDER)
    )


def open_charges_of_event(event_id: int) -> QuerySet[Charge]:
    """Billed charges of a treatment with something outstanding, in the order in which money pays them (A3)."""
    rows = Charge.objects.filter(event=event_id, outstanding__gt=0, invoice__isnull=False)
    return rows.select_related("invoice", "event", "patient").order_by(*TARGET_ORDER)


def billed_charges(account: Account, charge_ids: Iterable[int]) -> QuerySet[Charge]:
    """These billed charges of the account, paid ones too."""
    rows = Charge.objects.filter(account=account, pk__in=list(charge_ids), invoice__isnull=False)
    return rows.select_related("invoice", "event", "patient").order_by(*TARGET_ORDER)


def open_credits(accounts: Iterable[Account | int]) -> QuerySet[Credit]:
    """Credits of the accounts with something available, oldest received first."""
    return (
        Credit.objects.filter(account__among=_ids(accounts), available__gt=0)
        .exclude(kind=CreditKind.REFUND_PENDING)
        .select_related("payment")
        .order_by("received_on", "pk")
    )


def accounts_in_credit() -> QuerySet[Credit, int]:
    """Ids of accounts that have something in hand, in their order."""
    return Credit.objects.filter(available__gt=0).order_by("account").values_list("account", flat=True).distinct()


def in_hand(payment_id: int, *, also: int = 0) -> list[Credit]:
    """A payment's money that can go back, in the order in which a refund takes it: free money first (R2).

    Of it the credit with the id `also` even when nothing is left of that.
    """
    order = [CreditKind.UNAPPLIED, CreditKind.DEPOSIT, CreditKind.PRE_PAYMENT]
    rows = Credit.objects.filter(Q(available__gt=0) | Q(pk=also), payment=payment_id, kind__in=order).order_by("pk")
    return sorted(rows, key=lambda credit: order.index(CreditKind(credit.kind)))


def received_credit(payment_id: int) -> Credit:
    """The credit into which a payment was received, even when none is left of it.

    It is free within its account; what is held or reserved was moved out of it. Raises Refusal when the payment
    was never received.
    """
    free = [CreditKind.UNAPPLIED, CreditKind.DEPOSIT]
    found = Credit.objects.filter(payment=payment_id, kind__in=free).first()
    if found is None:
        raise Refusal("This payment has no money in hand.")
    return found


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
    """Give each event its `balance`, one query for all; None before it is complete and while nothing was charged."""
    balances = event_balances(event.pk for event in events)
    for event in events:
        event.balance = balances.get(event.pk, Balance() if event.state in COMPLETED else None)
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


def with_events(invoices: Iterable[Any]) -> list[Any]:
    """Give each invoice the `events` that its lines are for, an instalment's too; one query for all (S0.6)."""
    rows = list(invoices)
    found: dict[int, list[TreatmentEvent]] = {row.pk: [] for row in rows}
    lines = Charge.objects.filter(invoice__in=list(found), event__isnull=False).order_by("event__number")
    for invoice, event, number in lines.values_list("invoice", "event", "event__number").distinct():
        found[invoice].append(TreatmentEvent(pk=event, number=number))
    for row in rows:
        row.events = found[row.pk]
    return rows


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


def credit_notes(**where: object) -> QuerySet[Entry]:
    """Credit notes, newest first: reversed ones and those of void invoices, too."""
    rows = Entry.objects.filter(kind=EntryKind.CREDIT_NOTE, **where)
    return rows.select_related("posting", "charge__invoice", "charge__event", "charge__account").order_by("-pk")


def clinic_totals() -> dict[str, int]:
    """What the clinic's accounts owe and have in hand, and how many owe."""
    return Account.objects.aggregate(
        outstanding=Coalesce(Sum("owes"), 0),
        unapplied=Coalesce(Sum("unapplied"), 0),
        deposits=Coalesce(Sum("deposits"), 0),
        held=Coalesce(Sum("held"), 0),
        owing=Count("pk", filter=Q(owes__gt=0)),
    )


def _ids(accounts: Iterable[Account | int]) -> list[int]:
    return [account if isinstance(account, int) else account.pk for account in accounts]


def entries_of_payment(payment_id: int) -> QuerySet[Entry]:
    """Every line that moved a payment's money, newest first."""
    return (
        Entry.objects.filter(credit__payment=payment_id)
        .select_related("posting__run", "charge__invoice", "credit__event")
        .order_by("-posting__made_at", "-pk")
    )


def entries_of_debt(**charge: object) -> QuerySet[Entry]:
    """Every line that moved charges such as those of an `invoice` or an `event`, charge by charge, with both sides."""
    rows = Entry.objects.filter(**{f"charge__{name}": value for name, value in charge.items()})
    return rows.select_related("posting__run", "credit__payment", "charge__invoice").order_by("charge", "pk")


def entries_on_charges(charge_ids: Iterable[int]) -> QuerySet[Entry]:
    """Every line that moved these charges, in the order of their business dates."""
    return Entry.objects.filter(charge__in=list(charge_ids)).order_by("posting__business_date", "pk")


def entries_of_posting(posting_id: int | None) -> QuerySet[Entry]:
    """The lines of one act, with their two sides."""
    return (
        Entry.objects.filter(posting=posting_id).select_related("posting", "charge__invoice", "credit").order_by("pk")
    )


def entries_of_acts(posting_ids: Iterable[int], kind: EntryKind) -> list[Entry]:
    """The lines of one kind that these acts made."""
    return list(Entry.objects.filter(posting__in=list(posting_ids), kind=kind).order_by("pk"))


def receivers_of(payment_ids: Iterable[int]) -> dict[int, int | None]:
    """Who took the money of each payment, by the user's id; none for what is not received."""
    received = Entry.objects.filter(kind=EntryKind.RECEIVE, credit__payment__in=list(payment_ids))
    return dict(received.values_list("credit__payment", "posting__made_by_id"))


TENDER = [
    EntryKind.RECEIVE,
    EntryKind.UNRECEIVE,
    EntryKind.REFUND,
    EntryKind.UNREFUND,
    EntryKind.RETURN,
    EntryKind.UNRETURN,
]
"""Lines by which money came in or went out."""


def received_on(day: date, location_id: int | None = None) -> int:
    """Money received on a business date, less what was reversed, refunded or taken back on it (minor units).

    At a location, or at all of them.
    """
    rows = Entry.objects.filter(kind__in=TENDER, posting__business_date=day)
    if location_id:
        rows = rows.filter(posting__location=location_id)
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


def recovered_between(first: date, last: date) -> int:
    """What was written off and paid after all, on the business dates from `first` to `last`."""
    rows = Entry.objects.filter(
        kind=EntryKind.RECOVER, posting__kind=PostingKind.RECOVER, posting__business_date__range=(first, last)
    )
    found: int = rows.aggregate(total=Coalesce(Sum("charge_delta"), 0))["total"]
    return found


def owes_since_before(account_id: int, moment: datetime, *, also: Iterable[int] = ()) -> bool:
    """Whether an account owes, billed or on a plan, anything that it owed for the first time before a moment.

    `also` are charges that are about to be owed again.
    """
    charges = Charge.objects.filter(Q(outstanding__gt=0) | Q(pk__in=list(also)), account=account_id)
    return charges.filter(entries__kind__in=OPENS_CHARGE, entries__posting__made_at__lt=moment).exists()


def last_act_on_debt(account_id: int) -> Entry | None:
    """The newest line that moved a charge of an account."""
    rows = Entry.objects.filter(charge__account=account_id).select_related("charge")
    return rows.order_by("-pk").first()


def is_closed(location_id: int, day: date) -> bool:
    """Whether a location's business date takes no more postings."""
    return ClosedDay.objects.filter(location=location_id, day=day, reopened_at=None).exists()


def first_open_day(location_id: int, first: date) -> date:
    """The business date on which a posting would land: the first open one on or after `first`. Holds no lock."""
    rows = ClosedDay.objects.filter(location=location_id, day__gte=first, reopened_at=None)
    closed = set(rows.values_list("day", flat=True))
    while first in closed:
        first += timedelta(days=1)
    return first


def oldest_open_date(account_id: int) -> date | None:
    """The date of the oldest invoice on which an account owes something (G3)."""
    rows = Charge.objects.filter(account=account_id, outstanding__gt=0, invoice__isnull=False)
    found: date | None = rows.aggregate(oldest=Min("invoice__invoice_date"))["oldest"]
    return found


def runs() -> QuerySet[AutoApplyRun]:
    """Automatic runs and the previews that were not applied, newest first."""
    return AutoApplyRun.objects.order_by("-number")


@dataclass(frozen=True)
class Standing:
    """What a run decided, counted and summed (minor units)."""

    taken: int = 0
    taken_amount: int = 0
    left: int = 0
    left_amount: int = 0
    changed: int = 0


def last_night() -> date | None:
    """The local date of the newest night that has applied money."""
    nights = AutoApplyRun.objects.filter(source=Source.NIGHTLY, finished_at__isnull=False).order_by("-local_date")
    return nights.values_list("local_date", flat=True).first()


def standing_of(run: AutoApplyRun) -> Standing:
    """The figures above a run's decisions, one query."""
    taken, left = Q(charge__isnull=False, left_out=False), Q(charge=None, left_out=False)
    return Standing(
        **Decision.objects.filter(run=run).aggregate(
            taken=Count("pk", filter=taken),
            taken_amount=Coalesce(Sum("amount", filter=taken), 0),
            left=Count("pk", filter=left),
            left_amount=Coalesce(Sum("amount", filter=left), 0),
            changed=Count("credit__account", filter=Q(left_out=True), distinct=True),
        )
    )
