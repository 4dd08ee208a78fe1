"""What a row of the list showed, so that Apply does exactly that or nothing (readings C16, C25)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core import signing

from clinicpay.clinics.scope import current_clinic_id
from deposits.queries import Row

_SALT = "deposits.row"


class Unreadable(ValueError):
    """Not what a row has kept."""


@dataclass(frozen=True)
class Plan:
    """The applications of one row, (credit id, charge id, amount), over the figures that were shown, by id.

    All amounts in minor units. It travels signed, so nobody can ask for what no row has offered.
    """

    invoice: int
    parts: tuple[tuple[int, int, int], ...]
    available: dict[int, int]
    outstanding: dict[int, int]

    @property
    def amount(self) -> int:
        """What it applies."""
        return sum(amount for _, _, amount in self.parts)

    @classmethod
    def of(cls, row: Row) -> "Plan":
        """What a row offers, over the figures that it shows."""
        taken = {part.credit_id for part in row.parts}
        available = {one.id: one.available for one in row.deposits if one.id in taken}
        return cls(row.number, tuple(row.parts), available, {line.id: line.outstanding for line in row.lines})

    def __str__(self) -> str:
        money, debt = list(self.available.items()), list(self.outstanding.items())
        return signing.dumps([current_clinic_id(), self.invoice, self.parts, money, debt], salt=_SALT)

    @classmethod
    def parse(cls, text: str) -> "Plan":
        """What a row has kept. Raises Unreadable for anything else, also for another clinic's."""
        try:
            clinic, invoice, parts, money, debt = signing.loads(text, salt=_SALT)
        except (signing.BadSignature, ValueError) as error:
            raise Unreadable from error
        if clinic != current_clinic_id():
            raise Unreadable
        return cls(
            invoice, tuple((credit, charge, amount) for credit, charge, amount in parts), dict(money), dict(debt)
        )


def seal(rows: Iterable[Row]) -> str:
    """A digest of rows as they are shown: what each would do, over which figures."""
    shown = [[row.number, row.outstanding, [list(part) for part in row.parts]] for row in rows]
    return signing.Signer(salt="deposits.list").signature(f"{current_clinic_id()}{shown}")
