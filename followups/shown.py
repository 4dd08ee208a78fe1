"""What invoices owed on a page, so that no plan is made over figures that have changed (reading C16)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Sum

from balances.models import Invoice
from balances.seen import Changed
from clinicpay import money
from clinicpay.clinics.numbers import shown

_TEXT = re.compile(r"(INV-[0-9]{3,18}:[0-9]{1,18}( |$))*")


@dataclass(frozen=True)
class Shown:
    """What each invoice owed, in minor units by its number."""

    owed: Mapping[int, int]

    def __str__(self) -> str:
        return " ".join(f"{shown(Invoice.KIND, number)}:{owed}" for number, owed in self.owed.items())

    @classmethod
    def parse(cls, text: str) -> "Shown":
        """What a form has kept. Raises ValueError for anything else."""
        if not _TEXT.fullmatch(text):
            raise ValueError("not what a form has kept")
        rows = (one.removeprefix("INV-").split(":") for one in text.split())
        return cls({int(number): int(owed) for number, owed in rows})

    def of(self, numbers: Iterable[int]) -> "Shown":
        """Of some invoices alone; what was not shown counts as owing nothing then."""
        return Shown({number: self.owed.get(number, 0) for number in numbers})

    def changes(self, currency: str) -> list[str]:
        """What is otherwise by now, a sentence each."""
        rows = Invoice.objects.filter(number__in=list(self.owed)).values_list("number")
        now = dict(rows.annotate(Sum("charges__outstanding")))
        return [
            _words(number, was, now.get(number) or 0, currency)
            for number, was in self.owed.items()
            if was != (now.get(number) or 0)
        ]

    def check(self, currency: str) -> None:
        """Raises Changed when anything is otherwise. Ask it once the account is locked."""
        if said := self.changes(currency):
            raise Changed(said)


def _words(number: int, was: int, now: int, currency: str) -> str:
    ref, before = shown(Invoice.KIND, number), money.show(was, currency)
    if not now:
        return f"{ref} owed {before} and owes nothing now: it was paid, voided or put on a plan."
    return f"{ref} owed {before} and owes {money.show(now, currency)} now."
