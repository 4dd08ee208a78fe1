"""Open money and debt as the allocation engine sees them; plain rows, since a night reads all of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from balances.auto_apply import Source, Target
from balances.matching import NO_TRAITS, Named, Traits
from balances.models import Charge, Credit
from balances.queries import open_charges, open_credits
from balances.states import CreditKind
from clinicpay.clinics.db.arrays import Compiled
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account
from treatments.models import Package, Procedure, TreatmentEvent
from treatments.states import AHEAD

_PLAIN = (
    *("account", "pk", "invoice__number", "invoice__invoice_date", "outstanding", "event", "invoice__due_date"),
    *("invoice__location", "patient", "service_date", "event__discipline"),
)
_TRAITS = (
    *("code", "event__number", "event__practitioner", "event__practitioner__name", "invoice__location__name"),
    *("event__package", "event__package__number", "procedure", "procedure__part", "event__custom_1", "event__custom_2"),
)
_CHARGE = (*_PLAIN, *_TRAITS)
_MONEY = (
    *("account", "pk", "payment__number", "kind", "received_on", "available", "event", "location", "payment__patient"),
    *("waits", "account__kind"),
)
_HELD = (
    *("pk", "event", "event__number", "criteria__procedure", "criteria__discipline"),
    *("criteria__practitioner", "criteria__practitioner__name", "criteria__location", "criteria__location__name"),
    *("criteria__package", "criteria__package__number", "criteria__custom_1", "criteria__custom_2"),
)
_PLANNED = (
    *("pk", "code", "description", "fee", "event", "event__number", "event__service_at", "event__discipline"),
    *("event__practitioner", "event__practitioner__name", "event__location", "event__location__name"),
    *("event__package", "event__package__number", "part"),
    *("event__custom_1", "event__custom_2", "event__patient", "event__patient__account"),
)


@dataclass(frozen=True)
class Planned:
    """A procedure of a treatment that is still to come, and not charged yet; `fee` is in minor units."""

    ref: str
    number: int
    at: datetime
    what: str
    fee: int
    patient_id: int
    account_id: int
    traits: Traits


def planned_of(account_ids: Collection[int]) -> dict[int, list[Planned]]:
    """What is planned for the patients of these accounts, by account, the next treatment first."""
    billed = Charge.objects.filter(procedure=OuterRef("pk"), voided=False)
    rows = Procedure.objects.filter(~Exists(billed), event__patient__account__in=account_ids, event__state__in=AHEAD)
    found: dict[int, list[Planned]] = defaultdict(list)
    for row in _planned_rows(rows.order_by("event__service_at", "event", "line")):
        found[row.account_id].append(row)
    return found


def lines_of_event(event: TreatmentEvent) -> list[Traits]:
    """What each procedure of a treatment is, charged or not; a treatment that lists none is itself alone."""
    rows = _planned_rows(Procedure.objects.filter(event=event).order_by("line"))
    if rows:
        return [row.traits for row in rows]
    where = Named(event.location_id, event.location.name)
    who = Named(event.practitioner_id, event.practitioner.name)
    own = {"custom_1": event.custom_1, "custom_2": event.custom_2}
    return [Traits(Named(event.pk, event.ref), "", event.discipline, who, where, **own)]


def wanted_by(event: TreatmentEvent | None, criteria: Mapping[str, Any]) -> Traits:
    """What money would be held for; `criteria` are fields of HoldCriteria, of which any may be missing."""
    who, where, package = (criteria.get(name) for name in ("practitioner", "location", "package"))
    return Traits(
        treatment=Named(event.pk, event.ref) if event else "",
        procedure=criteria.get("procedure") or "",
        discipline=criteria.get("discipline") or "",
        practitioner=Named(who.pk, who.name) if who else "",
        location=Named(where.pk, where.name) if where else "",
        package=Named(package.pk, package.ref) if package else "",
        custom_1=criteria.get("custom_1") or "",
        custom_2=criteria.get("custom_2") or "",
    )


def held_rows(credits: QuerySet[Credit]) -> Iterable[tuple[int, Source]]:
    """(account id, source) of these credits, in their order."""
    columns = (*_MONEY, *_HELD)
    for values in credits.values_list(*columns):
        money, held = values[: len(_MONEY)], values[len(_MONEY) :]
        yield values[0], _source(money, _criteria(dict(zip(_HELD, held, strict=True))))


def _planned_rows(procedures: QuerySet[Procedure]) -> list[Planned]:
    rows = (dict(zip(_PLANNED, values, strict=True)) for values in procedures.values_list(*_PLANNED))
    return [_planned(row) for row in rows]


def _planned(row: dict[str, Any]) -> Planned:
    """A planned procedure would be billed where its treatment takes place."""
    billed = {"invoice__location": row["event__location"], "invoice__location__name": row["event__location__name"]}
    billed |= {"procedure": row["pk"], "procedure__part": row["part"]}
    return Planned(
        shown(TreatmentEvent.KIND, row["event__number"]),
        row["event__number"],
        row["event__service_at"],
        f"{row['code']} {row['description']}".strip(),
        row["fee"],
        row["event__patient"],
        row["event__patient__account"],
        _traits(row | billed),
    )


def matchable(account_ids: Sequence[int]) -> Iterator[tuple[int, list[Source], list[Target]]]:
    """The open money and debt of each account that has money: (account, sources, targets), in id order.

    What a charge is beyond its discipline is read only where a pre-payment waits, which alone asks for it.
    """
    sources = sources_of(account_ids)
    held = {key for key, own in sources.items() if any(one.kind == CreditKind.PRE_PAYMENT for one in own)}
    targets = targets_of(held) | _plain_targets(sources.keys() - held)
    for account_id in sorted(sources):
        yield account_id, sources[account_id], targets.get(account_id, [])


def targets_of(account_ids: Iterable[int]) -> dict[int, list[Target]]:
    """Open billed charges by account with all their traits, in the order in which money pays them (A3)."""
    found: dict[int, list[Target]] = defaultdict(list)
    for values in _charges(account_ids):
        found[values[0]].append(_target(values[: len(_PLAIN)], _traits(dict(zip(_CHARGE, values, strict=True)))))
    return found


def _plain_targets(account_ids: Iterable[int]) -> dict[int, list[Target]]:
    found: dict[int, list[Target]] = defaultdict(list)
    by_discipline: dict[str, Traits] = defaultdict(lambda: NO_TRAITS)
    for values in _plain_charges(account_ids):
        discipline = values[-1]
        if discipline and discipline not in by_discipline:
            by_discipline[discipline] = Traits(discipline=discipline)
        found[values[0]].append(_target(values, by_discipline[discipline]))
    return found


_charges = Compiled(lambda ids: open_charges(ids).select_related(None).values_list(*_CHARGE))
_plain_charges = Compiled(lambda ids: open_charges(ids).select_related(None).values_list(*_PLAIN))
_credits = Compiled(lambda ids: open_credits(ids).select_related(None).values_list(*_MONEY))


def sources_of(account_ids: Sequence[int]) -> dict[int, list[Source]]:
    """Open credits by account, oldest received first; what they are held for is read where one of them is held."""
    found: dict[int, list[Source]] = defaultdict(list)
    rows = _credits(account_ids)
    held = holds_of(row[1] for row in rows if row[3] == CreditKind.PRE_PAYMENT)
    for row in rows:
        found[row[0]].append(_source(row, held.get(row[1], NO_TRAITS)))
    return found


def traits_of(charge_ids: Iterable[int]) -> dict[int, Traits]:
    """What charges are, by id, for the page that asks whether a pre-payment may pay them."""
    rows = Charge.objects.filter(pk__in=list(charge_ids)).values_list(*_CHARGE)
    found = (dict(zip(_CHARGE, values, strict=True)) for values in rows)
    return {row["pk"]: _traits(row) for row in found}


def holds_of(credit_ids: Iterable[int]) -> dict[int, Traits]:
    """What pre-payments are held for, by id."""
    ids = list(credit_ids)
    rows = Credit.objects.filter(pk__in=ids).values_list(*_HELD) if ids else ()
    return {values[0]: _criteria(dict(zip(_HELD, values, strict=True))) for values in rows}


def held_for(credit: Credit) -> Traits:
    """What one pre-payment is held for."""
    return holds_of([credit.pk])[credit.pk]


def _target(plain: tuple[Any, ...], traits: Traits) -> Target:
    _, key, number, invoiced, outstanding, event, due, location, patient, service, _ = plain
    return Target(
        key, shown("INV", number), invoiced, outstanding, event, due, location, patient, traits, service_date=service
    )


def _traits(row: dict[str, Any]) -> Traits:
    return Traits(
        treatment=_named(row["event"], row["event__number"] and shown(TreatmentEvent.KIND, row["event__number"])),
        procedure=row["code"],
        discipline=row["event__discipline"] or "",
        practitioner=_named(row["event__practitioner"], row["event__practitioner__name"]),
        location=_named(row["invoice__location"], row["invoice__location__name"]),
        package=_package(row),
        custom_1=row["event__custom_1"] or "",
        custom_2=row["event__custom_2"] or "",
    )


def _source(row: tuple[Any, ...], criteria: Traits) -> Source:
    """`row` as in _MONEY."""
    _, key, number, kind, received, available, event, location, patient, waits, payer = row
    held_for = criteria if kind == CreditKind.PRE_PAYMENT else None
    is_payers = payer in Account.PAYS_FOR_OTHERS
    return Source(
        key, shown("PAY", number), kind, received, available, event, location, patient, held_for, waits, is_payers
    )


def _criteria(row: dict[str, Any]) -> Traits:
    return Traits(
        treatment=_named(row["event"], row["event__number"] and shown(TreatmentEvent.KIND, row["event__number"])),
        procedure=row["criteria__procedure"] or "",
        discipline=row["criteria__discipline"] or "",
        practitioner=_named(row["criteria__practitioner"], row["criteria__practitioner__name"]),
        location=_named(row["criteria__location"], row["criteria__location__name"]),
        package=_packaged(row["criteria__package"], row["criteria__package__number"]),
        custom_1=row["criteria__custom_1"] or "",
        custom_2=row["criteria__custom_2"] or "",
    )


def _package(row: dict[str, Any]) -> Named | str:
    """The package whose price a charge is a part of, or an instalment of that; what its event does beside isn't."""
    is_part = row["procedure__part"] or row["procedure"] is None
    return _packaged(row["event__package"], row["event__package__number"]) if is_part else ""


def _packaged(key: int | None, number: int | None) -> Named | str:
    return _named(key, shown(Package.KIND, number)) if number else ""


def _named(key: int | None, name: str | None) -> Named | str:
    return Named(key, name or "") if key else ""
