"""What an X12 271 (005010X279A1) says about a patient's benefits, as an Answer that can be kept."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from clinicpay import money
from clinicpay.patients.eligibility.service_types import ANY_SERVICE, DENTAL, OFFICE_VISIT, service_name
from clinicpay.patients.eligibility.services import Answer, Said
from clinicpay.patients.eligibility.x12 import Interchange, Segment, X12Error, at, read_interchange
from clinicpay.patients.models import Benefit, EligibilityCheck, Patient
from clinicpay.patients.search import words

VERSION = "005010X279A1"
LONGEST = 256 * 1024
"""Bytes of a file that is read: an answer about one person has a few thousand."""

ACTIVE, INACTIVE = {"1", "2", "3", "4", "5"}, {"6", "7", "8"}
COPAY, COINSURANCE, DEDUCTIBLE, MAXIMUM, NOT_COVERED = "B", "A", "C", "G", "I"
ALTOGETHER, MET, REMAINING = {"", "22", "23", "25"}, "24", "29"
"""Time qualifiers of an amount: for the year, so far in it, still left."""

NETWORKS = {"Y": Benefit.Network.IN, "N": Benefit.Network.OUT}
OFFICE = "11"
"""Place of service: what is said of any other does not hold here."""

NAMES = {
    "270": "a question to a payer (270), not an answer (271)",
    "835": "a remittance (835), not an answer about benefits (271)",
    "837": "a claim (837), not an answer about benefits (271)",
    "999": "an acknowledgement (999), not an answer about benefits (271)",
}

REFUSALS = {
    "42": "it can't answer at the moment",
    "58": "the date of birth is invalid or missing",
    "71": "the date of birth does not match its records",
    "72": "the member number is invalid or missing",
    "73": "the name is invalid or missing",
    "75": "it does not know this member",
    "76": "it knows several members like this",
}
"""Why a payer answers nothing (AAA03), of which these are the usual ones."""


@dataclass
class Person:
    """Whom the file is about."""

    last: str = ""
    first: str = ""
    member_number: str = ""
    born: date | None = None


@dataclass
class Told:
    """An EB segment with what follows it and belongs to it."""

    eb: Segment
    places: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def read_271(data: bytes, patient: Patient, currency: str) -> Answer:
    """What a file says about a patient. Raises X12Error in words for a file of any other kind or about others."""
    if len(data) > LONGEST:
        raise X12Error(f"The file is too large: an answer about one patient has at most {LONGEST // 1024} KB.")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise X12Error("This is not an X12 file: it holds characters that X12 does not have.") from None
    file = read_interchange(text)
    _is_271(file)
    reader = _Reader(file, currency)
    reader.read()
    _is_about(reader.person, patient)
    return reader.answer()


def _is_271(file: Interchange) -> None:
    kind, version = at(file.transaction[0], 1), at(file.transaction[0], 3) or at(file.group, 8)
    if kind != "271":
        what = NAMES.get(kind, f"an X12 file of kind {kind or 'unknown'}, not an answer about benefits (271)")
        raise X12Error(f"This is {what}.")
    if version != VERSION:
        raise X12Error(f"This is a 271 of version {version or 'unknown'}; ClinicPay reads {VERSION}.")


def _is_about(person: Person, patient: Patient) -> None:
    """The file's person is the patient: the same last name, first name and day of birth."""
    if not person.born or not person.last:
        raise X12Error("The file does not name a person with a date of birth: it can't be told whose it is.")
    if not patient.birth_date:
        raise X12Error(f"Enter {patient.name}’s date of birth first: it must be the same as in the file.")
    same_last = "".join(words(person.last)) == "".join(words(patient.last_name))
    same_first = words(person.first)[:1] == words(patient.first_name)[:1]
    if not (same_last and same_first) or person.born != patient.birth_date:
        raise X12Error(
            f"The file is about {person.first} {person.last}, born {person.born:%Y-%m-%d}. "
            f"This patient is {patient.name}, born {patient.birth_date:%Y-%m-%d}."
        )


class _Reader:
    """Walks the segments of the transaction once, and gathers what they say."""

    def __init__(self, file: Interchange, currency: str) -> None:
        self.file, self.currency = file, currency
        self.person, self.payer, self.told = Person(), "", list[Told]()
        self.dates: dict[str, str] = {}
        self.people = 0
        self.asked_on = ""

    def read(self) -> None:
        """Go through the segments. Raises X12Error for several people and for a payer's refusal."""
        steps = {
            "BHT": self._bht,
            "HL": self._hl,
            "NM1": self._nm1,
            "DMG": self._dmg,
            "AAA": self._aaa,
            "DTP": self._dtp,
            "EB": self._eb,
            "III": self._iii,
            "MSG": self._msg,
        }
        for segment in self.file.transaction:
            if step := steps.get(segment[0]):
                step(segment)
        if self.people > 1:
            raise X12Error(f"The file is about {self.people} people. Bring a file about one patient alone.")
        if not self.told:
            raise X12Error("The file says nothing about benefits.")

    def _bht(self, segment: Segment) -> None:
        self.asked_on = at(segment, 4)

    def _hl(self, segment: Segment) -> None:
        if at(segment, 3) == "22":
            self.people += 1
        if at(segment, 3) == "23":  # a dependent: the subscriber before is not who is asked about
            self.told, self.dates = [], {}

    def _nm1(self, segment: Segment) -> None:
        if at(segment, 1) == "PR":
            self.payer = at(segment, 3)
        if at(segment, 1) in {"IL", "03"}:
            number = at(segment, 9) or self.person.member_number
            self.person = Person(at(segment, 3), at(segment, 4), number)

    def _dmg(self, segment: Segment) -> None:
        if at(segment, 1) == "D8" and not self.told:
            self.person.born = _day(at(segment, 2))

    def _aaa(self, segment: Segment) -> None:
        why = REFUSALS.get(at(segment, 3), f"code {at(segment, 3) or 'unknown'}")
        raise X12Error(f"The payer gave no answer: {why}.")

    def _dtp(self, segment: Segment) -> None:
        self.dates.setdefault(f"{at(segment, 1)}{at(segment, 2)}", at(segment, 3))

    def _eb(self, segment: Segment) -> None:
        code = at(segment, 13).split(self.file.component)
        self.told.append(Told(segment, codes=[code[1].upper()] if len(code) > 1 and code[1] else []))

    def _iii(self, segment: Segment) -> None:
        if not self.told:
            return
        if at(segment, 1) == "ZZ":
            self.told[-1].places.append(at(segment, 2))
        elif at(segment, 1) in {"HC", "AD"}:
            self.told[-1].codes.append(at(segment, 2).upper())

    def _msg(self, segment: Segment) -> None:
        if self.told and at(segment, 1):
            self.told[-1].messages.append(at(segment, 1))

    def answer(self) -> Answer:
        """Everything as what the clinic keeps."""
        here = [one for one in self.told if not one.places or OFFICE in one.places]
        begins, ends = self._year()
        deductible, deductible_left = self._total(here, DEDUCTIBLE)
        most, most_left = self._total(here, MAXIMUM)
        return Answer(
            checked_on=_day(self.asked_on) or _wrong("date of the answer", self.asked_on),
            payer=self.payer[:160] or self.file.sender,
            active=self._active(here),
            plan=self._plan(here)[:160],
            member_number=self.person.member_number[:64],
            plan_begins=begins,
            plan_ends=ends,
            deductible=deductible,
            deductible_left=deductible_left,
            out_of_pocket=most,
            out_of_pocket_left=most_left,
            notes="\n".join(self._notes(here)),
            source=EligibilityCheck.Source.X12,
            benefits=self._benefits(here),
        )

    def _status(self, told: list[Told]) -> list[Told]:
        """What is said of the cover as a whole, or else of dental care, or of anything."""
        said = [one for one in told if at(one.eb, 1) in ACTIVE | INACTIVE]
        for service in (ANY_SERVICE, DENTAL, ""):
            if found := [one for one in said if service in self._services(one)]:
                return found
        return said

    def _active(self, told: list[Told]) -> bool:
        said = self._status(told)
        if not said:
            raise X12Error("The file does not say whether the plan is active.")
        return any(at(one.eb, 1) in ACTIVE for one in said)

    def _plan(self, told: list[Told]) -> str:
        return next((name for one in self._status(told) if (name := at(one.eb, 5))), "")

    def _services(self, one: Told) -> list[str]:
        return at(one.eb, 3).split(self.file.repetition)

    def _year(self) -> tuple[date | None, date | None]:
        """The plan's dates: a range, or its beginning and its end."""
        for code in ("291", "346", "307"):
            if span := self.dates.get(f"{code}RD8"):
                begins, _, ends = span.partition("-")
                return _day(begins) or _wrong("plan date", span), _day(ends) or _wrong("plan date", span)
        begins = self.dates.get("346D8", self.dates.get("291D8", ""))
        ends = self.dates.get("347D8", "")
        return _day(begins), _day(ends)

    def _total(self, told: list[Told], kind: str) -> tuple[int | None, int | None]:
        """A deductible or maximum altogether, and what is left of it: one person's, in the network."""
        amounts: dict[str, int] = {}
        for one in sorted((one for one in told if at(one.eb, 1) == kind), key=self._nearness):
            time = at(one.eb, 6)
            slot = "whole" if time in ALTOGETHER else {MET: "met", REMAINING: "left"}.get(time, "")
            if slot and at(one.eb, 7) and not one.codes and at(one.eb, 12) != "N":
                amounts.setdefault(slot, self._amount(one.eb))
        whole, left = amounts.get("whole"), amounts.get("left")
        if left is None and whole is not None and "met" in amounts:
            left = max(whole - amounts["met"], 0)
        return whole if whole is None or left is None else max(whole, left), left

    def _nearness(self, one: Told) -> tuple[int, int]:
        """One person's before the family's; of the plan as a whole before that of a service."""
        services = self._services(one)
        order = [ANY_SERVICE, DENTAL, OFFICE_VISIT, ""]
        nearest = min((order.index(one) if one in order else len(order)) for one in services)
        return int(at(one.eb, 2) == "FAM"), nearest

    def _benefits(self, told: list[Told]) -> list[Said]:
        """Copays and co-insurances, joined where they are about the same service."""
        found: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
        for one in told:
            kind, network = at(one.eb, 1), NETWORKS.get(at(one.eb, 12), Benefit.Network.BOTH)
            if kind == COPAY and at(one.eb, 7):
                said = {"copay": self._amount(one.eb)}
            elif kind == COINSURANCE and at(one.eb, 8):
                said = {"coinsurance": _points(at(one.eb, 8))}
            else:
                continue
            for service in self._about(one):
                found[(*service, network)] = said | found[(*service, network)]
        return [
            Said(kind, code, amounts.get("copay"), amounts.get("coinsurance"), network=network)
            for (kind, code, network), amounts in found.items()
        ]

    def _about(self, one: Told) -> list[tuple[str, str]]:
        if one.codes:
            return [(Benefit.Kind.PROCEDURE, code[:15]) for code in one.codes]
        anything = {ANY_SERVICE, ""}
        return [
            (Benefit.Kind.ANY, "") if code in anything else (Benefit.Kind.SERVICE, code[:15])
            for code in self._services(one)
        ]

    def _notes(self, told: list[Told]) -> list[str]:
        """What the payer says in words, and what it does not cover."""
        notes = [message[:500] for one in told for message in one.messages]
        for one in told:
            if at(one.eb, 1) == NOT_COVERED:
                what = one.codes or [service_name(code) for code in self._services(one) if code]
                notes.append(f"Not covered: {', '.join(what) or 'not said what'}")
        return list(dict.fromkeys(notes))

    def _amount(self, eb: Segment) -> int:
        try:
            amount = money.from_decimal(at(eb, 7), self.currency)
        except money.AmountError:
            _wrong("amount", at(eb, 7))
        return amount if amount >= 0 else _wrong("amount", at(eb, 7))


def _points(text: str) -> int:
    """Basis points of a share such as ".2". Raises X12Error for what is no share, or finer than that."""
    try:
        points = Decimal(text) * 10_000
    except InvalidOperation:
        _wrong("co-insurance", text)
    if not points.is_finite() or not 0 <= points <= 10_000 or points != points.to_integral_value():
        _wrong("co-insurance", text)
    return int(points)


def _day(text: str) -> date | None:
    """A date as X12 writes it; None for none. Raises X12Error for one that does not exist."""
    if not text:
        return None
    try:
        return datetime.strptime(text if len(text) == 8 else "", "%Y%m%d").date()
    except ValueError:
        _wrong("date", text)


def _wrong(what: str, text: str) -> NoReturn:
    raise X12Error(f"The file has no valid {what}: “{text[:40]}”.")
