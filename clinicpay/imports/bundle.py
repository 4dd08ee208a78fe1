"""Our own CSV files of a practice that moves to us. Reading them checks everything and writes nothing.

What the columns are stands in `bundle_format`; here is what lines must be to each other.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from django.utils import timezone

from balances.models import Charge, ClosedDay
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.imports.bundle_format import SHEETS, Sheet
from clinicpay.imports.cells import CellReader, Spot
from clinicpay.imports.people import named_places
from clinicpay.imports.practice import (
    Applied,
    Healer,
    Owed,
    Paid,
    Party,
    Person,
    Place,
    Practice,
    Skipped,
    Visit,
    Work,
    counted,
)
from clinicpay.imports.rows import known_refs
from clinicpay.imports.sheets import BadCell, Folder, Problem
from clinicpay.patients.models import Account
from payments.models import Payment
from payments.states import Method

T = TypeVar("T")
Cells = dict[str, Any]
Tell = Callable[[str], None]

PAYERS = {Account.Kind.INSURANCE, Account.Kind.THIRD_PARTY}
OPENING_BALANCE = "Opening balance"
MOST_LINES = 9999
"""Charges that one event or invoice may have."""


class Unsure(Exception):
    """A line can't be judged, because one that it names has a fault of its own."""


class OnClosedDay(NamedTuple):
    """A line that would be posted on a closed day, unless an earlier import has brought `ref`."""

    file: str
    line: int
    place: str
    on: date
    ref: str


def read(folder: Path, clinic: Clinic, tell: Tell) -> Practice:
    """The practice in these files, with the clinic in scope. Raises BadFiles with every fault, file, line, column."""
    return Reader(Folder(folder), clinic).practice(tell)


class Reader:
    """The files, read in their order, so that whatever a line names has been read before."""

    def __init__(self, folder: Folder, clinic: Clinic) -> None:
        self.folder, self.clinic, self.now = folder, clinic, timezone.now()
        self.cells = CellReader(folder, clinic)
        self.places: dict[str, Place] = {}
        self.healers: dict[str, Healer] = {}
        self.parties: dict[str, Party] = {}
        self.persons: dict[str, Person] = {}
        self.visits: dict[str, Visit] = {}
        self.charges: dict[str, Work | Owed] = {}
        self.payments: dict[str, Paid] = {}
        self.applied: dict[tuple[str, str], Applied] = {}
        self.used: Counter[tuple[str, str]] = Counter()
        self.bills: dict[str, tuple[str, str]] = {}
        self.bill_dates: dict[str, date] = {}
        self.slips: dict[str, tuple[str, str, date]] = {}
        self.counts: Counter[str] = Counter()
        self.on_closed_days: list[OnClosedDay] = []

    def practice(self, tell: Tell) -> Practice:
        """Everything, or BadFiles."""
        there = [sheet for sheet in SHEETS if self.folder.check_sheet(sheet.name, sheet.header, needed=sheet.needed)]
        self.folder.refuse_faults()  # without a whole file, every reference to it would be one more fault
        for sheet in there:
            tell(f"{sheet.name}: {counted(self._read(sheet), 'line')} read")
        self._refuse_closed_days()
        self.folder.refuse_faults()
        return Practice(
            places=list(self.places.values()),
            healers=list(self.healers.values()),
            parties=list(self.parties.values()),
            persons=list(self.persons.values()),
            visits=list(self.visits.values()),
            works=[one for one in self.charges.values() if isinstance(one, Work)],
            payments=list(self.payments.values()),
            owed=[one for one in self.charges.values() if isinstance(one, Owed)],
            applied=list(self.applied.values()),
            skipped=self._skipped(),
        )

    def _read(self, sheet: Sheet) -> int:
        read, take = 0, getattr(self, f"_take_{sheet.name.removesuffix('.csv')}")
        for row in self.folder.lines(sheet.name, sheet.header):
            read += 1
            cells = self.cells.read(sheet, row)
            if cells is None:
                continue
            try:
                take(cells, (sheet.name, row.line))
            except BadCell as fault:
                self.folder.note(Problem(sheet.name, row.line, str(fault), fault.column))
            except Unsure:
                continue
        return read

    def _take_locations(self, cells: Cells, spot: Spot) -> None:
        self.places[cells["location_id"]] = Place(cells["location_id"], cells["name"], cells["address"])

    def _take_practitioners(self, cells: Cells, spot: Spot) -> None:
        ref = cells["practitioner_id"]
        self.healers[ref] = Healer(ref, cells["name"], cells["discipline"])

    def _take_accounts(self, cells: Cells, spot: Spot) -> None:
        ref = cells.pop("account_id")
        self.parties[ref] = Party(ref, **cells)

    def _take_patients(self, cells: Cells, spot: Spot) -> None:
        ref, account = cells.pop("patient_id"), cells.pop("account_id")
        if _sure(self.parties, account).kind == Account.Kind.INSURANCE:
            raise BadCell(f'account "{account}" is of kind insurance, which owes for no patient', "account_id")
        self.persons[ref] = Person(ref, account, payers={}, **cells)

    def _take_payers(self, cells: Cells, spot: Spot) -> None:
        payers = _sure(self.persons, cells["patient_id"]).payers
        if cells["account_id"] in payers:
            raise BadCell("this patient and this account stand together twice", "account_id")
        self._check_payer(cells["account_id"], "account_id")
        payers[cells["account_id"]] = cells["member_number"]

    def _take_events(self, cells: Cells, spot: Spot) -> None:
        healer = _sure(self.healers, cells["practitioner_id"])
        ref, began = cells["event_id"], self._moment(cells["date"], cells["time"])
        self.visits[ref] = Visit(
            ref=ref,
            person=cells["patient_id"],
            healer=healer.ref,
            place=cells["location_id"],
            title=cells["title"],
            discipline=cells["discipline"] or healer.discipline,
            began=began,
            ended=began,
        )

    def _take_charges(self, cells: Cells, spot: Spot) -> None:
        visit = _sure(self.visits, cells["event_id"])
        person = _sure(self.persons, visit.person)
        work = Work(
            ref=cells["charge_id"],
            visit=visit.ref,
            bill=cells["invoice_id"] or f"event {visit.ref}",  # a blank, which no id of theirs has
            place=visit.place,
            code=cells["code"],
            description=cells["description"],
            fee=cells["amount"],
            on=cells["date"] or clock.business_day(self.clinic, visit.began),
        )
        self._check_bill(work, person.account)
        self.charges[work.ref] = work
        if work.fee:
            self._note_date(spot, work.place, work.on, work.ref)

    def _take_opening_balances(self, cells: Cells, spot: Spot) -> None:
        self._check_patient(cells["patient_id"], cells["account_id"])
        owed = Owed(
            ref=cells["charge_id"],
            account=cells["account_id"],
            person=cells["patient_id"],
            place=cells["location_id"],
            description=cells["description"] or OPENING_BALANCE,
            amount=cells["amount"],
            on=cells["date"],
        )
        self.charges[owed.ref] = owed
        self._note_date(spot, owed.place, owed.on, owed.ref)

    def _take_payments(self, cells: Cells, spot: Spot) -> None:
        visit, person = cells["event_id"], cells["patient_id"]
        if visit and person and _sure(self.visits, visit).person != person:
            raise BadCell(f'event "{visit}" is another patient\'s', "event_id")
        self._check_patient(person or (visit and _sure(self.visits, visit).person), cells["account_id"])
        if cells["payer_account_id"]:
            self._check_payer(cells["payer_account_id"], "payer_account_id")
        slip = (cells["account_id"], cells["location_id"], cells["date"])
        if self.slips.setdefault(cells["receipt_id"] or f"payment {cells['payment_id']}", slip) != slip:
            raise BadCell("a receipt is of one account, one location and one date", "receipt_id")
        self._take_money(
            cells,
            spot,
            person=person,
            visit=visit,
            payer=cells["payer_account_id"],
            slip=cells["receipt_id"] or f"payment {cells['payment_id']}",
            method=cells["method"],
        )

    def _take_opening_credits(self, cells: Cells, spot: Spot) -> None:
        none = dict.fromkeys(("person", "visit", "payer", "slip"), "")
        self._take_money(cells, spot, method=Method.OPENING, kind=cells["kind"], **none)

    def _take_money(self, cells: Cells, spot: Spot, **more: Any) -> None:
        paid = Paid(
            ref=cells["payment_id"],
            account=cells["account_id"],
            place=cells["location_id"],
            amount=cells["amount"],
            at=self._moment(cells["date"], None),
            on=cells["date"],
            memo=cells["memo"],
            **more,
        )
        self.payments[paid.ref] = paid
        self._note_date(spot, paid.place, paid.on, paid.ref)

    def _take_allocations(self, cells: Cells, spot: Spot) -> None:
        paid, charge = _sure(self.payments, cells["payment_id"]), _sure(self.charges, cells["charge_id"])
        first = max(paid.on, charge.on)
        if cells["date"] and cells["date"] < first:
            raise BadCell(f'"{cells["date"]}" is before {first}, when both the money and the charge were there', "date")
        billed = self.bill_dates.get(charge.bill, first) if isinstance(charge, Work) else first
        applied = Applied(paid.ref, charge.ref, cells["amount"], cells["date"] or max(first, billed))
        if (paid.ref, charge.ref) in self.applied:
            raise BadCell("this payment and this charge stand together twice; add the amounts", "charge_id")
        self._check_may_pay(paid, charge)
        self._use("payment", paid.ref, paid.amount, applied.amount)
        self._use("charge", charge.ref, charge.fee if isinstance(charge, Work) else charge.amount, applied.amount)
        self.applied[paid.ref, charge.ref] = applied
        self._note_date(spot, charge.place, applied.on, paid.ref)

    def _check_payer(self, account: str, column: str) -> None:
        party = _sure(self.parties, account)
        if party.kind not in PAYERS:
            raise BadCell(f'account "{account}" is neither of kind insurance nor third_party', column)

    def _check_patient(self, person: str, account: str) -> None:
        """Money and debt about a patient are of their own account, or of one that pays for them."""
        if not person:
            return
        patient = _sure(self.persons, person)
        if account != patient.account and account not in patient.payers:
            raise BadCell(
                f'account "{account}" is neither the one of patient "{person}", "{patient.account}", '
                "nor listed for them in payers.csv",
                "account_id",
            )

    def _check_may_pay(self, paid: Paid, charge: Work | Owed) -> None:
        person = _sure(self.visits, charge.visit).person if isinstance(charge, Work) else charge.person
        patient = _sure(self.persons, person) if person else None
        account = charge.account if isinstance(charge, Owed) else patient and patient.account
        if paid.account != account and not (patient and paid.account in patient.payers):
            raise BadCell(
                f'payment "{paid.ref}" is of account "{paid.account}", charge "{charge.ref}" of "{account}"; '
                "only a payer that payers.csv lists for the patient pays another account's charge",
                "payment_id",
            )

    def _check_bill(self, work: Work, account: str) -> None:
        if self.bills.setdefault(work.bill, (account, work.place)) != (account, work.place):
            raise BadCell(f'invoice "{work.bill}" has lines of another account or location', "invoice_id")
        for parent in (work.bill, f"procedures of {work.visit}"):
            self.counts[parent] += 1
            if self.counts[parent] > MOST_LINES:
                raise BadCell(f"an event or invoice has at most {MOST_LINES:,} lines", "charge_id")
        self.bill_dates[work.bill] = max(self.bill_dates.get(work.bill, work.on), work.on)

    def _use(self, kind: str, ref: str, has: int, amount: int) -> None:
        """Count what is applied of a payment or of a charge, which is never more than it has."""
        self.used[kind, ref] += amount
        if self.used[kind, ref] > has:
            applied, amount_of = (money.plain(one, self.clinic.currency) for one in (self.used[kind, ref], has))
            raise BadCell(f'with this line {applied} of {kind} "{ref}" is applied, which is {amount_of}', "amount")

    def _moment(self, day: date, at: time | None) -> datetime:
        """The moment on the clinic's clock; noon stands for a whole day, or now if that is still to come."""
        if at is None:
            return min(clock.noon(self.clinic, day), self.now)
        moment = datetime.combine(day, at, tzinfo=clock.zone(self.clinic)).astimezone(UTC)
        if moment > self.now:
            raise BadCell(f'"{at:%H:%M}" is in the future', "time")
        return moment

    @cached_property
    def _closed(self) -> set[tuple[str, date]]:
        """Closed days of the locations, known once locations.csv has been read."""
        refs_of: dict[int, list[str]] = defaultdict(list)
        for ref, pk in named_places(list(self.places.values())).items():
            refs_of[pk].append(ref)
        rows = ClosedDay.objects.filter(location__in=refs_of, reopened_at=None).values_list("location", "day")
        return {(ref, day) for pk, day in rows for ref in refs_of[pk]}

    def _note_date(self, spot: Spot, place: str, on: date, ref: str) -> None:
        if (place, on) in self._closed:
            self.on_closed_days.append(OnClosedDay(*spot, place, on, ref))

    def _refuse_closed_days(self) -> None:
        refs = {one.ref for one in self.on_closed_days}
        before = known_refs(Payment, refs) | known_refs(Charge, refs)
        for one in self.on_closed_days:
            if one.ref not in before:
                what = f"{one.on} is closed at {self.places[one.place].name}; nothing more can be posted on it"
                self.folder.note(Problem(one.file, one.line, what, "date"))

    def _skipped(self) -> list[Skipped]:
        free = sum(isinstance(one, Work) and one.fee == 0 for one in self.charges.values())
        return [Skipped("charges of 0.00", free, "listed on their events; nothing is owed for them")] if free else []


def _sure(rows: Mapping[str, T], ref: str) -> T:
    if ref not in rows:
        raise Unsure(ref)
    return rows[ref]
