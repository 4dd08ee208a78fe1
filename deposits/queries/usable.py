"""Open invoices that have usable deposits, and what applying these would do (S4.15, C18).

Deposits lead: the oldest that can pay something at the location comes first, with the invoices that it may pay,
oldest first. The time grows with what is listed, not with what the clinic has.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from balances.matchable import holds_of, traits_of
from balances.matching import NO_TRAITS, Traits
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account, PatientPayer
from deposits.queries.criteria import Criteria, Deposit, deposits, leading, open_at, told

BATCH = 250
"""Deposits that are looked at together."""

OF_A_PAYER = 500
"""Invoices of one insurer's patients that are looked at together."""

_ORDER = ("invoice__invoice_date", "invoice__due_date", "invoice__number", "service_date", "line", "pk")
_CHARGE = (
    *("pk", "outstanding", "account", "account__name", "patient", "patient__first_name", "patient__last_name"),
    *("invoice", "invoice__number", "invoice__invoice_date", "event__number"),
)


class Part(NamedTuple):
    """What Apply would do: `amount` (minor units) of a credit to a charge."""

    credit_id: int
    charge_id: int
    amount: int


@dataclass
class Line:
    """An open charge, and the deposits that may pay it, in the order in which they do."""

    id: int
    outstanding: int
    account_id: int
    patient_id: int | None
    usable: list[Deposit] = field(default_factory=list)


@dataclass
class Row:
    """An open invoice with its usable deposits. Amounts in minor units.

    `left` is what of each deposit the rows above leave, by its credit; `treatments` the numbers of those that it bills.
    """

    id: int
    number: int
    date: date
    name: str
    patient_id: int | None
    lines: list[Line] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    left: dict[int, int] = field(default_factory=dict)
    treatments: list[int] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """The invoice's number."""
        return shown("INV", self.number)

    @property
    def outstanding(self) -> int:
        """What the invoice still owes."""
        return sum(line.outstanding for line in self.lines)

    @cached_property
    def deposits(self) -> list[Deposit]:
        """Those that may pay any of it, the oldest first."""
        found = {one.id: one for line in self.lines for one in line.usable}
        return sorted(found.values(), key=lambda one: one.age)

    @property
    def applies(self) -> int:
        """What Apply would apply."""
        return sum(part.amount for part in self.parts)

    @property
    def stays(self) -> int:
        """What the invoice would still owe."""
        return self.outstanding - self.applies

    @property
    def accounts(self) -> set[int]:
        """Whose books the application touches."""
        by_id = {one.id: one for one in self.deposits}
        return {line.account_id for line in self.lines} | {by_id[part.credit_id].account_id for part in self.parts}


@dataclass
class Batch:
    """The rows of some deposits; those of them that are held for something else; whether a payer has more rows."""

    rows: list[Row]
    led: list[Deposit]
    idle: list[Deposit]
    has_more: bool


@dataclass
class Found:
    """The list as the page shows it. `held_back` in minor units: pre-payments of who owes here, not for that."""

    rows: list[Row]
    is_cut: bool
    held_back: int
    held_count: int

    @property
    def applies(self) -> int:
        """What Apply All would apply of the rows that are shown."""
        return sum(row.applies for row in self.rows)

    @property
    def ready(self) -> int:
        """Rows to which something would be applied."""
        return sum(1 for row in self.rows if row.parts)


class Spending:
    """What is left of the deposits while rows take from them, one after the other."""

    def __init__(self) -> None:
        self._left: dict[int, int] = {}

    def take(self, row: Row) -> None:
        """Fill in what Apply would do to a row, and spend it."""
        row.left = {one.id: self._left.get(one.id, one.available) for one in row.deposits}
        for line in row.lines:
            owed = line.outstanding
            for one in line.usable:
                amount = min(owed, self._left.get(one.id, one.available))
                if amount:
                    row.parts.append(Part(one.id, line.id, amount))
                    self._left[one.id] = self._left.get(one.id, one.available) - amount
                    owed -= amount

    def left(self, one: Deposit) -> int:
        """What is left of a deposit (minor units)."""
        return self._left.get(one.id, one.available)


def retrieve(criteria: Criteria, most: int) -> Found:
    """The first rows of the list, and what Apply would do to each; a shared deposit is counted down in their order."""
    found, spending = Found([], False, 0, 0), Spending()
    seen: set[int] = set()
    for batch in _batches(criteria):
        for row in batch.rows:
            if row.id not in seen:
                seen.add(row.id)
                spending.take(row)
                found.rows.append(row)
        found.held_back += sum(one.available for one in batch.idle)
        found.held_count += len(batch.idle)
        if len(found.rows) > most or (batch.has_more and len(found.rows) >= most):
            found.rows, found.is_cut = found.rows[:most], True
            break
        found.is_cut = found.is_cut or batch.has_more
    return found


def _batches(criteria: Criteria) -> Iterator[Batch]:
    after: tuple[date, int] | None = None
    while True:
        batch = next_batch(criteria, after)
        yield batch
        if len(batch.led) < BATCH:
            return
        after = batch.led[-1].age


def next_batch(criteria: Criteria, after: tuple[date, int] | None, size: int = BATCH) -> Batch:
    """The rows that the next deposits lead, in order; nothing is spent yet."""
    led = leading(criteria, after, size)
    if not led:
        return Batch([], [], [], False)
    invoices, has_more = _invoices(criteria, led)
    rows = _rows(criteria, invoices)
    _fill_usable(criteria, rows)
    end = led[-1].age
    wanted = [row for row in rows if row.deposits and row.deposits[0].age <= end]
    wanted.sort(key=lambda row: row.deposits[0].age)  # stable: the oldest invoice first within each
    used = {one.id for row in rows for one in row.deposits}
    return Batch(wanted, led, [one for one in led if one.is_held and one.id not in used], has_more)


def _invoices(criteria: Criteria, led: Iterable[Deposit]) -> tuple[set[int], bool]:
    """Invoices at the location that these deposits may pay, and whether a payer's patients have more than that."""
    own = {one.account_id for one in led}
    found = set(open_at(criteria).filter(account__in=own).values_list("invoice", flat=True))
    has_more = False
    for payer in dict.fromkeys(one.account_id for one in led if one.account_kind in Account.PAYS_FOR_OTHERS):
        listed = PatientPayer.objects.filter(account=payer)
        rows = open_at(criteria).filter(
            patient__in=listed.values("patient"), account__in=listed.values("patient__account")
        )
        some = rows.order_by("invoice__invoice_date", "invoice__due_date", "invoice__number").values_list("invoice")
        more = [key for (key,) in some[:OF_A_PAYER]]
        has_more = has_more or len(more) == OF_A_PAYER
        found.update(more)
    return found, has_more


def _rows(criteria: Criteria, invoice_ids: Collection[int]) -> list[Row]:
    """The invoices with all their open charges, oldest first."""
    rows: dict[int, Row] = {}
    for values in open_at(criteria).filter(invoice__in=invoice_ids).order_by(*_ORDER).values_list(*_CHARGE):
        key, outstanding, account, named, patient, first, last, invoice, number, day, treatment = values
        name = f"{first or ''} {last or ''}".strip() or named
        row = rows.setdefault(invoice, Row(invoice, number, day, name, patient))
        row.lines.append(Line(key, outstanding, account, patient))
        if treatment and treatment not in row.treatments:
            row.treatments.append(treatment)
    return list(rows.values())


def _fill_usable(criteria: Criteria, rows: list[Row]) -> None:
    """Which deposits may pay which charge: the account's own and those of the patient's payers, if they match."""
    lines = [line for row in rows for line in row.lines]
    listed: dict[int | None, list[int]] = defaultdict(list)
    payers = PatientPayer.objects.filter(patient__in={line.patient_id for line in lines if line.patient_id})
    for patient, account in payers.values_list("patient", "account"):
        listed[patient].append(account)
    money = _money(criteria, {line.account_id for line in lines} | {one for own in listed.values() for one in own})
    held = [one.id for own in money.values() for one in own if one.is_held]
    wanted, traits = (holds_of(held), traits_of(line.id for line in lines)) if held else ({}, {})
    for line in lines:
        accounts = dict.fromkeys((line.account_id, *listed[line.patient_id]))
        usable = [one for account in accounts for one in money.get(account, ()) if _fits(one, line, wanted, traits)]
        line.usable = sorted(usable, key=lambda one: (not one.is_held, one.age))


def _money(criteria: Criteria, accounts: Collection[int]) -> dict[int, list[Deposit]]:
    found: dict[int, list[Deposit]] = defaultdict(list)
    for one in told(deposits(criteria).filter(account__in=accounts)):
        found[one.account_id].append(one)
    return found


def _fits(one: Deposit, line: Line, wanted: dict[int, Traits], traits: dict[int, Any]) -> bool:
    """Money that is held for nothing in particular fits nothing: only a person may use it."""
    if not one.is_held:
        return True
    asked = wanted[one.id].asked
    return bool(asked) and wanted[one.id].key(asked) == traits.get(line.id, NO_TRAITS).key(asked)
