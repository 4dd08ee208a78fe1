"""Reads of write-offs: what could pay, what a plan gives back, what waits for whom. Amounts are minor units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from balances.held import held_money, open_holds
from balances.models import Charge, Credit, Invoice
from balances.queries import open_charges, open_credits
from balances.states import ChargeKind, CreditKind
from clinicpay.patients.models import Account
from clinicpay.staff.models import Delegation, Membership
from clinicpay.staff.roles import Can
from followups.models import Plan, WriteOff, WriteOffLine
from followups.states import PlanStatus, WriteOffStatus
from payments.models import Payment
from treatments.models import TreatmentEvent


class Usable(NamedTuple):
    """Money of an account that could pay what is to be given up: free, or held for just that."""

    payment: Payment
    amount: int
    is_free: bool

    @property
    def words(self) -> str:
        """What leads from the amount to the payment's number."""
        return "of" if self.is_free else "held for this on"


def usable_money(account: Account, charge_ids: Sequence[int]) -> list[Usable]:
    """What stands against a write-off of these charges (W3): free money, and pre-payments that match one of them."""
    free = [one for one in open_credits([account]) if one.kind in (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)]
    found = [Usable(one.payment, one.available, is_free=True) for one in free]
    wanted = set(charge_ids)
    fitting = [
        one
        for one in held_money(open_holds().filter(account=account))
        if any(target.id in wanted for target in one.found.charges)
    ]
    if not fitting:
        return found
    rows = Credit.objects.select_related("payment").in_bulk([one.id for one in fitting])
    return found + [Usable(rows[one.id].payment, one.available, is_free=False) for one in fitting]


def active_plans(account: Account) -> list[Plan]:
    """The account's plans that bill instalments still, oldest first."""
    return list(Plan.objects.filter(account=account, status=PlanStatus.ACTIVE).order_by("pk"))


def unbilled(account: Account) -> dict[int, int]:
    """What is unbilled on the account's plans, by the charge that each part came from."""
    rows = Charge.objects.filter(account=account, kind=ChargeKind.PRINCIPAL, outstanding__gt=0, source__isnull=False)
    return dict(rows.values_list("source").annotate(left=Sum("outstanding")).order_by("source"))


def owed_by_charge(charge_ids: Iterable[int]) -> dict[int, int]:
    """What each of these charges owes now."""
    return dict(Charge.objects.filter(pk__in=list(charge_ids)).values_list("pk", "outstanding"))


def all_write_offs() -> QuerySet[WriteOff]:
    """All write-offs with what lists show of them, newest first."""
    return WriteOff.objects.select_related("account", "delegation__member__user").order_by("-requested_at", "-pk")


class Open(NamedTuple):
    """An open invoice that may be given up, with what it owes; `waits` is the write-off that asks for it already.

    `events` are the treatments whose charges owe it.
    """

    invoice: Invoice
    owes: int
    waits: WriteOff | None
    events: tuple[TreatmentEvent, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What a write-off of an account would be about: its open invoices, its plans, and what stands against it."""

    invoices: list[Open]
    plans: list[Plan]
    unbilled: int
    usable: list[Usable]
    planned: list[TreatmentEvent] = field(default_factory=list)
    """The treatments whose charges are on the plans, unbilled."""

    @cached_property
    def free(self) -> list[Open]:
        """The invoices that can be chosen."""
        return [one for one in self.invoices if one.waits is None]

    @property
    def total(self) -> int:
        """What they owe together."""
        return sum(one.owes for one in self.free)

    @property
    def is_blocked(self) -> bool:
        """Whether free money stands against any choice; what is held does only against what it is held for."""
        return any(one.is_free for one in self.usable)

    @property
    def waiting(self) -> list[WriteOff]:
        """The write-offs that some of the invoices wait for."""
        return list({one.waits.pk: one.waits for one in self.invoices if one.waits}.values())


def facts_of(account: Account) -> Facts:
    """What the page of a new write-off shows."""
    rows = WriteOffLine.objects.filter(write_off__account=account, write_off__status=WriteOffStatus.REQUESTED)
    waits = {line.charge_id: line.write_off for line in rows.select_related("write_off")}
    found: dict[int, Open] = {}
    charges = list(open_charges([account]))
    for one in charges:
        assert one.invoice  # open charges are billed
        before = found.get(one.invoice.pk, Open(one.invoice, 0, None))
        events = before.events if one.event is None or one.event in before.events else (*before.events, one.event)
        owes = before.owes + one.outstanding
        found[one.invoice.pk] = Open(one.invoice, owes, before.waits or waits.get(one.pk), events)
    back = unbilled(account)
    usable = usable_money(account, [*(one.pk for one in charges), *back]) if charges or back else []
    if not back:
        return Facts(list(found.values()), [], 0, usable)
    treated = TreatmentEvent.objects.filter(charges__in=list(back)).distinct().order_by("number")
    return Facts(list(found.values()), active_plans(account), sum(back.values()), usable, list(treated))


class Asked(NamedTuple):
    """A write-off that waits for its decision, and those of some invoices of which it asks to give something up."""

    write_off: WriteOff
    invoices: list[Invoice]

    @property
    def words(self) -> str:
        """Who waits for what: "WO-003 asks to write off INV-001, INV-002"."""
        return f"{self.write_off.ref} asks to write off {', '.join(one.ref for one in self.invoices)}"


def asked_of(invoice_ids: Iterable[int]) -> list[Asked]:
    """The write-offs that wait and ask for some of these invoices, oldest first: one query."""
    rows = WriteOffLine.objects.filter(
        charge__invoice__in=list(invoice_ids), write_off__status=WriteOffStatus.REQUESTED
    )
    found: dict[WriteOff, dict[Invoice, None]] = {}
    for line in rows.select_related("write_off", "charge__invoice").order_by("write_off", "charge__invoice__number"):
        if line.charge.invoice:
            found.setdefault(line.write_off, {})[line.charge.invoice] = None
    return [Asked(write_off, list(invoices)) for write_off, invoices in found.items()]


class Part(NamedTuple):
    """What a write-off gives up of one invoice: what was asked for, what it owes now, what is still given up."""

    invoice: Invoice
    asked: int
    owes: int
    given_up: int
    events: frozenset[TreatmentEvent] = frozenset()


def parts_of(write_off: WriteOff) -> list[Part]:
    """The invoices of a write-off, oldest first; what a plan would give back counts as owed while it is asked for."""
    lines = list(
        write_off.lines.select_related("charge__invoice", "charge__event").order_by(
            "charge__invoice__invoice_date", "pk"
        )
    )
    with_plans = write_off.with_plans and write_off.status == WriteOffStatus.REQUESTED
    back = unbilled(write_off.account) if with_plans else {}
    found: dict[int, Part] = {}
    for line in lines:
        invoice = line.charge.invoice
        assert invoice  # what is written off is billed
        so_far = found.get(invoice.pk, Part(invoice, 0, 0, 0))
        owes = line.charge.outstanding + back.get(line.charge_id, 0)
        given_up = so_far.given_up + line.charge.written_off
        events = so_far.events | ({line.charge.event} if line.charge.event else set())
        found[invoice.pk] = Part(invoice, so_far.asked + line.amount, so_far.owes + owes, given_up, events)
    return list(found.values())


def waiting_for(member: Membership) -> tuple[int, int]:
    """How many write-offs wait that this member may approve now, and their sum."""
    found = decidable(member).aggregate(count=Count("pk"), amount=Coalesce(Sum("amount"), 0))
    return found["count"], found["amount"]


def decidable(member: Membership) -> QuerySet[WriteOff]:
    """Write-offs that wait and that this member may approve now: all for an owner, others' within a delegation."""
    rows = WriteOff.objects.filter(status=WriteOffStatus.REQUESTED)
    if member.can(Can.APPROVE_WRITE_OFF):
        return rows
    leave = Delegation.objects.filter(member=member, ended_at=None, expires_at__gt=timezone.now())
    most = leave.values("limit")[:1]
    return rows.filter(amount__lte=Subquery(most)).exclude(requested_by_id=member.user_id)


def invoices_of(rows: Iterable[WriteOff]) -> dict[int, list[int]]:
    """The numbers of the invoices of each write-off; one question for all."""
    found: dict[int, list[int]] = {}
    lines = WriteOffLine.objects.filter(write_off__in=[row.pk for row in rows]).order_by("charge__invoice__number")
    for pk, number in lines.values_list("write_off", "charge__invoice__number"):
        if number not in found.setdefault(pk, []):
            found[pk].append(number)
    return found


def written_off_between(first: date, last: date) -> QuerySet[WriteOff]:
    """Write-offs that gave up (`given`) or gave back (`back`) something on these business dates, both included.

    By the ledger's dates, as the journal tells the expense, not by when somebody pressed; in order of approval.
    """
    given = Q(lines__entry__posting__business_date__range=(first, last))
    back = Q(lines__entry__reversed_by__posting__business_date__range=(first, last))
    rows = all_write_offs().filter(given | back)
    sums = {"given": Sum("lines__amount", filter=given), "back": Sum("lines__amount", filter=back)}
    return rows.annotate(**{name: Coalesce(each, 0) for name, each in sums.items()}).order_by("decided_at", "pk")
