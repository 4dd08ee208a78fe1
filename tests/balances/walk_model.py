"""What a random walk through money is checked against: plain numbers, and the acts that must be refused."""

from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction

from clinicpay.clinics.refusals import Refusal


@dataclass
class Debt:
    """What a charge is made of; what is left of it, and not applied, is owed."""

    account: int
    amount: int
    credited: int = 0
    forgiven: int = 0
    moved: int = 0
    principal: bool = False

    @property
    def parts(self) -> tuple[int, int, int]:
        """What of it is neither owed nor paid."""
        return self.credited, self.forgiven, self.moved


@dataclass
class Purse:
    """Where a payment's money is; `pool` is what is held, applied or not. The rest is free, or pays charges."""

    account: int
    amount: int
    day: int
    pool: int = 0
    reserved: int = 0
    gone: int = 0
    void: bool = False


@dataclass
class GoesBack:
    """What a refund or return took out of the pool, and the notes that reduce charges by it."""

    payment: int
    amount: int
    pool: int


def pick(things: dict[int, object], n: int) -> int:
    """One of the ids."""
    return sorted(things)[n % len(things)]


def row(rows, n: int):
    """One of the rows, if there is any."""
    count = rows.count()
    return rows[n % count] if count else None


@contextmanager
def refused_unless(legal: object):
    """The block must be refused exactly when the model says so."""
    try:
        with transaction.atomic():
            yield
            if not legal:
                raise AssertionError("this should have been refused")
    except Refusal as refusal:
        if legal:
            raise AssertionError("this should have been done") from refusal
