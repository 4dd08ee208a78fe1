"""What a form showed of money and debt, so that nothing is saved over figures that have changed (reading C16)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from balances.models import Charge, Credit
from clinicpay import money
from clinicpay.clinics.refusals import Refusal

EDITED = -1
"""Stands for what was filled in once somebody has changed it."""

_TEXT = re.compile(r"c[0-9]{1,18}:[0-9]{1,18}( [0-9]{1,18}:[0-9]{1,18}:(-1|[0-9]{1,18}))*")


class Changed(Refusal):
    """Figures are not what the person saw; `what` says it, a sentence each."""

    def __init__(self, what: Iterable[str]) -> None:
        self.what = list(what)
        super().__init__(f"Changed since you opened this page; nothing was saved. {' '.join(self.what)}")


@dataclass(frozen=True)
class Seen:
    """What was `available` of a credit and `outstanding` on the listed charges, in minor units by id.

    `filled` is what the form suggested for each, or EDITED.
    """

    credit: int
    available: int
    outstanding: Mapping[int, int]
    filled: Mapping[int, int] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = (f" {pk}:{owed}:{self.filled.get(pk, EDITED)}" for pk, owed in self.outstanding.items())
        return f"c{self.credit}:{self.available}{''.join(lines)}"

    @classmethod
    def parse(cls, text: str) -> "Seen":
        """What a form has kept. Raises ValueError for anything else."""
        if not _TEXT.fullmatch(text):
            raise ValueError("not what a form has kept")
        head, *lines = text.split(" ")
        credit, available = head.removeprefix("c").split(":")
        rows = [[int(part) for part in line.split(":")] for line in lines]
        owed, filled = {pk: owed for pk, owed, _ in rows}, {pk: filled for pk, _, filled in rows}
        return cls(int(credit), int(available), owed, filled)

    def changes(self, currency: str) -> list[str]:
        """What is otherwise by now, a sentence each; two queries."""
        credit = Credit.objects.filter(pk=self.credit).first()
        found = Charge.objects.select_related("invoice").filter(pk__in=list(self.outstanding)).order_by("pk")
        moved = [(charge, self.outstanding[charge.pk]) for charge in found]
        said = [_words(charge, was, currency) for charge, was in moved if charge.outstanding != was]
        left = credit.available if credit else 0
        if left != self.available:
            was, now = money.show(self.available, currency), money.show(left, currency)
            said.insert(0, f"{was} was available, {now} is now.")
        return said

    def check(self, currency: str) -> None:
        """Raises Changed when anything is otherwise. Ask it once the accounts are locked."""
        if said := self.changes(currency):
            raise Changed(said)


def _words(charge: Charge, was: int, currency: str) -> str:
    where = f"{charge.invoice.ref}, {charge}" if charge.invoice else str(charge)
    owed = money.show(was, currency)
    if charge.voided:
        return f"{where}: {owed} was owed; the invoice is void now."
    if not charge.outstanding:
        return f"{where}: {owed} was owed; nothing is left to pay now."
    return f"{where}: {owed} was owed, {money.show(charge.outstanding, currency)} is now."
