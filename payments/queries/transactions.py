"""Accounts with money to allocate, and what they have and owe."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from balances.matchable import holds_of
from balances.matching import NO_TRAITS
from balances.models import Charge, Credit
from balances.payable import charges_on
from balances.queries import live_allocations
from balances.states import CreditKind
from clinicpay.patients.models import Account, Patient, PatientPayer
from clinicpay.patients.queries import accounts_found, narrowed
from payments.queries.lists import parts_of

FREE = Q(unapplied__gt=0) | Q(deposits__gt=0)
"""Accounts with free money; the index patients_account_free has them."""


def accounts() -> QuerySet[Account]:
    """All accounts with what they have `in_hand` for any charge of theirs (minor units), most first."""
    return Account.objects.annotate(in_hand=F("unapplied") + F("deposits")).order_by("-in_hand", "pk")


def to_allocate(rows: QuerySet[Account]) -> QuerySet[Account]:
    """Those with free money that have something to pay with it: their own debt, or that of who lists them as payer."""
    owing = PatientPayer.objects.filter(account=OuterRef("pk"), patient__account__owes__gt=0)
    return rows.filter(FREE).filter(Q(owes__gt=0) | Q(kind__in=Account.PAYS_FOR_OTHERS) & Exists(owing))


def with_who_owes(accounts: Iterable[Any]) -> list[Any]:
    """Tell of each account that pays for others whether any of these `patients_owe`; one query."""
    rows = list(accounts)
    payers = [one.pk for one in rows if one.is_payer]
    owing = PatientPayer.objects.filter(account__in=payers, patient__account__owes__gt=0).order_by()
    found = set(owing.values_list("account", flat=True).distinct()) if payers else set()
    for one in rows:
        one.patients_owe = one.pk in found
    return rows


def called(rows: QuerySet[Account], text: str) -> QuerySet[Account]:
    """Accounts by their own name or number, or by those of a patient on them."""
    patients = narrowed(Patient.objects.all(), text).values("account")
    return rows.filter(Q(pk__in=patients) | Q(pk__in=accounts_found(text).order_by().values("pk")))


def credits_of(account: Account, *, also_used: bool) -> QuerySet[Credit]:
    """What an account has in hand, oldest first; `also_used` adds what is used up."""
    rows = Credit.objects.filter(account=account).exclude(kind=CreditKind.REFUND_PENDING)
    if also_used:
        # By way of the payments, whose index knows the account.
        return rows.filter(payment__account=account).select_related("payment__patient").order_by("-received_on", "-pk")
    return rows.filter(available__gt=0).select_related("payment__patient").order_by("received_on", "pk")


def with_their_money(credits: Iterable[Any]) -> list[Any]:
    """Give each credit the `parts` of its payment and what it is `held_for`; a few queries for however many."""
    rows = list(credits)
    parts = parts_of({credit.payment_id: credit.payment for credit in rows}.values())
    pre_paid = [one.pk for one in rows if one.kind == CreditKind.PRE_PAYMENT]
    held = holds_of(pre_paid) if pre_paid else {}
    for credit in rows:
        credit.parts, credit.held_for = parts[credit.payment_id], held.get(credit.pk, NO_TRAITS)
    return rows


def charges_to_show(account: Account, *, also_paid: bool) -> QuerySet[Charge]:
    """What an account's money may pay, oldest first; `also_paid` adds all that was billed to it or that it paid for."""
    if not also_paid:
        return charges_on(account)
    billed = Charge.objects.filter(invoice__account=account)
    if account.is_payer:
        paid = live_allocations(credit__account=account).order_by().values("charge")
        ids = billed.values("pk").union(charges_on(account).order_by().values("pk"), paid)
        billed = Charge.objects.filter(pk__in=ids)
    rows = billed.select_related("invoice", "event", "patient")
    return rows.order_by("-invoice__invoice_date", "-invoice__number", "line", "pk")
