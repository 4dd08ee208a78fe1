"""The files of a practice that moves to us, column by column.

The reader, the templates, the page and docs/import.md are all made from these declarations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from balances.states import CreditKind
from clinicpay.patients.models import Account, Patient
from payments.states import TENDERS, Method


class Form(Enum):
    """What a cell must look like; the value is how people are told."""

    ID = "an id of your own: 1 to 50 characters, no blanks"
    NAME = "an id of your own, shared by the lines that belong together"
    REF = "the id of a line of"
    TEXT = "text of up to"
    EMAIL = "an email address"
    DAY = "a date such as 2026-03-31, not in the future"
    TIME = "a time of day such as 14:30"
    AMOUNT = "an amount such as 1234.50, greater than zero"
    FEE = "an amount such as 1234.50; 0 is listed, but not owed"
    CHOICE = "one of"
    CURRENCY = "the clinic's currency, such as USD; left empty it is understood"


@dataclass(frozen=True)
class Column:
    """One column: what it means, how its cells are read, and an example."""

    name: str
    form: Form
    meaning: str
    example: str = ""
    needed: bool = True
    limit: int = 255
    of: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expected(self) -> str:
        """What a cell must look like, in words."""
        if self.form == Form.REF:
            return f"{self.form.value} {' or '.join(FILES_OF[self.of])}"
        if self.form == Form.TEXT:
            return f"{self.form.value} {self.limit} characters"
        return f"{self.form.value} {', '.join(self.choices)}" if self.choices else self.form.value


@dataclass(frozen=True)
class Sheet:
    """One file of the bundle."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    needed: bool = False
    more: tuple[str, ...] = ()
    """Another line of the template, which its other files name."""

    @property
    def header(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]


FILES_OF = {
    "location": ("locations.csv",),
    "practitioner": ("practitioners.csv",),
    "account": ("accounts.csv",),
    "patient": ("patients.csv",),
    "event": ("events.csv",),
    "charge": ("charges.csv", "opening_balances.csv"),
    "payment": ("payments.csv", "opening_credits.csv"),
}
"""Where the ids of each kind stand; where that is two files, an id stands in one of them only."""

_CURRENCY = Column("currency", Form.CURRENCY, "Refused when it is not the clinic's", "", needed=False)
_EMAIL = Column("email", Form.EMAIL, "Email address", "", needed=False)
_PHONE = Column("phone", Form.TEXT, "Telephone", "", needed=False, limit=32)
_ADDRESS = Column("address", Form.TEXT, "Postal address on one line", "", needed=False, limit=240)


def _id(of: str, example: str) -> Column:
    return Column(f"{of}_id", Form.ID, f"Your id of this {of}", example, of=of)


def _ref(of: str, meaning: str, example: str = "", *, name: str = "", needed: bool = True) -> Column:
    return Column(name or f"{of}_id", Form.REF, meaning, example, needed=needed, of=of)


def _day(meaning: str, example: str = "", *, needed: bool = True) -> Column:
    return Column("date", Form.DAY, meaning, example, needed=needed)


def _amount(meaning: str, example: str, form: Form = Form.AMOUNT) -> Column:
    return Column("amount", form, meaning, example)


SHEETS = (
    Sheet(
        "locations.csv",
        "The sites. One that has the name of a location of the clinic is that location.",
        (
            _id("location", "L1"),
            Column("name", Form.TEXT, "Name of the site", "Main Street", limit=120),
            _ADDRESS,
        ),
    ),
    Sheet(
        "practitioners.csv",
        "Who treats patients. One that has the name of a practitioner of the clinic is that practitioner.",
        (
            _id("practitioner", "D1"),
            Column("name", Form.TEXT, "Name as on invoices", "Dr Petra Jones", limit=120),
            Column("discipline", Form.TEXT, "Discipline", "General", needed=False, limit=60),
        ),
    ),
    Sheet(
        "accounts.csv",
        "Everybody who owes or pays: patients, guardians, insurers and other third parties.",
        (
            _id("account", "A1"),
            Column("kind", Form.CHOICE, "What it is", "patient", choices={one.value: one for one in Account.Kind}),
            Column("name", Form.TEXT, "Name as on statements", "Ethan Park", limit=160),
            _EMAIL,
            _PHONE,
            _ADDRESS,
        ),
        needed=True,
        more=("A2", Account.Kind.INSURANCE.value, "Beacon Dental Insurance", "", "", ""),
    ),
    Sheet(
        "patients.csv",
        "Who is treated, each on the account that owes for them; a family shares one.",
        (
            _id("patient", "P1"),
            _ref("account", "The account that owes for them; none of kind insurance", "A1"),
            Column("first_name", Form.TEXT, "First name", "Ethan", limit=80),
            Column("last_name", Form.TEXT, "Last name", "Park", limit=80),
            Column("birth_date", Form.DAY, "Date of birth", "2014-10-06", needed=False),
            Column("sex", Form.CHOICE, "F, M or X", "M", needed=False, choices={one.value: one for one in Patient.Sex}),
            _EMAIL,
            _PHONE,
            _ADDRESS,
        ),
        needed=True,
    ),
    Sheet(
        "payers.csv",
        "Which insurers and third parties pay for which patients. Only they can pay another account's charges.",
        (
            _ref("patient", "The patient", "P1"),
            _ref("account", "An account of kind insurance or third_party", "A2"),
            Column("member_number", Form.TEXT, "The patient's number there", "XK-4711", needed=False, limit=64),
        ),
    ),
    Sheet(
        "events.csv",
        "Appointments that have taken place. They come in as clinically closed.",
        (
            _id("event", "E1"),
            _ref("patient", "Who was treated", "P1"),
            _ref("practitioner", "Who treated them", "D1"),
            _ref("location", "Where", "L1"),
            _day("Date of the appointment", "2026-01-15"),
            Column("time", Form.TIME, "Its time on the clinic's clock; noon if empty", "14:30", needed=False),
            Column("title", Form.TEXT, "What it was", "Check-up", needed=False),
            Column("discipline", Form.TEXT, "Discipline; the practitioner's if empty", "", needed=False, limit=60),
        ),
    ),
    Sheet(
        "charges.csv",
        "Procedures of events with their prices. Each is owed from its date by the patient's account.",
        (
            _id("charge", "C1"),
            _ref("event", "The appointment", "E1"),
            Column(
                "invoice_id",
                Form.NAME,
                "Lines with the same one are one invoice, dated by its last line; one per event if empty",
                "",
                needed=False,
            ),
            _day("Date from which it is owed; the event's if empty", "", needed=False),
            Column("code", Form.TEXT, "Procedure code", "D0120", needed=False, limit=15),
            Column("description", Form.TEXT, "What was done", "Periodic oral evaluation"),
            _amount("Price", "120.00", Form.FEE),
            _CURRENCY,
        ),
    ),
    Sheet(
        "opening_balances.csv",
        "What an account owes from before, without its history: an invoice of one office charge on its own date.",
        (
            _id("charge", "B1"),
            _ref("account", "Who owes it", "A1"),
            _ref("patient", "Whose treatment it was; their payers can then pay it", "P1", needed=False),
            _ref("location", "Where it is owed", "L1"),
            _day("Date from which its age counts", "2025-11-03"),
            Column("description", Form.TEXT, "“Opening balance” if empty", "", needed=False),
            _amount("What is still owed", "85.00"),
            _CURRENCY,
        ),
    ),
    Sheet(
        "payments.csv",
        "Money that was received.",
        (
            _id("payment", "M1"),
            _ref("account", "Whose money it is now", "A1"),
            _ref(
                "account",
                "The insurer or third party that paid it, if not the account",
                name="payer_account_id",
                needed=False,
            ),
            _ref("patient", "For which patient of the account, if for one", "P1", needed=False),
            _ref("event", "For which appointment, if for one", "E1", needed=False),
            _ref("location", "Where it was taken", "L1"),
            Column(
                "receipt_id", Form.NAME, "Lines with the same one are one receipt; one each if empty", "", needed=False
            ),
            _day("Date on which it came", "2026-01-15"),
            Column("method", Form.CHOICE, "How it was paid", "card", choices={m: Method(m) for m, _ in TENDERS}),
            _amount("What was paid", "100.00"),
            _CURRENCY,
            Column("memo", Form.TEXT, "Memo", "", needed=False, limit=240),
        ),
    ),
    Sheet(
        "opening_credits.csv",
        "Money in hand from before, without its history: a paid payment by “Opening credit” on its own date.",
        (
            _id("payment", "K1"),
            _ref("account", "Whose money it is", "A1"),
            _ref("location", "Where it is held", "L1"),
            _day("Date from which its age counts", "2025-12-01"),
            Column(
                "kind",
                Form.CHOICE,
                "How it is held",
                "deposit",
                choices={kind.value: kind for kind in (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)},
            ),
            _amount("What is left of it", "50.00"),
            _CURRENCY,
            Column("memo", Form.TEXT, "Memo", "", needed=False, limit=240),
        ),
    ),
    Sheet(
        "allocations.csv",
        "Which money has paid which charge. What is not listed stays unapplied; the import applies nothing by itself.",
        (
            _ref("payment", "The money", "M1"),
            _ref("charge", "What it has paid", "C1"),
            _amount("How much of it", "100.00"),
            _day("When; once both were there if empty", "", needed=False),
        ),
    ),
)
"""In the order in which they are read: what is referred to comes first."""

BY_NAME = {sheet.name: sheet for sheet in SHEETS}
