"""What a practice brings when it moves to us, whatever the files it came in: plain rows that name each other.

`ref` is the row's id at its source; it is kept, so that importing the same row again adds nothing.
Amounts are minor units of the clinic's currency. An empty name of another row means none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from balances.states import CreditKind
from clinicpay.patients.models import Account
from payments.states import Method


class Place(NamedTuple):
    """A location."""

    ref: str
    name: str
    address: str


class Healer(NamedTuple):
    """A practitioner."""

    ref: str
    name: str
    discipline: str


class Party(NamedTuple):
    """An account: somebody who owes, or who pays for patients."""

    ref: str
    kind: Account.Kind
    name: str
    email: str = ""
    phone: str = ""
    address: str = ""


class Person(NamedTuple):
    """A patient of an account; `payers` are other accounts that pay for them, with their member numbers there."""

    ref: str
    account: str
    first_name: str
    last_name: str
    birth_date: date | None
    sex: str
    address: str
    payers: dict[str, str]
    email: str = ""
    phone: str = ""


class Visit(NamedTuple):
    """An appointment that has taken place."""

    ref: str
    person: str
    healer: str
    place: str
    title: str
    discipline: str
    began: datetime
    ended: datetime


class Work(NamedTuple):
    """A procedure of a visit with its fee; one above zero is owed, on the bill that names it."""

    ref: str
    visit: str
    bill: str
    place: str
    code: str
    description: str
    fee: int
    on: date


class Owed(NamedTuple):
    """What an account owed already when it came to us, with no treatment of ours behind it."""

    ref: str
    account: str
    person: str
    place: str
    description: str
    amount: int
    on: date


class Paid(NamedTuple):
    """Money received on an account; `payer` is who paid, if not the account itself.

    What bears the same `slip` is one receipt; an opening credit has none, and is money that an earlier system received.
    """

    ref: str
    account: str
    person: str
    visit: str
    place: str
    payer: str
    slip: str
    method: Method
    amount: int
    at: datetime
    on: date
    memo: str = ""
    kind: CreditKind = CreditKind.UNAPPLIED


class Applied(NamedTuple):
    """A part of a payment that has paid a part of a charge (a work or what was owed)."""

    payment: str
    charge: str
    amount: int
    on: date


@dataclass(frozen=True)
class Skipped:
    """Lines of the source that were left out on purpose."""

    what: str
    count: int
    reason: str


@dataclass(frozen=True)
class Practice:
    """Everything, checked: each ref that is named is there."""

    places: Sequence[Place]
    healers: Sequence[Healer]
    parties: Sequence[Party]
    persons: Sequence[Person]
    visits: Sequence[Visit]
    works: Sequence[Work]
    payments: Sequence[Paid]
    owed: Sequence[Owed] = ()
    applied: Sequence[Applied] = ()
    skipped: Sequence[Skipped] = ()


def counted(many: int, of_what: str) -> str:
    """How many there are of something, as a person says it."""
    return f"{many:,} {of_what}{'' if many == 1 else 's'}"
