"""What an account's statement says now, as plain values that can be kept: amounts in minor units, days as text."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.db.models import QuerySet

from balances.models import Charge, Credit
from balances.queries import entries_on_charges
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account
from clinicpay.patients.queries import family
from followups.models import Instalment, PlanPart, Statement
from followups.queries.queue import BUCKETS, bucket_of
from followups.statements.lines import Known, Line, Move, lines_of
from followups.states import InstalmentStatus, PlanStatus
from payments.models import Refund
from payments.states import Method, RefundStatus

MOST_INSTALMENTS = 120
"""Instalments to come that a statement lists."""


@dataclass(frozen=True)
class Span:
    """The days that a statement tells of, both included; without days it tells of all open invoices."""

    first: date | None = None
    last: date | None = None

    @property
    def is_all_open(self) -> bool:
        """Whether it tells of open invoices, whatever their days."""
        return self.first is None and self.last is None


def statement_content(account: Account, span: Span, clinic: Clinic) -> dict[str, Any]:
    """All that the paper says, apart from its number and where to pay: the same for the page and the PDF."""
    today = clock.today(clinic)
    charges = _charges(account)
    patients = [one.name for one in family(account)]
    names = patients if patients not in ([], [account.name]) else []
    lines = lines_of(_moves(account, charges, span), _known(account, charges, len(patients) > 1, clinic))
    opening, told, closing = _told(lines, span)
    place = location_of(charges)
    return {
        "currency": clinic.currency,
        "paper": clinic.paper,
        "location": place.pk,
        "sender": {"clinic": clinic.name, "location": place.name, "address": place.address or clinic.address},
        "account": {"ref": account.ref, "name": account.name, "address": account.address, "patients": names},
        "on": today.isoformat(),
        "first": span.first.isoformat() if span.first else None,
        "last": span.last.isoformat() if span.last else None,
        "all_open": span.is_all_open,
        "opening": opening,
        "lines": told,
        "closing": closing,
        "ages": _ages(charges, today),
        "overdue": sum(one["outstanding"] for one in charges if one["invoice__due_date"] < today),
        "due": sum(one["outstanding"] for one in charges),
        "planned": account.planned,
        "in_hand": account.credit,
        "held": account.held,
        "instalments": _instalments(account),
        "pay": None,
    }


def _charges(account: Account) -> list[dict[str, Any]]:
    """What was billed to the account, oldest first."""
    rows = Charge.objects.filter(account=account, invoice__isnull=False).order_by("invoice__invoice_date", "pk")
    return list(
        rows.values(
            *("pk", "kind", "description", "outstanding", "patient__first_name", "patient__last_name"),
            *("event__number", "event__title"),
            *("invoice__number", "invoice__invoice_date", "invoice__due_date", "invoice__location"),
        )
    )


def location_of(charges: list[dict[str, Any]]) -> Location:
    """Who sends it: where the newest open invoice was billed, or else the newest; or else the first location."""
    wanted = [one for one in charges if one["outstanding"]] or charges
    places = Location.objects.filter(pk=wanted[-1]["invoice__location"]) if wanted else Location.objects.order_by("pk")
    return places[0]


def _moves(account: Account, charges: list[dict[str, Any]], span: Span) -> list[Move]:
    """Read by the ids of charges and credits: joins over all of them at once go astray in large families."""
    told = {one["invoice__number"] for one in charges if one["outstanding"] or not span.is_all_open}
    billed = {one["pk"]: one for one in charges if one["invoice__number"] in told}
    columns = ("kind", "charge_delta", "posting__business_date", "charge", "credit")
    found = list(entries_on_charges(billed).values_list(*columns))
    rows = Credit.objects.filter(pk__in={row[4] for row in found if row[4]})
    paid = {
        pk: (number, method, amount, "" if payer == account.pk else name)
        for pk, number, method, amount, payer, name in rows.values_list(
            *("pk", "payment__number", "payment__method", "payment__amount", "account", "account__name")
        )
    }
    return [
        Move(kind, delta, on, billed[charge]["invoice__number"], charge, *paid.get(credit, ()))
        for kind, delta, on, charge, credit in found
    ]


def _known(account: Account, charges: list[dict[str, Any]], is_family: bool, clinic: Clinic) -> Known:
    parts = PlanPart.objects.filter(plan__account=account).values_list("charge", "plan__number")
    show = partial(money.show, currency=clinic.currency)
    return Known(
        treatments=_treatments(charges, _billed(account), is_family),
        plans={charge: shown("PL", number) for charge, number in parts},
        refunds=_refunds(account, clinic),
        show=show,
    )


def _treatments(charges: list[dict[str, Any]], billed: dict[int, str], is_family: bool) -> dict[int, str]:
    """What each invoice billed: its treatments, or the instalment that it is."""
    found: dict[int, dict[str, None]] = defaultdict(dict)
    for one in charges:
        event, whose = one["event__number"], f"{one['patient__first_name']} {one['patient__last_name']}"
        what = f"{one['event__title'] or 'Treatment'} ({shown('TE', event)})" if event else one["description"]
        found[one["invoice__number"]][f"{what}, {whose}" if is_family and one["patient__last_name"] else what] = None
    said = {number: "; ".join(words) for number, words in found.items()}
    return {number: f"{billed[number]}: {words}" if number in billed else words for number, words in said.items()}


def _billed(account: Account) -> dict[int, str]:
    """ "Instalment 2 of PL-001" by the number of its invoice."""
    rows = Instalment.objects.filter(plan__account=account, invoice__isnull=False)
    found = rows.values_list("invoice__number", "position", "plan__number")
    return {invoice: f"Instalment {position} of {shown('PL', plan)}" for invoice, position, plan in found}


def _refunds(account: Account, clinic: Clinic) -> list[Line]:
    """Money that went back, in words: what it means for the debt stands in lines of its own."""
    rows = Refund.objects.filter(payment__account=account, status=RefundStatus.SUCCEEDED, posting__isnull=False)
    found = rows.order_by("pk").values_list(
        "number", "payment__number", "amount", "method", "posting__business_date", "reversed_at"
    )
    return [
        Line(
            on,
            shown("RF", number),
            _refund_words(payment, money.show(amount, clinic.currency), method, back),
            about=shown("PAY", payment),
        )
        for number, payment, amount, method, on, back in found
    ]


def _refund_words(payment: int, amount: str, method: str, came_back: Any) -> str:
    tender = f" by {Method(method).label.lower()}" if method in Method else ""
    return f"Refund of {amount} of {shown('PAY', payment)}{tender}{', later reversed' if came_back else ''}"


def _told(lines: list[Line], span: Span) -> tuple[int, list[list[Any]], int]:
    """The balance before, the lines with theirs, and the balance after."""
    opening = sum(one.amount for one in lines if span.first and one.on < span.first)
    balance, told = opening, []
    refs = {one.ref for one in lines}
    for one in lines:
        if (span.first and one.on < span.first) or (span.last and one.on > span.last):
            continue
        if span.is_all_open and one.about and one.about not in refs:
            continue
        balance += one.amount
        told.append([one.on.isoformat(), one.ref, one.text, one.amount, balance])
    return opening, told, balance


def _ages(charges: list[dict[str, Any]], today: date) -> list[list[Any]]:
    parts = {bucket.key: 0 for bucket in BUCKETS}
    for one in charges:
        parts[bucket_of((today - one["invoice__invoice_date"]).days).key] += one["outstanding"]
    return [[key, minor] for key, minor in parts.items()]


def _instalments(account: Account) -> list[list[Any]]:
    """What is still to be billed on plans: day, plan, which one, amount."""
    rows = Instalment.objects.filter(
        plan__account=account, plan__status=PlanStatus.ACTIVE, status=InstalmentStatus.SCHEDULED
    )
    found = rows.order_by("due_date", "plan", "position").values_list("due_date", "plan__number", "position", "amount")
    return [
        [on.isoformat(), shown("PL", plan), position, amount] for on, plan, position, amount in found[:MOST_INSTALMENTS]
    ]


def statements_of(account: Account) -> QuerySet[Statement]:
    """What was given out about an account, newest first, without the content."""
    rows = Statement.objects.filter(account=account).defer("content").prefetch_related("messages")
    return rows.order_by("-pk")
