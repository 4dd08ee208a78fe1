"""Synthea's CSV export, read as a practice. It checks everything and writes nothing.

A claim becomes a bill. CHARGE lines are its procedures; PAYMENT lines are money received, whose tender is
METHOD and whose amount is in PAYMENTS. TRANSFER lines move responsibility from the insurer to the patient;
here a charge is owed by the patient's account from the start, so they move nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.imports.practice import (
    Healer,
    Paid,
    Party,
    Person,
    Place,
    Practice,
    Skipped,
    Visit,
    Work,
)
from clinicpay.imports.sheets import BadCell, Folder, Row
from clinicpay.patients.models import Account, Patient
from payments.states import Method

T = TypeVar("T")

PATIENTS, PAYERS, ORGANIZATIONS = "patients.csv", "payers.csv", "organizations.csv"
PROVIDERS, ENCOUNTERS, CLAIMS = "providers.csv", "encounters.csv", "claims.csv"
TRANSACTIONS = "claims_transactions.csv"

COLUMNS = {
    PATIENTS: ("Id", "BIRTHDATE", "FIRST", "LAST", "GENDER", "ADDRESS", "CITY", "STATE", "ZIP"),
    PAYERS: ("Id", "NAME", "ADDRESS", "CITY", "STATE_HEADQUARTERED", "ZIP", "PHONE"),
    ORGANIZATIONS: ("Id", "NAME", "ADDRESS", "CITY", "STATE", "ZIP"),
    PROVIDERS: ("Id", "NAME", "SPECIALITY"),
    ENCOUNTERS: ("Id", "START", "STOP", "PATIENT", "ORGANIZATION", "PROVIDER", "DESCRIPTION"),
    CLAIMS: (
        "Id",
        "PATIENTID",
        "APPOINTMENTID",
        "SERVICEDATE",
        "PRIMARYPATIENTINSURANCEID",
        "SECONDARYPATIENTINSURANCEID",
    ),
    TRANSACTIONS: (
        "ID",
        "CLAIMID",
        "PATIENTID",
        "TYPE",
        "AMOUNT",
        "METHOD",
        "FROMDATE",
        "TODATE",
        "PLACEOFSERVICE",
        "PROCEDURECODE",
        "NOTES",
        "PAYMENTS",
        "APPOINTMENTID",
        "PROVIDERID",
    ),
}
"""The columns that are read; others are ignored."""

METHODS = {
    "CASH": Method.CASH,
    "CC": Method.CARD,
    "CHECK": Method.CHEQUE,
    "ECHECK": Method.TRANSFER,
    "COPAY": Method.COPAY,
}
FROM_INSURER = "ECHECK"
CHARGE, PAYMENT = "CHARGE", "PAYMENT"
UNMOVED = {
    "TRANSFERIN": "responsibility moves between insurer and patient; no money does",
    "TRANSFEROUT": "responsibility moves between insurer and patient; no money does",
    "PAYMENT of 0.00": "no money was received",
}
TYPES = {name: name for name in (CHARGE, PAYMENT, "TRANSFERIN", "TRANSFEROUT")}
SEXES = {"F": Patient.Sex.FEMALE, "M": Patient.Sex.MALE}

NO_INSURER = frozenset({"", "0"})
"""What a claim says instead of an insurer."""

NOT_AN_INSURER = "NO_INSURANCE"
"""Name of the payer that stands for having none."""


class Origin(NamedTuple):
    """Where a claim's line belongs, and its moment."""

    visit: str
    bill: str
    place: str
    at: datetime


def read(folder: Path, clinic: Clinic) -> Practice:
    """The practice in these files. Raises BadFiles with every fault, each with its file and line."""
    return Reader(Folder(folder), clinic).practice()


class Reader:
    """The files of one export, and how each kind of line is understood."""

    def __init__(self, folder: Folder, clinic: Clinic) -> None:
        self.folder, self.clinic, self.now = folder, clinic, timezone.now()
        self.rows = {name: folder.sheet(name, *columns) for name, columns in COLUMNS.items()}
        folder.refuse_faults()  # without a whole file, every reference to it would be one more fault
        self.by_id = {
            name: folder.by_id(name, rows, "ID" if name == TRANSACTIONS else "Id") for name, rows in self.rows.items()
        }
        self.insurers = {ref for ref, row in self.by_id[PAYERS].items() if row.cells["NAME"] != NOT_AN_INSURER}

    def practice(self) -> Practice:
        """Everything, or BadFiles."""
        insurers_of = self._insurers_of()
        lines = self._each(TRANSACTIONS, self._transaction)
        payers = self._each(PAYERS, self._insurer)
        persons = self._each(PATIENTS, lambda row: self._person(row, insurers_of))
        insurers = [payer for payer in payers if payer.ref in self.insurers]
        practice = Practice(
            places=self._each(ORGANIZATIONS, self._place),
            healers=self._each(PROVIDERS, self._healer),
            parties=[*insurers, *(_own_account(person) for person in persons)],
            persons=persons,
            visits=self._each(ENCOUNTERS, self._visit),
            works=[line for line in lines if isinstance(line, Work)],
            payments=[line for line in lines if isinstance(line, Paid)],
            skipped=list(_skipped(lines, len(payers) - len(self.insurers))),
        )
        self.folder.refuse_faults()
        return practice

    def _each(self, name: str, make: Callable[[Row], T]) -> list[T]:
        return self.folder.each(name, self.rows[name], make)

    def _place(self, row: Row) -> Place:
        return Place(_id(row), row.text("NAME", 120), _address(row, "STATE"))

    def _insurer(self, row: Row) -> Party:
        return Party(
            ref=_id(row),
            kind=Account.Kind.INSURANCE,
            name=row.text("NAME", 160),
            phone=row.text("PHONE", 32, needed=False),
            address=_address(row, "STATE_HEADQUARTERED"),
        )

    def _healer(self, row: Row) -> Healer:
        return Healer(_id(row), row.text("NAME", 120), row.text("SPECIALITY", 60, needed=False))

    def _person(self, row: Row, insurers_of: Mapping[str, set[str]]) -> Person:
        return Person(
            ref=_id(row),
            account=_id(row),
            first_name=row.text("FIRST", 80),
            last_name=row.text("LAST", 80),
            birth_date=row.day("BIRTHDATE"),
            sex=SEXES.get(row.cells["GENDER"].strip(), Patient.Sex.OTHER),
            address=_address(row, "STATE"),
            payers=dict.fromkeys(insurers_of[_id(row)], ""),
        )

    def _visit(self, row: Row) -> Visit:
        healer = row.known("PROVIDER", self.by_id[PROVIDERS], "provider")
        return Visit(
            ref=_id(row),
            person=row.known("PATIENT", self.by_id[PATIENTS], "patient"),
            healer=healer,
            place=row.known("ORGANIZATION", self.by_id[ORGANIZATIONS], "organization"),
            title=row.text("DESCRIPTION"),
            discipline=self.by_id[PROVIDERS][healer].cells["SPECIALITY"].strip(),
            began=self._past(row, "START"),
            ended=self._past(row, "STOP"),
        )

    def _insurers_of(self) -> dict[str, set[str]]:
        """The insurers that a patient's claims name."""
        found: dict[str, set[str]] = defaultdict(set)
        for patient, insurers in self._each(CLAIMS, self._claim):
            found[patient] |= insurers
        return found

    def _claim(self, row: Row) -> tuple[str, set[str]]:
        row.moment("SERVICEDATE")
        row.known("APPOINTMENTID", self.by_id[ENCOUNTERS], "encounter")
        named = {
            row.known(column, self.by_id[PAYERS], "payer")
            for column in ("PRIMARYPATIENTINSURANCEID", "SECONDARYPATIENTINSURANCEID")
            if row.cells[column].strip() not in NO_INSURER
        }
        return row.known("PATIENTID", self.by_id[PATIENTS], "patient"), named & self.insurers

    def _transaction(self, row: Row) -> Work | Paid | str:
        kind = row.choice("TYPE", TYPES)
        row.known("PROVIDERID", self.by_id[PROVIDERS], "provider")
        place = row.known("PLACEOFSERVICE", self.by_id[ORGANIZATIONS], "organization")
        bill, visit = self._bill_and_visit(row)
        at = self._past(row, "FROMDATE")
        if row.cells["TODATE"].strip():
            row.moment("TODATE")  # not used: 1970 stands for none in it
        if kind == CHARGE:
            return self._work(row, Origin(visit, bill, place, at))
        return self._paid(row, Origin(visit, bill, place, at)) if kind == PAYMENT else kind

    def _bill_and_visit(self, row: Row) -> tuple[str, str]:
        patient = row.known("PATIENTID", self.by_id[PATIENTS], "patient")
        bill = row.known("CLAIMID", self.by_id[CLAIMS], "claim")
        visit = row.known("APPOINTMENTID", self.by_id[ENCOUNTERS], "encounter")
        if self.by_id[CLAIMS][bill].cells["PATIENTID"].strip() != patient:
            raise BadCell("its claim is another patient's", "CLAIMID")
        if self.by_id[ENCOUNTERS][visit].cells["PATIENT"].strip() != patient:
            raise BadCell("its encounter is another patient's", "APPOINTMENTID")
        return bill, visit

    def _work(self, row: Row, origin: Origin) -> Work:
        return Work(
            ref=_id(row),
            visit=origin.visit,
            bill=origin.bill,
            place=origin.place,
            code=row.text("PROCEDURECODE", 15),
            description=row.text("NOTES"),
            fee=row.amount("AMOUNT", self.clinic.currency),
            on=clock.business_day(self.clinic, origin.at),
        )

    def _paid(self, row: Row, origin: Origin) -> Paid | str:
        method = row.choice("METHOD", METHODS)
        amount = row.amount("PAYMENTS", self.clinic.currency)
        if not amount:
            return "PAYMENT of 0.00"
        insurer = self.by_id[CLAIMS][origin.bill].cells["PRIMARYPATIENTINSURANCEID"].strip()
        by_insurer = row.cells["METHOD"].strip() == FROM_INSURER and insurer in self.insurers
        payer, on = insurer if by_insurer else "", clock.business_day(self.clinic, origin.at)
        patient = self.by_id[ENCOUNTERS][origin.visit].cells["PATIENT"].strip()
        return Paid(
            ref=_id(row),
            account=patient,
            person=patient,
            visit=origin.visit,
            place=origin.place,
            payer=payer,
            slip=f"{origin.bill} {origin.visit} {on} {origin.place} {payer}",
            method=method,
            amount=amount,
            at=origin.at,
            on=on,
        )

    def _past(self, row: Row, column: str) -> datetime:
        moment = row.moment(column)
        if moment > self.now:
            raise BadCell(f'"{moment.isoformat()}" is in the future', column)
        return moment


def _own_account(person: Person) -> Party:
    name = f"{person.first_name} {person.last_name}"[:160]
    return Party(person.ref, Account.Kind.PATIENT, name, address=person.address)


def _id(row: Row) -> str:
    return (row.cells.get("ID") or row.cells.get("Id", "")).strip()


def _address(row: Row, state: str) -> str:
    street, city, area, code = (row.text(column, 100, needed=False) for column in ("ADDRESS", "CITY", state, "ZIP"))
    return ", ".join(part for part in (street, city, f"{area} {code}".strip()) if part)[:240]


def _skipped(lines: Sequence[Work | Paid | str], no_insurers: int) -> Iterator[Skipped]:
    counts = Counter(line for line in lines if isinstance(line, str))
    for what, reason in UNMOVED.items():
        if counts[what]:
            yield Skipped(what, counts[what], reason)
    free = sum(isinstance(line, Work) and line.fee == 0 for line in lines)
    if free:
        yield Skipped("CHARGE of 0.00", free, "listed on its event; a charge is greater than 0.00")
    if no_insurers:
        yield Skipped(f"payer {NOT_AN_INSURER}", no_insurers, "it stands for having no insurer")
