"""Where the balances of treatments come from, for many at once (S0.14–S0.19, S0.32).

Each origin is a key to filter by, and a sentence that says it with its amounts. Eleven queries at most, for however
many treatments; what doesn't apply to any of them asks for nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from balances.held import Held, held_money, open_holds
from balances.models import BalanceException, Credit
from balances.packages import Part, parts_of_events
from balances.queries import Balance, event_balances
from balances.states import BalanceOrigin, CreditKind
from clinicpay import money
from clinicpay.patients.models import Account, PatientPayer
from clinicpay.staff.queries import names_of
from treatments.models import TreatmentEvent


@dataclass(frozen=True)
class OriginOf:
    """One origin of one treatment's balance; `package` is the number of the package that it is of, `words` say it."""

    key: str
    words: str
    package: int | None = None

    @property
    def label(self) -> str:
        """The kind of origin: "Package", "Part payment"."""
        return str(BalanceOrigin(self.key).label)


def origins_of(
    event_ids: Iterable[int], currency: str, balances: Mapping[int, Balance] | None = None
) -> dict[int, tuple[OriginOf, ...]]:
    """The origins of each treatment's balance, by the event's id, in the order of `BalanceOrigin`.

    A package, its held money and an exception are said of every treatment; what was paid, deposits and finance
    only of one that owes. A treatment without any is absent: its balance is plainly what was done.
    `balances` are theirs, from whoever has asked for them already.
    """
    facts = _Facts(list(event_ids), currency, balances)
    found = {pk: tuple(facts.origins(pk)) for pk in facts.known}
    return {pk: said for pk, said in found.items() if said}


class _Fact(NamedTuple):
    """What decides which questions an event asks: only money that is there is looked for."""

    pk: int
    number: int
    package: int | None
    patient: int
    account: int
    held: int
    deposits: int


_FACTS = (
    *("pk", "number", "package", "patient", "patient__account", "patient__account__held"),
    "patient__account__deposits",
)


class _Facts:
    """What is asked about some treatments, each question once."""

    def __init__(self, event_ids: list[int], currency: str, balances: Mapping[int, Balance] | None) -> None:
        rows = TreatmentEvent.objects.filter(pk__in=event_ids).values_list(*_FACTS) if event_ids else ()
        self.known = {row[0]: _Fact(*row) for row in rows}
        self.balances = event_balances(self.known) if self.known and balances is None else balances or {}
        self.parts = parts_of_events(pk for pk, fact in self.known.items() if fact.package)
        self.currency = currency

    def origins(self, pk: int) -> Iterator[OriginOf]:
        balance = self.balances.get(pk, Balance())
        if part := self.parts.get(pk):
            yield self._package(part)
        if balance.outstanding and balance.applied > 0:
            paid, charged = self._show(balance.applied), self._show(balance.charged)
            yield OriginOf(BalanceOrigin.PART_PAYMENT, f"{paid} of {charged} is paid")
        yield from self._taken_before(pk, balance)
        if balance.outstanding:
            yield from self._finance(pk, balance)
        if pk in self.exceptions:
            yield OriginOf(BalanceOrigin.EXCEPTION, self.exceptions[pk])

    def _package(self, part: Part) -> OriginOf:
        kind = BalanceOrigin.STAGED if part.is_staged else BalanceOrigin.PACKAGE
        return OriginOf(kind, f"{part.ref} {part.name}. {part.words(self.currency)}", part.number)

    def _taken_before(self, pk: int, balance: Balance) -> Iterator[OriginOf]:
        for held in self.held.get(pk, ()):
            words = f"{self._show(held.available)} of {held.payment} is held for {held.wanted}, not used yet"
            yield OriginOf(BalanceOrigin.DEPOSIT, words)
        mine = [one for one in self.deposits.get(self.known[pk].account, ()) if one.event_id in (None, pk)]
        if balance.outstanding and mine:
            refs = ", ".join(sorted({one.payment.ref for one in mine}))
            total = self._show(sum(one.available for one in mine))
            yield OriginOf(BalanceOrigin.DEPOSIT, f"{total} taken as a deposit ({refs}) is not used yet")

    def _finance(self, pk: int, balance: Balance) -> Iterator[OriginOf]:
        if balance.planned:
            words = f"{self._show(balance.planned)} is on a payment plan"
            yield OriginOf(BalanceOrigin.FINANCE, words)
        for name in self.financed.get(self.known[pk].patient, ()):
            yield OriginOf(BalanceOrigin.FINANCE, f"{name} finances it as a third party")

    def _show(self, minor: int) -> str:
        return money.show(minor, self.currency)

    @cached_property
    def payers(self) -> list[tuple[int, int, str, str, int]]:
        """(patient, account, its kind, its name, what of its money is held) of whoever else pays for these patients."""
        patients = {fact.patient for fact in self.known.values()}
        rows = PatientPayer.objects.filter(patient__in=patients).order_by("pk")
        return list(rows.values_list("patient", "account", "account__kind", "account__name", "account__held"))

    @cached_property
    def financed(self) -> dict[int, list[str]]:
        """Third parties that pay for a patient, by the patient: insurers are none."""
        found: dict[int, list[str]] = defaultdict(list)
        for patient, _, kind, name, _ in self.payers:
            if kind == Account.Kind.THIRD_PARTY:
                found[patient].append(name)
        return found

    @cached_property
    def held(self) -> dict[int, list[Held]]:
        """Pre-payments that are held for what a treatment is, billed or planned, by the event."""
        accounts = {fact.account for fact in self.known.values() if fact.held}
        accounts |= {account for _, account, _, _, held in self.payers if held}
        if not accounts:
            return {}
        by_number = {fact.number: pk for pk, fact in self.known.items()}
        found: dict[int, dict[int, Held]] = defaultdict(dict)
        for held in held_money(open_holds().filter(account__in=accounts)):
            for charge in held.found.charges:
                if charge.event_id and charge.event_id in self.known:
                    found[charge.event_id][held.id] = held
            for planned in held.found.planned:
                if planned.number in by_number:
                    found[by_number[planned.number]][held.id] = held
        return {pk: list(rows.values()) for pk, rows in found.items()}

    @cached_property
    def deposits(self) -> dict[int, list[Credit]]:
        """Deposits of which something is left, by the account."""
        accounts = {fact.account for fact in self.known.values() if fact.deposits}
        if not accounts:
            return {}
        rows = Credit.objects.filter(kind=CreditKind.DEPOSIT, available__gt=0, account__in=accounts)
        found: dict[int, list[Credit]] = defaultdict(list)
        for credit in rows.select_related("payment").order_by("received_on", "pk"):
            found[credit.account_id].append(credit)
        return found

    @cached_property
    def exceptions(self) -> dict[int, str]:
        """What somebody wrote about a treatment's balance, and who."""
        rows = list(BalanceException.objects.filter(event__in=list(self.known), lifted_at=None))
        names = names_of(row.made_by_id for row in rows) if rows else {}
        return {row.event_id: f"{row.note} ({names.get(row.made_by_id or 0, 'ClinicPay')})" for row in rows}
