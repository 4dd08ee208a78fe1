"""Reads of packages and staged treatments: each event's part, and what of the price is billed and paid."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from balances.models import Charge
from clinicpay import money
from clinicpay.clinics.numbers import shown
from treatments.models import Package, Procedure, TreatmentEvent
from treatments.states import EventState, Origin


@dataclass(frozen=True)
class Part:
    """What one event bills of its package's price, and which of how many it is."""

    event_id: int
    number: int
    name: str
    kind: str
    position: int
    count: int
    amount: int
    price: int
    is_billed: bool

    @property
    def ref(self) -> str:
        """The package's public number."""
        return shown(Package.KIND, self.number)

    @property
    def is_staged(self) -> bool:
        """Whether it is a stage with a price of its own."""
        return self.kind == Origin.STAGED

    @property
    def place(self) -> str:
        """ "Part 2 of 4"."""
        return f"{'Stage' if self.is_staged else 'Part'} {self.position} of {self.count}"

    def words(self, currency: str) -> str:
        """ "Part 2 of 4: $250.00 of $1,000.00"."""
        return f"{self.place}: {money.show(self.amount, currency)} of {money.show(self.price, currency)}"


class _Row(NamedTuple):
    """An event that has a part of a package's price, with what is asked of its part and its package."""

    event: int
    package: int
    state: str
    part: int
    fee: int
    is_billed: bool
    number: int
    name: str
    kind: str
    price: int
    cancelled: int


_ROW = (
    *("pk", "package", "state", "part", "fee", "is_billed"),
    *("package__number", "package__name", "package__kind", "package__price", "package__cancelled"),
)


def _rows(where: Q) -> list[_Row]:
    """The events with their parts, cancelled ones too, in the order of service: one query.

    A part is asked for by its event's key: without statistics the planner would join all procedures for each event.
    """
    part = Procedure.objects.filter(event=OuterRef("pk"), part=True).order_by()
    billed = Charge.objects.filter(procedure=OuterRef("part"), voided=False)
    rows = TreatmentEvent.objects.filter(where).annotate(part=Subquery(part.values("pk")[:1]), is_billed=Exists(billed))
    rows = rows.annotate(fee=Subquery(part.values("fee")[:1])).filter(part__isnull=False)
    return [_Row(*row) for row in rows.order_by("package", "service_at", "number").values_list(*_ROW)]


def _parts(rows: Iterable[_Row]) -> Iterable[Part]:
    live = [row for row in rows if row.state != EventState.CANCELLED]
    count = Counter(row.package for row in live)
    position: Counter[int] = Counter()
    for row in live:
        position[row.package] += 1
        yield Part(
            *(row.event, row.number, row.name, row.kind, position[row.package], count[row.package]),
            *(row.fee, row.price - row.cancelled, row.is_billed),
        )


def parts_of_events(event_ids: Iterable[int]) -> dict[int, Part]:
    """The part of each event that is of a package and not cancelled: one query for any number of events."""
    ids = list(event_ids)
    packages = TreatmentEvent.objects.filter(pk__in=ids, package__isnull=False).values("package")
    found = {part.event_id: part for part in _parts(_rows(Q(package__in=packages)))} if ids else {}
    return {pk: found[pk] for pk in ids if pk in found}


def parts_of(package: Package) -> list[Part]:
    """The parts of a package's price in the order of service; a cancelled event has none."""
    return list(_parts(_rows(Q(package=package))))


@dataclass(frozen=True)
class Figures:
    """What of a package's price was billed, less what was credited; what of that is paid, owed, or elsewhere."""

    billed: int = 0
    outstanding: int = 0
    written_off: int = 0
    planned: int = 0

    @property
    def paid(self) -> int:
        """What has been paid of it, here or by instalments of a plan."""
        return self.billed - self.outstanding - self.written_off - self.planned


def figures_of(package_ids: Sequence[int]) -> dict[int, Figures]:
    """Figures of each package, two queries for all; a package of which nothing was billed is absent."""
    return _figures_of(_rows(Q(package__in=list(package_ids))))


def figures_and_parts_of(package_ids: Sequence[int]) -> tuple[dict[int, Figures], dict[int, list[Part]]]:
    """Figures of each package by its key, and its parts by its number: two queries for all."""
    rows = _rows(Q(package__in=list(package_ids)))
    parts: dict[int, list[Part]] = defaultdict(list)
    for part in _parts(rows):
        parts[part.number].append(part)
    return _figures_of(rows), parts


def _figures_of(rows: list[_Row]) -> dict[int, Figures]:
    """Instalments keep their event: what a plan moved is owed by them, so that nothing is counted twice.

    What a charge came from is of the same event, and followed here: the planner would join five tables for it.
    """
    package = {row.part: row.package for row in rows}
    charges = {charge.pk: charge for charge in Charge.objects.filter(event__in=[row.event for row in rows])}
    found: dict[int, list[Charge]] = defaultdict(list)
    for charge in charges.values():
        part = _root(charge, charges).procedure_id
        if part in package:
            found[package[part]].append(charge)
    return {package: _figures(mine) for package, mine in found.items()}


def _root(charge: Charge, charges: dict[int, Charge]) -> Charge:
    """The charge of a procedure that this one is, or that it was made from by a plan and its instalments."""
    while charge.source_id in charges:
        charge = charges[charge.source_id]
    return charge


def _figures(charges: list[Charge]) -> Figures:
    return Figures(
        billed=sum(one.amount for one in charges if one.source_id is None) - sum(one.credited for one in charges),
        outstanding=sum(one.outstanding for one in charges if one.invoice_id is not None),
        written_off=sum(one.written_off for one in charges),
        planned=sum(one.outstanding for one in charges if one.invoice_id is None),
    )


def packages_of(**where: Any) -> QuerySet[Package]:
    """Packages, the newest first."""
    return Package.objects.filter(**where).select_related("patient__account").order_by("-number")


def events_of(package: Package) -> QuerySet[TreatmentEvent]:
    """Its treatments in the order of service, cancelled ones too."""
    rows = TreatmentEvent.objects.filter(package=package).select_related("practitioner", "location", "patient")
    return rows.annotate(part_fee=F("procedures__fee")).filter(procedures__part=True).order_by("service_at", "number")
