"""What a statement says line by line: the moves of an account's billed debt, put together as people read them.

Each stands on its business date, so that a balance is what the ageing of that day says (decision 196).
Every line moves what is owed, so the last balance is what the ledger says; a refund of money in hand moves nothing
and says so in words. Amounts are minor units; in one line a charge is positive, what lessens the debt negative.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from balances.states import EntryKind
from clinicpay.clinics.numbers import shown
from payments.states import Method

MANY = 4
"""Invoices that a payment's line names; of more it says how many."""


class Move(NamedTuple):
    """One entry of the ledger on one billed charge, with what its line needs to say."""

    kind: str
    delta: int
    on: date
    invoice: int
    charge: int
    payment: int | None = None
    method: str = ""
    paid: int = 0
    payer: str = ""


@dataclass
class Line:
    """One line before its balance is known; `invoices` are those that a payment pays, `about` what a refund refunds."""

    on: date
    ref: str
    text: str = ""
    amount: int = 0
    invoices: list[int] = field(default_factory=list)
    about: str = ""


_CHARGED = {EntryKind.CHARGE, EntryKind.MOVE_IN}
_PAID = {EntryKind.ALLOCATE, EntryKind.UNALLOCATE}
_PLANNED = {EntryKind.MOVE_OUT, EntryKind.MOVE_BACK}
_WORDS = {
    EntryKind.CREDIT_NOTE: "Credit note",
    EntryKind.UNCREDIT: "Credit note reversed",
    EntryKind.WRITE_OFF: "Written off",
    EntryKind.UNWRITE_OFF: "Write-off reversed",
    EntryKind.RECOVER: "Owed again after a write-off",
}


@dataclass(frozen=True)
class Known:
    """What lines name: treatments by invoice, plans by charge, refunds with their day; `show` writes an amount."""

    treatments: Mapping[int, str]
    plans: Mapping[int, str]
    refunds: Iterable[Line]
    show: Callable[[int], str]


def lines_of(moves: Iterable[Move], known: Known) -> list[Line]:
    """The lines in order of their days, without those that come to nothing."""
    found: dict[tuple[object, ...], Line] = {}
    firsts: dict[tuple[object, ...], Move] = {}
    for move in moves:
        key, ref = _place(move, known)
        line = found.setdefault(key, Line(key[0], ref))  # type: ignore[arg-type]  # a key begins with its day
        firsts.setdefault(key, move)
        line.amount += move.delta
        if move.invoice not in line.invoices:
            line.invoices.append(move.invoice)
    for key, line in found.items():
        line.text = _words(firsts[key], line, known)
    told = [line for line in found.values() if line.amount]
    return sorted([*told, *known.refunds], key=lambda line: line.on)


def _place(move: Move, known: Known) -> tuple[tuple[object, ...], str]:
    """Which line a move belongs to, and its number."""
    if move.kind in _CHARGED:
        return (move.on, "invoice", move.invoice), shown("INV", move.invoice)
    if move.kind in _PAID and move.payment:
        return (move.on, "payment", move.payment), shown("PAY", move.payment)
    if move.kind in _PLANNED:
        plan = known.plans.get(move.charge, "")
        return (move.on, move.kind, plan), plan
    return (move.on, move.kind, move.invoice), shown("INV", move.invoice)


def _words(move: Move, line: Line, known: Known) -> str:
    if move.kind in _CHARGED:
        return known.treatments.get(move.invoice, "") or "Charges"
    if move.kind in _PAID:
        return _payment_words(move, line, known)
    if move.kind in _PLANNED:
        invoices = _invoices(line.invoices)
        return f"{invoices} moved to the payment plan" if line.amount < 0 else f"Back from the payment plan: {invoices}"
    return _WORDS[EntryKind(move.kind)]


def _payment_words(move: Move, line: Line, known: Known) -> str:
    invoices = _invoices(line.invoices)
    if line.amount > 0:
        return f"Owed again: no longer pays {invoices}"
    tender = f"{Method(move.method).label} payment" if move.method in Method else "Payment"
    whole = f" of {known.show(move.paid)}" if move.paid != -line.amount else ""
    by = f" by {move.payer}" if move.payer else ""
    return f"{tender}{whole}{by} for {invoices}"


def _invoices(numbers: list[int]) -> str:
    named = ", ".join(shown("INV", number) for number in numbers[:MANY])
    return f"{named} and {len(numbers) - MANY} more" if len(numbers) > MANY else named
