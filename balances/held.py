"""Money held as a pre-payment beside what there is of what it is held for (S3.35, S3.37, S3.39, A5).

What fits is decided by `matching` alone, as the automatic run decides it. An insurer's or third party's money is
also compared with the charges of the patients that list it: there only a person applies it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from balances.auto_apply import Target
from balances.matchable import Planned, held_rows, lines_of_event, planned_of, targets_of
from balances.matching import Index, Item, Traits, failed
from balances.models import Credit
from balances.states import CreditKind, MatchState
from clinicpay.patients.models import Account, PatientPayer
from treatments.models import TreatmentEvent

OTHERS = (Account.Kind.INSURANCE, Account.Kind.THIRD_PARTY)
"""Accounts whose money may pay for patients of other accounts."""


@dataclass(frozen=True)
class Found:
    """What fits: charges that are owed now, and procedures that are planned."""

    charges: list[Target]
    planned: list[Planned]

    @property
    def owed(self) -> int:
        """What the charges still owe (minor units)."""
        return sum(charge.outstanding for charge in self.charges)

    @property
    def state(self) -> MatchState:
        """Whether it can be applied now, later, or not as far as anybody knows."""
        if self.charges:
            return MatchState.NOW
        return MatchState.LATER if self.planned else MatchState.NONE

    @property
    def next(self) -> Planned | None:
        """The first that is planned."""
        return self.planned[0] if self.planned else None


@dataclass(frozen=True)
class Held:
    """One pre-payment with what is left of it (minor units), what it is held for, and what of that there is."""

    id: int
    payment: str
    account_id: int
    available: int
    received_on: date
    wanted: Traits
    found: Found

    @property
    def number(self) -> int:
        """The payment's, as addresses take it."""
        return int(self.payment.rpartition("-")[2])

    @property
    def usable(self) -> int:
        """What could be applied now."""
        return min(self.available, self.found.owed)


def open_holds() -> QuerySet[Credit]:
    """Pre-payments of which something is left."""
    return Credit.objects.filter(kind=CreditKind.PRE_PAYMENT, available__gt=0)


def held_money(credits: QuerySet[Credit] | None = None) -> list[Held]:
    """Pre-payments, all or the given ones, the oldest first: four queries for any number, one when there are none."""
    rows = list(held_rows((open_holds() if credits is None else credits).order_by("received_on", "pk")))
    if not rows:
        return []
    debts = Debts({account_id for account_id, _ in rows})
    return [
        Held(one.id, one.ref, account_id, one.available, one.received_on, wanted, debts.fitting(account_id, wanted))
        for account_id, one in rows
        if (wanted := one.held_for) is not None
    ]


def held_that_matches() -> list[Held]:
    """Pre-payments that can be applied now: the reminder (S3.39). Only accounts that owe are looked at."""
    may = Q(account__owes__gt=0) | Q(account__kind__in=OTHERS)
    return [one for one in held_money(open_holds().filter(may)) if one.found.charges]


class Debts:
    """What some accounts owe and what is planned for them, to be asked what of it fits."""

    def __init__(self, account_ids: Collection[int]) -> None:
        self._listed = _listed(account_ids)
        wanted = {*account_ids, *(account for own in self._listed.values() for account in own)}
        self._targets, self._planned = targets_of(sorted(wanted)), planned_of(wanted)
        self._charges: dict[int, Index[Target]] = {}
        self._plans: dict[int, Index[Planned]] = {}

    def fitting(self, account_id: int, wanted: Traits) -> Found:
        """What of it an account's money may pay when it is held for this."""
        if account_id not in self._charges:
            self._charges[account_id] = Index(self._of(self._targets, account_id))
            self._plans[account_id] = Index(self._of(self._planned, account_id))
        return Found(self._charges[account_id].fitting(wanted), self._plans[account_id].fitting(wanted))

    def _of(self, rows: dict[int, list[Item]], account_id: int) -> Iterator[Item]:
        """The account's own, then those of the patients that list it."""
        yield from rows.get(account_id, ())
        for other, patients in self._listed.get(account_id, {}).items():
            yield from (one for one in rows.get(other, ()) if one.patient_id in patients)


def _listed(account_ids: Collection[int]) -> dict[int, dict[int, set[int]]]:
    """Of each account that others list as payer: the other accounts, and which of their patients do."""
    rows = PatientPayer.objects.filter(account__in=account_ids).order_by("pk")
    found: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for account_id, other, patient in rows.values_list("account", "patient__account", "patient"):
        if other != account_id:
            found[account_id][other].add(patient)
    return found


def contradictions(event: TreatmentEvent, wanted: Traits, custom: tuple[str, str] = ("", "")) -> list[str]:
    """Which criteria the named treatment itself does not meet, so that nothing of it would ever match."""
    return min((list(failed(wanted, line, custom)) for line in lines_of_event(event)), key=len)
