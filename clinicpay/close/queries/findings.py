"""What stands against closing a day: the checks K1 to K7. K8 is a list, and stands against nothing."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from balances.checks import run_checks
from clinicpay import money
from clinicpay.clinics.models import Clinic, Location
from clinicpay.close.queries.days import current_close
from clinicpay.close.queries.gaps import Gaps, gaps_of
from clinicpay.close.queries.totals import Drawer, Tender, drawer_of, tenders_of_day


class Finding(NamedTuple):
    """One check of the domain (K1 …) that a day doesn't pass; one that blocks can't be closed over by a reason.

    `key` names it among others of its check: "K6-card". `size` is how many treatments or payments it is about.
    """

    check: str
    words: str
    blocks: bool = False
    part: str = ""
    size: int = 0

    @property
    def key(self) -> str:
        """What its reason is kept under."""
        return f"{self.check}-{self.part}" if self.part else self.check


def findings(clinic: Clinic, location: Location, day: date) -> list[Finding]:
    """What stands against closing a day, the worst first."""
    tenders = tenders_of_day(location, day)
    drawer = drawer_of(location, day, current_close(location, day), tenders)
    [gaps] = gaps_of(clinic, [(location.pk, day)])
    return in_order([*ledger_findings(), *day_findings(clinic.currency, gaps, tenders, drawer)])


def day_findings(currency: str, gaps: Gaps, tenders: list[Tender], drawer: Drawer) -> list[Finding]:
    """The same without the proof of the whole ledger (K7), which takes its time in a large clinic."""
    return in_order([*_of_rows(gaps), *_of_tenders(currency, tenders, drawer)])


def ledger_findings() -> list[Finding]:
    """K7: whether the ledger agrees with its entries."""
    wrong = sum(1 for found in run_checks() if found.differences)
    words = f"the ledger does not agree with its entries in {some(wrong, 'check')}"
    return [Finding("K7", words, blocks=True)] if wrong else []


def in_order(found: list[Finding]) -> list[Finding]:
    """What blocks before what needs a reason."""
    return sorted(found, key=lambda one: (not one.blocks, one.check))


def _of_rows(gaps: Gaps) -> Iterator[Finding]:
    if waiting := gaps.unmarked:
        yield Finding("K1", f"{some(waiting, 'treatment')} not marked complete", size=waiting)
    if unseen := gaps.unreviewed:
        yield Finding("K2", f"{some(unseen, 'treatment')} not reviewed", blocks=True, size=unseen)
    if unready := gaps.unsettled:
        yield Finding("K3", f"{some(unready, 'treatment')} reviewed, but neither confirmed nor flagged", size=unready)
    if stuck := gaps.processing:
        yield Finding("K4", f"{some(stuck, 'payment')} still processing", size=stuck)
    if free := gaps.unapplied:
        yield Finding("K5", f"{some(free, 'payment')} not applied in full", size=free)


def _of_tenders(currency: str, tenders: list[Tender], drawer: Drawer) -> Iterator[Finding]:
    if drawer.count is None:
        if drawer.is_needed:
            yield Finding("K6", "the cash was not counted", blocks=True)
        return
    if off := drawer.difference:
        yield Finding("K6", f"the cash is {short_or_over(off, currency)}", part="cash")
    expected = {one.method: one for one in tenders}
    for method, said in drawer.terminals.items():
        tender = expected.get(method, Tender(method, 0, 0, 0, 0, 0))
        if off := said - tender.expected:
            yield Finding("K6", f"{tender.label.lower()} is {short_or_over(off, currency)}", part=method)


def short_or_over(off: int, currency: str) -> str:
    """A difference in words: "$10.00 short"."""
    return f"{money.show(abs(off), currency)} {'short' if off < 0 else 'over'}"


def some(count: int, noun: str) -> str:
    """ "1 payment", "2 payments"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
