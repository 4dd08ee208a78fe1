"""What the pages of packages show of them. Amounts are minor units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from balances.held import Held, held_money, open_holds
from balances.packages import Figures, Part, events_of, figures_and_parts_of, packages_of, parts_of
from balances.queries import open_credits, with_balances
from balances.states import CreditKind
from clinicpay.patients.models import Patient
from treatments.models import Package

FREE = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)


@dataclass(frozen=True)
class Row:
    """A package among its patient's, with what is billed of it and its parts."""

    package: Package
    figures: Figures
    parts: list[Part]

    @property
    def billed(self) -> int:
        """How many of its parts are billed."""
        return sum(part.is_billed for part in self.parts)

    @property
    def unbilled(self) -> int:
        """What of its price is still to be billed."""
        return sum(part.amount for part in self.parts if not part.is_billed)


def rows_of(patient: Patient) -> list[Row]:
    """A patient's packages, the newest first, in three questions; in one when there are none."""
    return rows_for(list(packages_of(patient=patient)))


def rows_for(found: Sequence[Package]) -> list[Row]:
    """These packages with their figures and parts, two questions for all of them."""
    ids = [one.pk for one in found]
    figures, parts = figures_and_parts_of(ids) if found else ({}, {})
    return [Row(one, figures.get(one.pk, Figures()), parts.get(one.number, [])) for one in found]


def events_with_parts(package: Package) -> list[Any]:
    """The treatments of a package in their order, each with its `part` (none if it is cancelled) and `balance`."""
    parts = {part.event_id: part for part in parts_of(package)}
    rows = with_balances(list(events_of(package)))
    for event in rows:
        event.part = parts.get(event.pk)
    return rows


def held_for_package(package: Package) -> list[Held]:
    """Pre-payments that are held for it, by whoever paid them."""
    return held_money(open_holds().filter(criteria__package=package))


def free_money(package: Package) -> list[Any]:
    """Money of the patient's account that could be held for it."""
    return list(open_credits([package.patient.account_id]).filter(kind__in=FREE, waits=False))
