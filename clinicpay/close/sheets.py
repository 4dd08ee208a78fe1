"""A closed version as its sheet shows it: read from what the version kept, and from nothing else."""

from functools import cached_property
from typing import Any

from balances.models import Invoice
from balances.states import PostingKind
from clinicpay.clinics.numbers import shown
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.totals import Tender
from payments.models import Payment
from payments.states import Method
from treatments.states import EventState

ON_PAPER = 2_000
"""Movements and treatments that a sheet lists; of a larger day it says how many there are (decision 187)."""

NOTABLE_ON_PAPER = 500
"""Acts to be seen that it lists."""

ON_SCREEN = 50

MOVES = {
    "receive": "Payment",
    "unreceive": "Reversed",
    "refund": "Refund",
    "unrefund": "Refund reversed",
    "return": "Taken back",
    "unreturn": "Came again",
}


def _method(name: str) -> str:
    return str(Method(name).label) if name in Method.values else name


class Sheet:
    """The snapshot of a closed version in rows; amounts are minor units of its own currency."""

    def __init__(self, close: DailyClose) -> None:
        self.kept: dict[str, Any] = close.snapshot or {}

    @property
    def currency(self) -> str:
        """The clinic's currency then."""
        return str(self.kept.get("currency", ""))

    @cached_property
    def tenders(self) -> list[Tender]:
        """Each tender that moved."""
        names = Tender._fields[1:]
        return [
            Tender(method, *(int(figures.get(name, 0)) for name in names))
            for method, figures in self.kept.get("tenders", {}).items()
        ]

    @property
    def total(self) -> Tender:
        """All tenders together."""
        return Tender("", *(sum(int(one[position]) for one in self.tenders) for position in range(1, 6)))

    @property
    def acts(self) -> list[tuple[str, int]]:
        """Acts of the ledger by kind, in words."""
        known = PostingKind.values
        return [
            (PostingKind(kind).label if kind in known else kind, n) for kind, n in self.kept.get("acts", {}).items()
        ]

    @property
    def count(self) -> dict[str, Any] | None:
        """The drawer, if it was counted."""
        found: dict[str, Any] | None = self.kept.get("count")
        return found

    @property
    def terminals(self) -> list[tuple[str, int, int]]:
        """(tender, what its terminal said, the difference)."""
        expected = {one.method: one.expected for one in self.tenders}
        said = (self.count or {}).get("terminals", {})
        return [(_method(method), amount, amount - expected.get(method, 0)) for method, amount in said.items()]

    @property
    def checks(self) -> list[dict[str, str]]:
        """What the day was closed over, with the reasons."""
        return list(self.kept.get("checks", []))

    @cached_property
    def money(self) -> list[dict[str, Any]]:
        """Every movement of money in words."""
        return [
            one | {"tender": _method(one["method"]), "move": MOVES.get(one["kind"], one["kind"])}
            for one in self.kept.get("money", [])
        ]

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """Every treatment of the day in words."""
        known = EventState.values
        return [
            one | {"state": EventState(one["state"]).label if one["state"] in known else one["state"]}
            for one in self.kept.get("events", [])
        ]

    @cached_property
    def notable(self) -> list[dict[str, Any]]:
        """Refunds, reversals, write-offs and overrides."""
        return [one | {"ref": _ref(one)} for one in self.kept.get("notable", [])]

    @property
    def money_shown(self) -> list[dict[str, Any]]:
        """As many movements as a screen lists."""
        return self.money[:ON_SCREEN]

    @property
    def money_printed(self) -> list[dict[str, Any]]:
        """As many movements as the paper lists."""
        return self.money[:ON_PAPER]

    @property
    def events_shown(self) -> list[dict[str, Any]]:
        """As many treatments as a screen lists."""
        return self.events[:ON_SCREEN]

    @property
    def events_printed(self) -> list[dict[str, Any]]:
        """As many treatments as the paper lists."""
        return self.events[:ON_PAPER]

    @property
    def notable_printed(self) -> list[dict[str, Any]]:
        """As many acts to be seen as the paper lists."""
        return self.notable[:NOTABLE_ON_PAPER]

    @property
    def lines(self) -> int:
        """Lines of the paper's long lists."""
        return sum(len(rows) for rows in (self.money_printed, self.events_printed, self.notable_printed))


def _ref(one: dict[str, Any]) -> str:
    if one["payment"]:
        return shown(Payment.KIND, one["payment"])
    return shown(Invoice.KIND, one["invoice"]) if one["invoice"] else ""
