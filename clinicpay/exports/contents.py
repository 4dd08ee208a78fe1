"""What an export's file says: its columns and rows, as they are written. Amounts leave as plain decimals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from balances.queries import Balance, event_balances
from balances.states import PostingKind
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.close.models import DailyClose
from clinicpay.close.queries import events_of_day
from clinicpay.close.standing import NOTHING, Standing, standings
from clinicpay.exports import journal
from clinicpay.exports.codes import Chart, Code, Key
from clinicpay.exports.days import Day
from clinicpay.exports.states import LedgerAccount, What
from clinicpay.patients.models import Account
from clinicpay.ui.export import Amount
from payments.models import Payment
from payments.states import Method
from treatments.models import TreatmentEvent

Rows = Iterator[Sequence[Sequence[Any]]]

_DAY = ("Business date", "Location", "Close", "Version")
_SIDES = ("Debit", "Credit", "Currency", "Note")
_ACCOUNT = ("Account code", "Account name", "Ledger account", "Tender", "Discipline")

HEADERS: dict[str, tuple[str, ...]] = {
    What.JOURNAL: (*_DAY, *_ACCOUNT, *_SIDES),
    What.LINES: (*_DAY, "Act", "What", "Posted", *_ACCOUNT, "Payment", "Invoice", "Account", *_SIDES),
    What.SHEET: (*_DAY, "Total of", "Name", "In", "Out", "Net", "Count", "Currency", "Note"),
    What.EVENTS: (
        *_DAY,
        *("Treatment", "Time", "Patient", "Practitioner", "Discipline", "State", "Charged", "Paid", "Left"),
        *("Written off", "Review", "Evidence", "Currency", "Note"),
    ),
}


class Seen(NamedTuple):
    """A treatment of a closed day, and where it stands: what it owes, its review, its evidence."""

    event: TreatmentEvent
    standing: Standing
    balance: Balance


@dataclass
class Told:
    """What was written while the rows were: how many, both sides, and the codes that were used."""

    rows: int = 0
    debit: int = 0
    credit: int = 0
    codes: dict[tuple[str, Key, str], Code] = field(default_factory=dict)


class Writer:
    """Turns chosen days into the rows of a file, and keeps count of them in `told`."""

    def __init__(self, clinic: Clinic, chart: Chart) -> None:
        self.clinic, self.chart, self.told = clinic, chart, Told()
        self.known: dict[tuple[int, Key], tuple[str, ...]] = {}

    def chunks(self, what: str, days: Sequence[Day]) -> Rows:
        """The rows of one kind of export, some at a time."""
        made: dict[str, Callable[[Sequence[Day]], Iterable[Sequence[Sequence[Any]]]]] = {
            What.JOURNAL: self._journal,
            What.LINES: self._lines,
            What.SHEET: self._sheet,
            What.EVENTS: self._events,
        }
        for rows in made[what](days):
            self.told.rows += len(rows)
            yield rows

    def _journal(self, days: Sequence[Day]) -> Rows:
        for one in journal.sums(days, self.chart.disciplines):
            yield [(*_of_day(one.day), *self._coded(one), *self._sides(one))]

    def _lines(self, days: Sequence[Day]) -> Rows:
        zone = clock.zone(self.clinic)
        for some in journal.lines(days, self.chart.disciplines):
            yield [
                (
                    *_of_day(one.day),
                    *(one.act, PostingKind(one.kind).label, one.made_at.astimezone(zone)),
                    *self._coded(one),
                    _ref(Payment.KIND, one.payment),
                    _ref("INV", one.invoice),
                    _ref(Account.KIND, one.account),
                    *self._sides(one),
                )
                for one in some
            ]

    def _coded(self, one: journal.Sum | journal.Line) -> tuple[str, ...]:
        """The account of a line; the export keeps which code it took."""
        place, key = one.day.close.location, one.key
        known = self.known.get((place.pk, key))
        if known is None:
            code = self.chart.of(key, place.pk)
            self.told.codes[(str(place), key, code.code)] = code
            tender = Method(key.method).label if key.method in Method.values else key.method
            known = (*code, str(LedgerAccount(key.ledger_account).label), str(tender), key.discipline)
            self.known[(place.pk, key)] = known
        return known

    def _sides(self, one: journal.Sum | journal.Line) -> tuple[Any, ...]:
        self.told.debit += one.debit
        self.told.credit += one.credit
        sides = (self._amount(side) if side else "" for side in (one.debit, one.credit))
        return (*sides, self.clinic.currency, one.day.note)

    def _sheet(self, days: Sequence[Day]) -> Rows:
        for day in days:
            rows: list[tuple[Any, ...]] = []
            for method, (came, went) in tenders_of(day).items():
                name = Method(method).label if method in Method.values else method
                net = self._amount(came - went)
                rows.append(("Tender", name, self._amount(came), self._amount(went), net, "", self.clinic.currency))
            for kind, count in acts_of(day).items():
                name = PostingKind(kind).label if kind in PostingKind.values else kind
                rows.append(("Acts", name, "", "", "", count, ""))
            yield [(*_of_day(day), *row, day.note) for row in rows]

    def _events(self, days: Sequence[Day]) -> Rows:
        for day in days:
            yield [self._event(day, seen) for seen in events_of(self.clinic, day.close)]

    def _event(self, day: Day, seen: Seen) -> tuple[Any, ...]:
        event, standing, balance = seen
        amounts = [balance.charged, balance.applied, balance.outstanding, balance.written_off]
        return (
            *_of_day(day),
            event.ref,
            f"{event.service_at.astimezone(clock.zone(self.clinic)):%H:%M}",
            *(event.patient.name, event.practitioner.name, event.discipline, event.get_state_display()),
            *map(self._amount, amounts),
            *(standing.outcome_words, standing.evidence, self.clinic.currency, day.note),
        )

    def _amount(self, minor: int) -> Amount:
        return Amount(money.plain(minor, self.clinic.currency))


def tenders_of(day: Day) -> dict[str, tuple[int, int]]:
    """What came in and went out of a closed day by tender, as its close keeps it; of a rest the difference."""
    now, then = (_tenders(close) for close in (day.close, day.since))
    found = {
        method: tuple(a - b for a, b in zip(now.get(method, (0, 0)), then.get(method, (0, 0)), strict=True))
        for method in sorted({*now, *then})
    }
    return {method: (came, went) for method, (came, went) in found.items() if came or went or not day.since}


def acts_of(day: Day) -> dict[str, int]:
    """How many acts of each kind a closed day has, as its close keeps it; of a rest the difference."""
    now, then = ((close.snapshot or {}).get("acts", {}) if close else {} for close in (day.close, day.since))
    found = {kind: now.get(kind, 0) - then.get(kind, 0) for kind in sorted({*now, *then})}
    return {kind: count for kind, count in found.items() if count}


def events_of(clinic: Clinic, close: DailyClose) -> Iterator[Seen]:
    """The treatments of a day with balance, the outcome of their review, and their evidence in words."""
    rows = events_of_day(clinic, close.location, close.day).select_related("patient", "practitioner")
    events = list(rows.order_by("service_at", "pk"))
    found, balances = standings(events), event_balances([event.pk for event in events])
    for event in events:
        yield Seen(event, found[event.pk], balances.get(event.pk, NOTHING))


def _tenders(close: DailyClose | None) -> dict[str, tuple[int, int]]:
    kept = (close.snapshot or {}).get("tenders", {}) if close else {}
    return {method: (sides["in"], sides["out"]) for method, sides in kept.items()}


def _of_day(day: Day) -> tuple[Any, ...]:
    return (day.close.day, str(day.close.location), day.close.ref, day.close.version)


def _ref(kind: str, number: int | None) -> str:
    return shown(kind, number) if number else ""
