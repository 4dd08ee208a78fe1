"""Account codes: what the clinic set, what stands where it set nothing, and which one a line of the journal takes."""

from collections.abc import Iterable
from typing import NamedTuple

from clinicpay.exports.models import AccountCode
from clinicpay.exports.states import LedgerAccount
from clinicpay.staff.models import Practitioner
from payments.states import Method
from treatments.models import PriceItem

_A, _M = LedgerAccount, Method


class Key(NamedTuple):
    """What has a code: a ledger account, of money received a tender, of revenue perhaps a discipline."""

    ledger_account: str
    method: str = ""
    discipline: str = ""

    @property
    def label(self) -> str:
        """As people name it."""
        if self.method:
            return Method(self.method).label if self.method in Method.values else self.method
        return f"Revenue, {self.discipline}" if self.discipline else LedgerAccount(self.ledger_account).label


class Code(NamedTuple):
    """A code and a name of the clinic's bookkeeping; `code` is empty where there is none."""

    code: str
    name: str


USUAL: dict[Key, Code] = {
    Key(_A.TENDER, _M.CASH): Code("1000", "Cash"),
    Key(_A.TENDER, _M.CARD): Code("1010", "Card clearing"),
    Key(_A.TENDER, _M.CHEQUE): Code("1020", "Cheques to deposit"),
    Key(_A.TENDER, _M.TRANSFER): Code("1030", "Bank"),
    Key(_A.TENDER, _M.COPAY): Code("1040", "Copays"),
    Key(_A.TENDER, _M.OTHER): Code("1090", "Other money"),
    Key(_A.TENDER, _M.OPENING): Code("3900", "Opening balances"),
    Key(_A.RECEIVABLE): Code("1200", "Accounts receivable"),
    Key(_A.PLAN_RECEIVABLE): Code("1210", "Payment plans"),
    Key(_A.UNAPPLIED): Code("2100", "Unapplied payments"),
    Key(_A.DEPOSITS): Code("2110", "Deposits held"),
    Key(_A.PRE_PAYMENTS): Code("2120", "Pre-payments held"),
    Key(_A.REFUNDS): Code("2130", "Refunds payable"),
    Key(_A.REVENUE): Code("4000", "Treatment revenue"),
    Key(_A.WRITE_OFFS): Code("6100", "Bad debt"),
}
"""What stands until the clinic sets its own: a chart of accounts that most bookkeepers recognise."""


class Chart:
    """The codes of all locations at once: which one a line takes, and which disciplines have their own."""

    def __init__(self, rows: Iterable[AccountCode]) -> None:
        self.own = {
            (row.location_id, Key(row.ledger_account, row.method, row.discipline)): Code(row.code, row.name)
            for row in rows
        }
        self.disciplines = sorted({key.discipline for (_, key), own in self.own.items() if key.discipline and own.code})

    def of(self, key: Key, location_id: int | None) -> Code:
        """The code of a line: of its place and discipline, else of its place, else of the clinic."""
        general = Key(key.ledger_account, key.method)
        for where, what in ((location_id, key), (location_id, general), (None, key)):
            own = self.own.get((where, what))
            if own and own.code and (where, what) != (None, general):
                return own
        return self.own.get((None, general)) or USUAL.get(general, Code("", ""))


def chart() -> Chart:
    """The clinic's codes; one query."""
    return Chart(AccountCode.objects.all())


def disciplines() -> list[str]:
    """Disciplines that revenue can be told apart by: of the price list, of practitioners, and those with a code."""
    names = set(PriceItem.objects.exclude(discipline="").values_list("discipline", flat=True).distinct())
    names |= set(Practitioner.objects.exclude(discipline="").values_list("discipline", flat=True).distinct())
    names |= set(AccountCode.objects.exclude(discipline="").values_list("discipline", flat=True).distinct())
    return sorted(names)


def keys() -> list[Key]:
    """All that can have a code, in the order of the page."""
    return [*USUAL, *(Key(LedgerAccount.REVENUE, discipline=name) for name in disciplines())]
