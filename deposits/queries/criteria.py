"""What a list of deposits beside open invoices is asked for, and the rows it is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from balances.models import Charge, Credit
from balances.states import CreditKind
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account
from payments.models import Payment

TAKEN_BEFORE = (CreditKind.DEPOSIT, CreditKind.PRE_PAYMENT)
"""Money that was taken before there was an invoice; the index balances_credit_taken_before has it by age."""

WINDOW = 2_000
"""Deposits of which it is asked at once whether they may pay."""


@dataclass(frozen=True)
class Criteria:
    """The filters of the list (S4.6–S4.13).

    `location` is the invoice's (S4.33). `method` is how the deposit was paid, `kind` (of Account.Kind) and `party`
    who paid it; empty is any. `newest` are the last credit and charge that take part, by id; None: all.
    """

    location: Location
    method: str = ""
    kind: str = ""
    party: Account | None = None
    newest: tuple[int, int] | None = None


@dataclass(frozen=True)
class Deposit:
    """Money that may pay, as the list tells of it; `available` in minor units."""

    id: int
    number: int
    kind: str
    received_on: date
    available: int
    place: str
    account_id: int
    account_kind: str
    payer: str

    @property
    def ref(self) -> str:
        """The payment's number."""
        return shown(Payment.KIND, self.number)

    @property
    def is_held(self) -> bool:
        """Whether it is a pre-payment, which pays only what it is held for."""
        return self.kind == CreditKind.PRE_PAYMENT

    @property
    def age(self) -> tuple[date, int]:
        """Its place among others, the oldest first (C18)."""
        return self.received_on, self.id


_COLUMNS = (
    *("pk", "payment__number", "kind", "received_on", "available", "location__name", "account", "account__kind"),
    *("account__name", "payment__payer__name"),
)


def deposits(criteria: Criteria) -> QuerySet[Credit]:
    """Deposits and pre-payments with something left that the criteria ask for; not what waits for a decision."""
    rows = _taken_before(criteria)
    if criteria.method:
        rows = rows.filter(payment__method=criteria.method)
    return rows.filter(_paid_by(criteria))


def _taken_before(criteria: Criteria) -> QuerySet[Credit]:
    """Whoever paid it, and however."""
    rows = Credit.objects.filter(kind__in=TAKEN_BEFORE, available__gt=0, waits=False)
    return rows.filter(pk__lte=criteria.newest[0]) if criteria.newest else rows


def _paid_by(criteria: Criteria) -> Q:
    if criteria.party:
        own = Credit.objects.filter(account=criteria.party, available__gt=0, payment__payer=None)
        others = Credit.objects.filter(payment__payer=criteria.party, available__gt=0)
        return Q(pk__in=own.values("pk").union(others.values("pk")))
    if criteria.kind:
        is_own = Q(payment__payer=None, account__kind=criteria.kind)
        return is_own | Q(payment__payer__kind=criteria.kind)
    return Q()


def open_at(criteria: Criteria) -> QuerySet[Charge]:
    """Open billed charges at the location."""
    rows = Charge.objects.filter(outstanding__gt=0, invoice__location=criteria.location)
    return rows.filter(pk__lte=criteria.newest[1]) if criteria.newest else rows


def leading(criteria: Criteria, after: tuple[date, int] | None, size: int) -> list[Deposit]:
    """The next deposits with something to pay at the location, perhaps; the oldest first."""
    own = open_at(criteria).filter(account=OuterRef("account"))
    pays = Q(account__kind__in=Account.PAYS_FOR_OTHERS) | Q(account__owes__gt=0) & Q(Exists(own))
    rows = deposits(criteria).filter(pays).order_by("received_on", "pk")
    if criteria.party:
        return told(_beyond(rows, after)[:size])
    found: list[Deposit] = []
    for window in _windows(criteria, after):
        found += told(rows.filter(pk__in=window)[: size - len(found)])
        if len(found) == size:
            break
    return found


def _windows(criteria: Criteria, after: tuple[date, int] | None) -> Iterator[list[int]]:
    """Deposits by age, some at a time, by the index alone: asked all at once whom they may pay, all would be joined."""
    taken = _taken_before(criteria).order_by("received_on", "pk").values_list("received_on", "pk")
    while window := list(_beyond(taken, after)[:WINDOW]):
        yield [pk for _, pk in window]
        if len(window) < WINDOW:
            return
        after = window[-1]


def _beyond(rows: QuerySet[Credit, Any], after: tuple[date, int] | None) -> QuerySet[Credit, Any]:
    if after is None:
        return rows
    day, key = after
    return rows.filter(received_on__gte=day).filter(Q(received_on__gt=day) | Q(pk__gt=key))


def told(rows: QuerySet[Credit]) -> list[Deposit]:
    """Credits as the list tells of them, in their order."""
    return [_deposit(values) for values in rows.values_list(*_COLUMNS)]


def _deposit(values: tuple[Any, ...]) -> Deposit:
    key, number, kind, day, available, place, account, account_kind, named, payer = values
    return Deposit(key, number, kind, day, available, place, account, account_kind, payer or named)
