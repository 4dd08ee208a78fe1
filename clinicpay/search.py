"""What the search of the top bar finds: people, accounts and numbers, each for those who may see them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from balances.models import Invoice
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import Numbered, shown
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import accounts_found, narrowed, patients
from clinicpay.patients.search import words
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.words import day_words
from deposits.models import BankSlip
from followups.models import Plan, Statement, StatementRun, WriteOff
from payments.models import Payment, Receipt, Refund
from treatments.models import Package, TreatmentEvent

FEW, MANY = 5, 50
"""Hits of each kind as one types, and on the page."""

_NUMBER = re.compile(r"(?:([A-Z]{1,4})-?)?([0-9]{1,18})")


@dataclass(frozen=True)
class Hit:
    """One thing that was found, and its page; `ref` is its number, which `text` need not show."""

    ref: str
    text: str
    note: str
    url: str


@dataclass(frozen=True)
class Group:
    """Hits of one kind; `more` is the list that has all of them when there are more."""

    label: str
    icon: str
    hits: list[Hit]
    more: str = ""


@dataclass(frozen=True)
class Kind:
    """Rows with a public number: their page, who sees it, and what is said of one."""

    label: str
    icon: str
    page: str
    can: Can
    rows: Callable[[], QuerySet[Any]]
    note: Callable[[Any], str]

    def hit(self, row: Any, clinic: Clinic) -> Hit:
        """A row as the answer shows it: people by name, everything else by number."""
        text = str(row) if isinstance(row, Patient) else row.ref
        return Hit(row.ref, text, self.note(row), address(clinic, self.page, number=row.number))


def _born(patient: Patient) -> str:
    return f"{patient.ref}, born {day_words(patient.birth_date)}" if patient.birth_date else patient.ref


KINDS: dict[str, Kind] = {
    Patient.KIND: Kind("Patients", "users", "patient", Can.SEE_PATIENTS, patients, _born),
    TreatmentEvent.KIND: Kind(
        "Treatments",
        "stethoscope",
        "treatment",
        Can.SEE_TREATMENTS,
        lambda: TreatmentEvent.objects.select_related("patient"),
        lambda one: f"{one.patient.name}, {one.get_state_display().lower()}",
    ),
    Payment.KIND: Kind(
        "Payments",
        "cash",
        "payment",
        Can.SEE_MONEY,
        lambda: Payment.objects.select_related("patient", "account"),
        lambda one: f"{(one.patient or one.account).name}, {one.get_status_display().lower()}",
    ),
    Refund.KIND: Kind(
        "Refunds",
        "receipt-refund",
        "refund",
        Can.SEE_MONEY,
        lambda: Refund.objects.select_related("payment__patient", "payment__account"),
        lambda one: f"{(one.payment.patient or one.payment.account).name}, {one.state[1].lower()}",
    ),
    WriteOff.KIND: Kind(
        "Write-offs",
        "scale",
        "write_off",
        Can.FOLLOW_UP,
        lambda: WriteOff.objects.select_related("account"),
        lambda one: f"{one.account.name}, {one.get_status_display().lower()}",
    ),
    Invoice.KIND: Kind(
        "Invoices",
        "file-invoice",
        "invoice",
        Can.SEE_MONEY,
        lambda: Invoice.objects.select_related("account"),
        lambda one: f"{one.account.name}, {day_words(one.invoice_date)}",
    ),
    Receipt.KIND: Kind(
        "Receipts",
        "receipt",
        "receipt",
        Can.SEE_MONEY,
        lambda: Receipt.objects.select_related("account"),
        lambda one: f"{one.account.name}, {day_words(one.business_date)}",
    ),
    Package.KIND: Kind(
        "Packages",
        "list-check",
        "package",
        Can.SEE_MONEY,
        lambda: Package.objects.select_related("patient"),
        lambda one: f"{one.patient.name}, {one.name}",
    ),
    Plan.KIND: Kind(
        "Payment plans",
        "calendar-event",
        "plan",
        Can.SEE_MONEY,
        lambda: Plan.objects.select_related("account"),
        lambda one: f"{one.account.name}, {one.get_status_display().lower()}",
    ),
    BankSlip.KIND: Kind(
        "Bank slips",
        "building-bank",
        "slip",
        Can.BANK,
        lambda: BankSlip.objects.filter(number__isnull=False).select_related("location"),
        lambda one: f"{one.location}, {one.get_state_display().lower()}",
    ),
    Statement.KIND: Kind(
        "Statements",
        "file-text",
        "statement",
        Can.SEND_STATEMENT,
        lambda: Statement.objects.select_related("account").defer("content"),
        lambda one: f"{one.account.name}, {day_words(timezone.localdate(one.made_at))}",
    ),
    StatementRun.KIND: Kind(
        "Batches of statements",
        "mail",
        "statement_run",
        Can.SEND_STATEMENT,
        StatementRun.objects.all,
        lambda one: f"{day_words(timezone.localdate(one.started_at))}, {'over' if one.is_over else 'at work'}",
    ),
}
"""What a number such as PAY-007 names."""


@allowed(Can.SEE_PATIENTS)
def find(request: ClinicRequest) -> HttpResponse:
    """What was typed, found; a single hit is opened at once, unless the answer is a list to choose from."""
    text = request.GET.get("q", "").strip()
    part = wants_part(request)
    groups = list(found(text, request.member, FEW if part else MANY)) if text else []
    hits = [hit for group in groups for hit in group.hits]
    if not part and (only := _only(text, hits)):
        return redirect(only.url)
    fragment = "page_hits" if request.GET.get("on") == "page" else "choices"
    context = {"groups": groups, "text": text, "count": len(hits)}
    return render_page(request, "home/find.html", context, fragment=fragment)


def _only(text: str, hits: list[Hit]) -> Hit | None:
    """The one hit that was meant: the only one, or the one whose whole number was typed."""
    if len(hits) == 1:
        return hits[0]
    number = _NUMBER.fullmatch(text.upper())
    meant = shown(number[1], int(number[2])) if number and number[1] else ""
    return next((hit for hit in hits if hit.ref == meant), None)


def found(text: str, member: Membership, limit: int) -> Iterator[Group]:
    """What the text finds, group by group, of what the member may see."""
    if not words(text):
        return
    number = _NUMBER.fullmatch(text.upper())
    if number and number[1] in KINDS:
        yield from _numbered(KINDS[number[1]], _beginning(int(number[2])), member, limit)
        return
    yield from _people(text, member, limit)
    if number and not number[1]:
        for name, kind in KINDS.items():
            if name != Patient.KIND:
                yield from _numbered(kind, [range(int(number[2]), int(number[2]) + 1)], member, limit)


def _people(text: str, member: Membership, limit: int) -> Iterator[Group]:
    """Patients by name, number, day of birth or phone; for those who see money, accounts that are nobody's own."""
    kind, rows = KINDS[Patient.KIND], list(narrowed(patients(), text)[: limit + 1])
    if rows:
        more = _listed(member.clinic, text) if len(rows) > limit else ""
        yield Group(kind.label, kind.icon, [kind.hit(one, member.clinic) for one in rows[:limit]], more)
    accounts = list(accounts_found(text)[:limit]) if member.can(Can.SEE_MONEY) else []
    if accounts:
        yield Group("Accounts", "wallet", [_account(one, member.clinic) for one in accounts])


def _numbered(kind: Kind, spans: list[range], member: Membership, limit: int) -> Iterator[Group]:
    """Rows whose numbers are in the spans; a short look into each, which the index serves under the row policies."""
    if not member.can(kind.can):
        return
    looks = [_first(kind.rows().model, span, limit) for span in spans]
    rows = list(kind.rows().filter(pk__in=looks[0].union(*looks[1:], all=True)).order_by("number")[:limit])
    if rows:
        yield Group(kind.label, kind.icon, [kind.hit(one, member.clinic) for one in rows])


def _first(rows: type[Numbered], span: range, limit: int) -> QuerySet[Any, int]:
    found = rows._default_manager.filter(number__gte=span.start, number__lt=span.stop)
    return found.order_by("number").values_list("pk", flat=True)[:limit]


def _beginning(number: int) -> list[range]:
    """The numbers that are written with these digits first: 1, 10 to 19, 100 to 199 …"""
    sizes = [10**zeros for zeros in range(7 if number else 1) if (number + 1) * 10**zeros < 2**63]
    return [range(number * size, (number + 1) * size) for size in sizes]


def _account(account: Account, clinic: Clinic) -> Hit:
    """Where its money is taken and applied; its patients are listed there, too."""
    note = f"{account.ref}, {account.get_kind_display().lower()}"
    return Hit(account.ref, account.name, note, address(clinic, "account_transactions", number=account.number))


def _listed(clinic: Clinic, text: str) -> str:
    return f"{address(clinic, 'patients')}?{urlencode({'q': text})}"
