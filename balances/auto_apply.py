"""The allocation engine: a pure function from open credits, open charges and rules to decisions.

The preview, the utility and the nightly run all call it, so what is shown is what is done (A4). Its time grows
with the number of rows, not with their product: money waits in queues by what it may pay.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from balances.matching import NO_TRAITS, Traits, failed
from balances.states import CreditKind


@dataclass(slots=True)
class Source:
    """A credit as the engine sees it; `available` falls as it is spent (minor units)."""

    id: int
    ref: str
    kind: str
    received_on: date
    available: int
    event_id: int | None = None
    location_id: int | None = None
    patient_id: int | None = None
    held_for: Traits | None = None
    waits: bool = False
    is_payers: bool = False


@dataclass(slots=True)
class Target:
    """A charge as the engine sees it; `outstanding` falls as it is paid (minor units)."""

    id: int
    ref: str
    invoice_date: date
    outstanding: int
    event_id: int | None = None
    due_date: date | None = None
    location_id: int = 0
    patient_id: int | None = None
    traits: Traits = NO_TRAITS
    service_date: date = date.min


class Decided(NamedTuple):
    """Apply `amount` of a credit to a charge, and why."""

    credit_id: int
    charge_id: int
    amount: int
    reason: str


class Skipped(NamedTuple):
    """A credit that is not used, or not wholly, and why; `amount` is what stays."""

    credit_id: int
    amount: int
    reason: str


KINDS = {
    CreditKind.PRE_PAYMENT: "pre-payment",
    CreditKind.DEPOSIT: "deposit",
    CreditKind.UNAPPLIED: "unapplied payment",
}
"""What the engine may use, in the order in which it does (A3)."""

FREE = frozenset({CreditKind.DEPOSIT, CreditKind.UNAPPLIED})
"""Kinds that may pay anything of their account."""


@dataclass(frozen=True)
class Rules:
    """What a clinic has chosen (S3.10); as they stand here, what the utility does by default (S3.11).

    `kinds` take part, in this order. `billed_by` is the last invoice date that is old enough.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    exact_first: bool = False
    own_patient_first: bool = False
    by_due_date: bool = False
    billed_by: date | None = None
    excluded: frozenset[str] = frozenset()
    custom: tuple[str, str] = ("", "")

    def why_not(self, target: Target) -> str:
        """Why a charge takes no part, or nothing."""
        if self.excluded and target.traits.discipline.casefold() in self.excluded:
            return f"{target.traits.discipline} is left out by the clinic's rules"
        if self.billed_by and target.invoice_date > self.billed_by:
            return "it is younger than the clinic's rules ask"
        return ""


def decide(
    sources: Sequence[Source], targets: Sequence[Target], rules: Rules | None = None
) -> tuple[list[Decided], list[Skipped]]:
    """Match one account's money with its debt.

    `targets` come oldest invoice first, `sources` oldest received first. Money that is linked to an event pays
    that event before anything else can use it; then each kind in its order pays the oldest debt: pre-payments
    what they are held for, the most criteria first, deposits those of the same location first. Deterministic;
    the rows given are used up.
    """
    matching = _Matching(sources, targets, rules or Rules())
    return list(matching.decisions()), list(matching.skips())


@dataclass
class _Queues:
    """Money by what it may pay, oldest first; what is spent is dropped when it comes to the front."""

    by: dict[object, deque[Source]] = field(default_factory=lambda: defaultdict(deque))

    @classmethod
    def of(cls, sources: Iterable[Source], key: Callable[[Source], object]) -> "_Queues":
        queues = cls()
        for source in sources:
            queues.by[key(source)].append(source)
        return queues

    def first(self, key: object) -> Source | None:
        """The oldest with something left."""
        queue = self.by.get(key)
        while queue and not queue[0].available:
            queue.popleft()
        return queue[0] if queue else None


class _Matching:
    """One account's money and debt while they are matched."""

    def __init__(self, sources: Sequence[Source], targets: Sequence[Target], rules: Rules) -> None:
        self.rules, self.sources = rules, sources
        self.usable = [source for source in sources if not source.waits]
        self.left_out = {target.ref: why for target in targets if (why := rules.why_not(target))}
        self.targets = [target for target in targets if target.ref not in self.left_out]
        if rules.by_due_date:
            self.targets.sort(key=lambda target: target.due_date or target.invoice_date)  # stable: age is kept

    def decisions(self) -> Iterator[Decided]:
        free = [source for source in self.usable if source.kind in FREE and source.kind in self.rules.kinds]
        linked = _Queues.of((one for one in free if one.event_id), lambda one: one.event_id)
        if linked.by:
            yield from self._pay(linked, lambda target: target.event_id, "it was paid for this treatment")
        if self.rules.exact_first:
            yield from self._exact(free)
        for kind in self.rules.kinds:
            own = [source for source in self.usable if source.kind == kind]
            if own:
                yield from self._held(own) if kind == CreditKind.PRE_PAYMENT else self._oldest(kind, own)

    def _pay(self, queues: _Queues, key: Callable[[Target], object], why: str) -> Iterator[Decided]:
        """Let each charge in turn take from the queue of its key."""
        for target in self.targets:
            while target.outstanding and (source := queues.first(key(target))):
                yield _apply(source, target, why)

    def _exact(self, free: Sequence[Source]) -> Iterator[Decided]:
        by_amount = _Queues.of((one for one in free if one.available), lambda one: one.available)
        for target in self.targets:
            source = by_amount.first(target.outstanding) if target.outstanding else None
            if source and source.available == target.outstanding:
                yield _apply(source, target, "it is exactly what is owed")

    def _held(self, own: Sequence[Source]) -> Iterator[Decided]:
        """Pre-payments to what they are held for: the most criteria first, then the oldest (A-19)."""
        shapes: dict[tuple[str, ...], _Queues] = {}
        for source in own:
            asked = source.held_for.asked if source.held_for else ()
            if source.held_for and asked:
                shapes.setdefault(asked, _Queues()).by[source.held_for.key(asked)].append(source)
        order = sorted(shapes, key=len, reverse=True)
        for target in self.targets:
            while target.outstanding and (held := _best(shapes, order, target)):
                why = f"it is held for {held.held_for}, which this is"
                yield _apply(held, target, why + self._leaves_alone(held, target))

    def _oldest(self, kind: str, own: Sequence[Source]) -> Iterator[Decided]:
        words = KINDS[CreditKind(kind)]
        if self.rules.own_patient_first:
            mine = _Queues.of((one for one in own if one.patient_id), lambda one: one.patient_id)
            why = f"oldest {words} of the same patient to their oldest open invoice"
            yield from self._pay(mine, lambda target: target.patient_id, why)
        anywhere = _Queues.of(own, lambda _: None)
        here = _Queues.of(own, lambda one: one.location_id) if kind == CreditKind.DEPOSIT else _Queues()
        first = "oldest open invoice" if not self.rules.by_due_date else "invoice that is due first"
        for target in self.targets:
            while target.outstanding:
                near = here.first(target.location_id)
                oldest = near or anywhere.first(None)
                if oldest is None:
                    return
                where = " taken at the same location" if near else ""
                yield _apply(oldest, target, f"oldest {words}{where} to the {first}")

    def skips(self) -> Iterator[Skipped]:
        for source in self.sources:
            if source.available:
                yield Skipped(source.id, source.available, f"{source.ref}: {self._why_left(source)}.")

    def _why_left(self, source: Source) -> str:
        if source.kind == CreditKind.REFUND_PENDING:
            return "reserved for a refund"
        if source.waits:
            return "it came too late for what it was to pay, and waits until somebody keeps or refunds it"
        if source.kind not in self.rules.kinds:
            return f"the clinic's rules leave every {KINDS[CreditKind(source.kind)]} alone"
        if source.kind == CreditKind.PRE_PAYMENT:
            return self._why_held(source.held_for or NO_TRAITS)
        if self.left_out:
            ref, why = next(iter(self.left_out.items()))
            more = f" (and {len(self.left_out) - 1} more)" if len(self.left_out) > 1 else ""
            return f"of what is still owed, {ref} stays: {why}{more}"
        by_hand = "the account itself owes nothing; what its patients owe it pays by hand only"
        return by_hand if source.is_payers else "the account owes nothing more"

    def _why_held(self, wanted: Traits) -> str:
        """What a pre-payment waits for, and how the charge that comes nearest differs (S3.42)."""
        if not wanted.asked:
            return "held as a pre-payment without criteria, so only a person may use it"
        near = self._nearest(wanted)
        if near is None:
            return f"held for {wanted}; nothing that is owed waits for it"
        return f"held for {wanted}; {near[0].ref} does not match: {near[1]}"

    def _leaves_alone(self, held: Source, target: Target) -> str:
        """What money that is used up here does not pay, and why; of money that is left a skip says so."""
        near = self._nearest(held.held_for or NO_TRAITS) if held.available <= target.outstanding else None
        return f"; it leaves {near[0].ref} alone: {near[1]}" if near else ""

    def _nearest(self, wanted: Traits) -> tuple[Target, str] | None:
        """The charge still owed that comes nearest to what money is held for, with the criteria that it fails."""
        near = [(list(failed(wanted, one.traits, self.rules.custom)), one) for one in self.targets[:NEAR]]
        near = [(why, one) for why, one in near if one.outstanding and why]
        if not near:
            return None
        why, target = min(near, key=lambda pair: len(pair[0]))
        return target, " and ".join(why)


NEAR = 50
"""Of so many of the oldest charges the nearest is named."""


def _best(shapes: dict[tuple[str, ...], _Queues], order: Sequence[tuple[str, ...]], target: Target) -> Source | None:
    """Of the money that is held for this, the one with the most criteria; of these the oldest."""
    found: Source | None = None
    length = 0
    for shape in order:
        if found and len(shape) < length:
            break
        source = shapes[shape].first(target.traits.key(shape))
        if source and (found is None or (source.received_on, source.id) < (found.received_on, found.id)):
            found, length = source, len(shape)
    return found


def _apply(source: Source, target: Target, why: str) -> Decided:
    amount = min(source.available, target.outstanding)
    source.available -= amount
    target.outstanding -= amount
    return Decided(source.id, target.id, amount, f"{source.ref} to {target.ref}: {why}.")
