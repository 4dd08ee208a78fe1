"""What a practice brings when it moves to us, whatever the files it came in: plain rows that name each other.

`ref` is the row's id at its source; it is kept, so that importing the same row again adds nothing.
Amounts are minor units of the clinic's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from payments.states import Method


class Place(NamedTuple):
    """A location."""

    ref: str
    name: str
    address: str


class Insurer(NamedTuple):
    """A payer of patients."""

    ref: str
    name: str
    phone: str
    address: str


class Healer(NamedTuple):
    """A practitioner."""

    ref: str
    name: str
    discipline: str


class Person(NamedTuple):
    """A patient, who gets an account of their own; `insurers` are refs."""

    ref: str
    first_name: str
    last_name: str
    birth_date: date
    sex: str
    address: str
    insurers: frozenset[str]


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


class Paid(NamedTuple):
    """Money received on a patient's account; `insurer` is who paid, if not the patient."""

    ref: str
    visit: str
    bill: str
    place: str
    insurer: str
    method: Method
    amount: int
    at: datetime
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
    insurers: Sequence[Insurer]
    healers: Sequence[Healer]
    persons: Sequence[Person]
    visits: Sequence[Visit]
    works: Sequence[Work]
    payments: Sequence[Paid]
    skipped: Sequence[Skipped] = ()
