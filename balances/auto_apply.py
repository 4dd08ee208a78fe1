"""The allocation engine: a pure function from open credits, open charges and order to decisions.

The preview, the utility and the nightly run all call it, so what is shown is what is done (A4).
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from balances.states import CreditKind


@dataclass
class Source:
    """A credit as the engine sees it; `available` falls as it is spent (minor units)."""

    id: int
    ref: str
    kind: str
    received_on: date
    available: int
    event_id: int | None = None


@dataclass
class Target:
    """A charge as the engine sees it; `outstanding` falls as it is paid (minor units)."""

    id: int
    ref: str
    invoice_date: date
    outstanding: int
    event_id: int | None = None


@dataclass(frozen=True)
class Decided:
    """Apply `amount` of a credit to a charge, and why."""

    credit_id: int
    charge_id: int
    amount: int
    reason: str


@dataclass(frozen=True)
class Skipped:
    """A credit that is not used, or not wholly, and why; `amount` is what stays."""

    credit_id: int
    amount: int
    reason: str


FREE = {CreditKind.DEPOSIT: "deposit", CreditKind.UNAPPLIED: "unapplied payment"}
"""Kinds that may pay anything of their account, in the order in which they are used (A3)."""


def decide(sources: Sequence[Source], targets: Sequence[Target]) -> tuple[list[Decided], list[Skipped]]:
    """Match one account's money with its debt.

    `targets` come oldest invoice first, `sources` oldest received first. Money that is linked to
    an event pays that event before anything else can use it; then deposits, then unapplied money,
    each oldest first, pay the oldest debt. Deterministic; the rows given are used up.
    """
    decided = [*_linked(sources, targets), *_oldest_first(sources, targets)]
    return decided, list(_skips(sources, bool(targets)))


def _linked(sources: Sequence[Source], targets: Sequence[Target]) -> Iterable[Decided]:
    by_event: dict[int, deque[Source]] = defaultdict(deque)
    for source in _free(sources):
        if source.event_id:
            by_event[source.event_id].append(source)
    for target in targets:
        for source in by_event.get(target.event_id or 0, ()):
            yield from _apply(source, target, "it was paid for this treatment")


def _oldest_first(sources: Sequence[Source], targets: Sequence[Target]) -> Iterable[Decided]:
    waiting = deque(_free(sources))
    for target in targets:
        while target.outstanding and waiting:
            source = waiting[0]
            reason = f"oldest {FREE[CreditKind(source.kind)]} to the oldest open invoice"
            yield from _apply(source, target, reason)
            if not source.available:
                waiting.popleft()


def _free(sources: Sequence[Source]) -> list[Source]:
    order = list(FREE)
    free = [source for source in sources if source.kind in FREE]
    return sorted(free, key=lambda source: order.index(CreditKind(source.kind)))  # stable: age is kept


def _apply(source: Source, target: Target, why: str) -> Iterable[Decided]:
    amount = min(source.available, target.outstanding)
    if amount:
        source.available -= amount
        target.outstanding -= amount
        yield Decided(source.id, target.id, amount, f"{source.ref} to {target.ref}: {why}.")


def _skips(sources: Sequence[Source], any_debt: bool) -> Iterable[Skipped]:
    for source in sources:
        if source.available:
            yield Skipped(source.id, source.available, f"{source.ref}: {_why_left(source, any_debt)}.")


def _why_left(source: Source, any_debt: bool) -> str:
    if source.kind == CreditKind.PRE_PAYMENT:
        return "held as a pre-payment, which only a matching treatment may use"
    if source.kind == CreditKind.REFUND_PENDING:
        return "reserved for a refund"
    return "the account owes nothing more" if any_debt else "the account owes nothing"
