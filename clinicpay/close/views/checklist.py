"""The checklist of a day that is not closed."""

from datetime import date
from typing import NamedTuple

from clinicpay.clinics.models import Clinic, Location
from clinicpay.close.gaps import LISTED, TITLES, Gap, Listed, listed
from clinicpay.close.queries.findings import Finding, some
from clinicpay.close.queries.sheet import Facts
from clinicpay.ui.paging import drawn

SHOWN = 10
"""Rows of a check that stand on the day's own page; a page of its own has the others."""


class Check(NamedTuple):
    """One check with its state: ok, needs a reason, blocks, was not asked yet, or is only listed."""

    name: str
    title: str
    state: str
    words: str
    points: list[Gap]
    more: int

    @property
    def state_words(self) -> str:
        """Its state as people read it."""
        return _WORDS[self.state]


_WORDS = {"ok": "OK", "reason": "Needs a reason", "blocks": "Blocks", "later": "On closing", "listed": "Listed"}


def checklist(clinic: Clinic, place: Location, day: date, facts: Facts, *, is_proved: bool) -> list[Check]:
    """K1 to K8 in their order, each with its first rows; K7 only when the ledger `is_proved` for this page."""
    checks = []
    for name in TITLES:
        about = [one for one in facts.found if one.check == name]
        is_listed = name == "K8" or (name in LISTED and about)
        rows = listed(name, clinic, place, day, gaps=facts.gaps) if is_listed else None
        checks.append(_check(name, about, rows, is_proved=is_proved))
    return checks


def _check(name: str, found: list[Finding], rows: Listed | None, *, is_proved: bool) -> Check:
    words = "; ".join(one.words for one in found)
    state = "ok" if not found else "blocks" if any(one.blocks for one in found) else "reason"
    points = rows.drawn(drawn(rows.rows[:SHOWN])) if rows else []
    size = found[0].size if found else len(rows.rows) if rows else 0
    if name == "K7" and not found and not is_proved:
        state = "later"
    if name == "K8" and points:
        state, words = "listed", some(size, "act")
    return Check(
        name, TITLES[name], state, f"{words[:1].upper()}{words[1:]}", points, size - len(points) if points else 0
    )
