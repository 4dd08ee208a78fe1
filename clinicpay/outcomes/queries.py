"""What a treatment's page says of money: what each amount is, and every record that touched it (S0.1, S0.11)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.models import QuerySet

from balances.models import Charge, Credit
from balances.queries import Balance, allocations, event_charges, live_allocations
from balances.states import ChargeKind
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account
from followups.models import Instalment, Plan, PlanPart, Statement, WriteOff, WriteOffLine
from payments.models import Payment, PaymentContext, Refund
from payments.queries import Parts, lines, parts_in
from payments.states import OVERDUE, PaymentStatus
from treatments.models import TreatmentEvent
from treatments.states import EventState

BESIDE = ("posting", "charge__invoice", "charge__event")
"""What stands beside an allocation on the page."""

NEWEST = 20
"""Statements of the account that are looked through."""


class Completed(NamedTuple):
    """Who marked the clinical record complete, with their role; nobody in particular for what was imported."""

    who: str


def completed(event: TreatmentEvent) -> Completed | None:
    """By whom it is complete now; None while it is not."""
    if not event.is_completed:
        return None
    rows = AuditEvent.objects.filter(
        subject_type=TreatmentEvent._meta.label_lower, subject_id=event.pk, action="event.moved"
    )
    last = rows.filter(after__state=EventState.CLOSED).order_by("-pk").values_list("actor", flat=True).first()
    return Completed(last or "")


@dataclass(frozen=True)
class Line:
    """One amount of a treatment: the charge, where it stands, and what became of it (minor units)."""

    charge: Charge
    plan: Plan | None = None

    @property
    def kind(self) -> str:
        """What a reader calls it, where its description doesn't say so."""
        return "On the plan" if self.charge.kind == ChargeKind.PRINCIPAL else ""

    @property
    def nothing_left(self) -> str:
        """Why nothing is left of it, in a word or two."""
        charge = self.charge
        if charge.voided:
            return "void"
        if charge.moved:
            return "billed" if charge.kind == ChargeKind.PRINCIPAL else "on a plan"
        if charge.written_off:
            return "written off"
        return "credited" if charge.credited == charge.amount else "paid"


class OnPlan(NamedTuple):
    """What of a treatment went on a payment plan."""

    plan: Plan
    amount: int


class GivenUp(NamedTuple):
    """What of a treatment a write-off gives up."""

    write_off: WriteOff
    amount: int


class Paid(NamedTuple):
    """A payment that touched the treatment: how, and what of it is applied here now (minor units)."""

    number: int
    ref: str
    facts: dict[str, Any]
    parts: Parts
    how: str
    here: int
    overdue: bool

    @property
    def label(self) -> str:
        """Its status in words."""
        return PaymentStatus(self.facts["status"]).label


@dataclass(frozen=True)
class Touched:
    """Every record that touched the money of a treatment."""

    lines: list[Line]
    payments: list[Paid]
    refunds: list[Refund]
    plans: list[OnPlan]
    write_offs: list[GivenUp]
    statements: list[Statement]
    allocations: list[Any]

    @property
    def balance(self) -> Balance | None:
        """What was charged and is left, as `event_balances` has it; None while nothing was charged (B2)."""
        charges = [line.charge for line in self.lines]
        if not charges:
            return None
        return Balance(
            charged=sum(one.amount for one in charges if not one.source_id) - sum(one.credited for one in charges),
            outstanding=sum(one.outstanding for one in charges),
            written_off=sum(one.written_off for one in charges),
            planned=sum(one.outstanding for one in charges if one.source_id),
        )

    @property
    def is_plain(self) -> bool:
        """Whether each amount is a procedure on an invoice and no more: then its list says it all."""
        odd = (
            one.charge.source_id or one.charge.moved or one.charge.credited or one.charge.written_off
            for one in self.lines
        )
        return not any(odd) and all(one.charge.procedure_id for one in self.lines)

    @property
    def debtors(self) -> list[Account]:
        """The accounts that owe something of it, billed or on a plan."""
        return list(
            {line.charge.account_id: line.charge.account for line in self.lines if line.charge.outstanding}.values()
        )


def touched(event: TreatmentEvent, today: date) -> Touched:
    """What was charged, asked, paid, held, refunded, planned, given up and stated; as many questions for any event."""
    charges = list(event_charges(event.pk).select_related("invoice", "account"))
    parts = list(PlanPart.objects.filter(charge__event=event, principal__isnull=False).select_related("plan"))
    applied = list(live_allocations(charge__event=event).select_related("credit__payment__receipt", *BESIDE))
    refunds = Refund.objects.filter(payment__in=_payment_keys(event)).select_related("payment").order_by("-pk")
    return Touched(
        _lines(event, charges, parts),
        _payments(event, applied, today),
        list(refunds),
        [OnPlan(*one) for one in _summed((part.plan, part.amount) for part in parts)],
        _write_offs(event),
        _statements(event, charges),
        applied,
    )


def _lines(event: TreatmentEvent, charges: list[Charge], parts: list[PlanPart]) -> list[Line]:
    """The charges, those of plans each with its plan."""
    billed = Instalment.objects.filter(invoice__charges__event=event).select_related("plan").distinct()
    by_invoice = {one.invoice_id: one.plan for one in billed}
    plans = {part.principal_id: part.plan for part in parts}
    in_order = sorted(charges, key=lambda one: bool(one.source_id))  # first what was charged, then where it went
    return [Line(one, plans.get(one.pk) or by_invoice.get(one.invoice_id)) for one in in_order]


def _payment_keys(event: TreatmentEvent) -> QuerySet[Any, Any]:
    """Payments that were asked or taken for it, held for it, linked later, or applied to it at any time."""
    held = Credit.objects.filter(event=event).order_by().values("payment")
    said = PaymentContext.objects.filter(event=event).order_by().values("payment")
    applied = allocations(charge__event=event).order_by().values("credit__payment")
    return Payment.objects.filter(event=event).order_by().values("pk").union(held, said, applied, all=True)


def _payments(event: TreatmentEvent, applied: list[Any], today: date) -> list[Paid]:
    """Each payment once, the newest first."""
    here: dict[int, int] = defaultdict(int)
    for entry in applied:
        here[entry.credit.payment_id] += entry.applied
    keys = list(Payment.objects.filter(pk__in=_payment_keys(event)).values_list("pk", flat=True))
    rows = sorted(lines(keys), key=lambda line: (line["created_at"], line["pk"]), reverse=True)
    return [_paid(line, event, here.get(line["pk"], 0), today) for line in rows]


def _paid(line: dict[str, Any], event: TreatmentEvent, here: int, today: date) -> Paid:
    overdue = line["status"] in OVERDUE and line["due_date"] is not None and line["due_date"] < today
    how = "For this treatment" if line["treatment"] == event.number else "Applied" if here else "Linked or held"
    return Paid(line["number"], shown(Payment.KIND, line["number"]), line, parts_in(line), how, here, overdue)


def _write_offs(event: TreatmentEvent) -> list[GivenUp]:
    rows = WriteOffLine.objects.filter(charge__event=event).select_related("write_off").order_by("-write_off", "pk")
    return [GivenUp(*one) for one in _summed((line.write_off, line.amount) for line in rows)]


def _summed(amounts: Iterable[tuple[Any, int]]) -> Iterable[tuple[Any, int]]:
    """What of each record, in the order in which they come first."""
    sums: dict[Any, int] = defaultdict(int)
    for record, amount in amounts:
        sums[record] += amount
    return sums.items()


def _statements(event: TreatmentEvent, charges: list[Charge]) -> list[Statement]:
    """Statements that name an invoice of the treatment, among the newest of the accounts that were charged."""
    named = {str(one.invoice) for one in charges if one.invoice}
    accounts = Charge.objects.filter(event=event).order_by().values("account")
    rows = Statement.objects.filter(account__in=accounts).order_by("-pk")[:NEWEST]
    return [one for one in rows if any(str(line[1]) in named for line in one.content.get("lines", ()))]


def receipt_of(found: Touched) -> int | None:
    """The number of the newest receipt of money that pays the treatment: to print it is the quickest evidence."""
    numbers = [one.credit.payment.receipt for one in found.allocations if one.credit.payment.receipt_id]
    return numbers[0].number if numbers else None
