"""Reads of payment plans: what was agreed, what of it was billed, paid, is late. Amounts are minor units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from balances.models import Charge, Invoice
from balances.queries import invoices_with_balance
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.patients.models import Account
from followups.models import Instalment, Plan
from followups.states import InstalmentStatus, PlanStatus
from treatments.models import TreatmentEvent

_LATE = Q(invoice__charges__outstanding__gt=0)
_SCHEDULED = Q(instalments__status=InstalmentStatus.SCHEDULED)


def plans() -> QuerySet[Plan]:
    """Every plan that was made; a draft is none yet."""
    return Plan.objects.exclude(status=PlanStatus.DRAFT)


def plans_of(account: Account) -> QuerySet[Plan]:
    """The plans of an account, newest first."""
    return plans().filter(account=account).order_by("-number")


def late_instalments(today: date) -> QuerySet[Instalment]:
    """Billed instalments that owe something and were due before today (G4)."""
    return Instalment.objects.filter(_LATE, invoice__due_date__lt=today)


def is_late(today: date) -> Exists:
    """Whether a plan has such: for filters."""
    return Exists(late_instalments(today).filter(plan=OuterRef("pk")))


def instalments_of_active_plans(invoice_ids: Iterable[int | None]) -> dict[int, Plan]:
    """Which of the invoices bill an instalment of a plan that is active, and of which."""
    rows = Instalment.objects.filter(invoice__in=list(invoice_ids), plan__status=PlanStatus.ACTIVE)
    return {one.invoice_id: one.plan for one in rows.select_related("plan") if one.invoice_id}


def invoices_to_plan(account: Account) -> list[Any]:
    """The open invoices of an account, oldest first, each with `plan` if it is an instalment of an active one."""
    rows = list(invoices_with_balance(account=account).filter(outstanding__gt=0))
    planned = instalments_of_active_plans(row.pk for row in rows)
    for row in rows:
        row.plan = planned.get(row.pk)
    return rows


def charges_to_plan(invoices: Iterable[Invoice]) -> list[Charge]:
    """What these invoices owe."""
    return list(Charge.objects.filter(invoice__in=list(invoices), outstanding__gt=0).order_by("pk"))


@dataclass(frozen=True)
class Money:
    """Where a plan's total is: billed and paid, billed and owed (of that late), still to be billed."""

    paid: int = 0
    owed: int = 0
    late: int = 0
    unbilled: int = 0


def money_of(plan_ids: Sequence[int], today: date) -> dict[int, Money]:
    """Of each of these plans, in one question: what is scheduled has no invoice, so that joining adds no rows to it."""
    sums = {f"sum_{name}": Coalesce(Sum(f"invoice__charges__{name}"), 0) for name in _PARTS}
    rows = Instalment.objects.filter(plan__in=list(plan_ids)).order_by().values("plan")
    found = rows.annotate(
        **sums,
        late=Coalesce(Sum("invoice__charges__outstanding", filter=Q(invoice__due_date__lt=today)), 0),
        unbilled=Coalesce(Sum("amount", filter=Q(status=InstalmentStatus.SCHEDULED)), 0),
    )
    return {row["plan"]: _money(dict(row)) for row in found}


_PARTS = ("amount", "outstanding", "credited", "written_off", "moved")


def _money(row: dict[str, Any]) -> Money:
    billed, *others = (row[f"sum_{name}"] for name in _PARTS)
    return Money(billed - sum(others), row["sum_outstanding"], row["late"], row["unbilled"])


def plan_lines(keys: Sequence[int] | QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """What lists show of these plans, as plain values; their money is `money_of`."""
    rows = Plan.objects.filter(pk__in=keys).annotate(
        count=Count("instalments"),
        billed=Count("instalments", filter=Q(instalments__status=InstalmentStatus.INVOICED)),
        next_due=Min("instalments__due_date", filter=_SCHEDULED),
    )
    return list(
        rows.values(
            *("pk", "number", "total", "instalment", "frequency", "starts_on", "status", "count", "billed", "next_due"),
            account_number=F("account__number"),
            account_name=F("account__name"),
        )
    )


@dataclass(frozen=True)
class Totals:
    """How many plans are active, with what is still unbilled on them; how many are late, with what is late."""

    active: int
    unbilled: int
    late: int
    late_amount: int


def plan_totals(today: date) -> Totals:
    """The figures above the list."""
    active = Instalment.objects.filter(plan__status=PlanStatus.ACTIVE).aggregate(
        plans=Count("plan", distinct=True), unbilled=Coalesce(Sum("amount", filter=Q(status="scheduled")), 0)
    )
    late = late_instalments(today).aggregate(
        plans=Count("plan", distinct=True), owed=Coalesce(Sum("invoice__charges__outstanding"), 0)
    )
    return Totals(active["plans"], active["unbilled"], late["plans"], late["owed"])


def billed_at(clinic: Clinic, due: date) -> datetime:
    """When a night bills an instalment that is due on a date: at 03:00 of that date, or of the next night (S2.53)."""
    return clock.night(clinic, max(due, clock.next_night(clinic)))


@dataclass(frozen=True)
class Row:
    """One instalment as its plan's page shows it: where it stands, in words, and what of it is owed."""

    instalment: Instalment
    state: str
    label: str
    owed: int
    is_next: bool = False


def rows_of(plan: Plan, today: date) -> list[Row]:
    """The schedule of a plan, each instalment with its invoice and what became of it."""
    found = plan.instalments.select_related("invoice").annotate(
        billed=Coalesce(Sum("invoice__charges__amount"), 0),
        owed=Coalesce(Sum("invoice__charges__outstanding"), 0),
        forgiven=Coalesce(Sum(F("invoice__charges__credited") + F("invoice__charges__written_off")), 0),
        moved=Coalesce(Sum("invoice__charges__moved"), 0),
    )
    rows = list(found.order_by("position"))
    following = next((one.pk for one in rows if one.status == InstalmentStatus.SCHEDULED), None)
    return [Row(one, *_stands(one, today), one.owed, one.pk == following) for one in rows]


def _stands(one: Any, today: date) -> tuple[str, str]:
    """The state for its colour, and its words."""
    if one.status != InstalmentStatus.INVOICED:
        return one.status, one.get_status_display()
    if one.owed:
        if one.invoice.due_date < today:
            return "overdue", "Late"
        return ("partial", "Partly paid") if one.owed + one.forgiven + one.moved < one.billed else ("open", "Invoiced")
    if one.moved:
        return "on_plan", "On another plan"
    return ("written_off", "Not collected") if one.forgiven == one.billed else ("paid", "Paid")


@dataclass(frozen=True)
class Source:
    """What one invoice put on a plan, and what of it is unbilled: that returns if the plan is cancelled."""

    invoice: Invoice
    event: TreatmentEvent | None
    put: int
    left: int


def sources_of(plan: Plan) -> list[Source]:
    """The invoices whose debt went on a plan, oldest first."""
    rows = plan.parts.select_related("charge__invoice", "charge__event", "principal")
    found: dict[int, Source] = {}
    for part in rows.order_by("charge__invoice__invoice_date", "charge__invoice__number", "pk"):
        invoice = part.charge.invoice
        assert invoice  # what goes on a plan is billed
        left = part.principal.outstanding if part.principal else 0
        so_far = found.get(invoice.pk, Source(invoice, part.charge.event, 0, 0))
        found[invoice.pk] = Source(invoice, so_far.event, so_far.put + part.amount, so_far.left + left)
    return list(found.values())
