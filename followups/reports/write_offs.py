"""The auditor's report of write-offs: its period, and what it adds up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from django import forms

from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm


class PeriodForm(ClinicForm):
    """From a business date to a business date, both included; without them this year so far."""

    start = DayField(label="From", widget=forms.DateInput)
    end = DayField(label="To", widget=forms.DateInput)
    first: date
    last: date

    @classmethod
    def of(cls, asked: Mapping[str, str], today: date) -> Self:
        """The period that an address asks for; what is wrong with it stands under its fields."""
        usual = {"start": date(today.year, 1, 1), "end": today}
        form = cls({name: asked.get(name) or day.isoformat() for name, day in usual.items()})
        given = form.cleaned_data if form.is_valid() else usual
        form.first, form.last = given["start"], given["end"]
        return form

    def clean(self) -> dict[str, Any]:
        """It doesn't end before it begins."""
        cleaned = super().clean() or self.cleaned_data
        if {"start", "end"} <= cleaned.keys() and cleaned["end"] < cleaned["start"]:
            self.add_error("end", "Choose a day that is not before the first.")
        return cleaned

    @property
    def query(self) -> str:
        """The period, as an address asks for it."""
        return urlencode({"start": self.first, "end": self.last})


@dataclass
class Tally:
    """How many write-offs were approved, and what was given up and taken back in a period (minor units)."""

    count: int = 0
    amount: int = 0
    taken_back: int = 0

    @property
    def net(self) -> int:
        """What is left of it."""
        return self.amount - self.taken_back

    def add(self, row: Any) -> None:
        """Count a write-off by what of it happened in the period."""
        self.count += bool(row.given)
        self.amount += row.given
        self.taken_back += row.back


@dataclass
class Sums:
    """The tallies of a report: of everything, by reason, by who approved, by who asked."""

    all: Tally = field(default_factory=Tally)
    causes: dict[str, Tally] = field(default_factory=dict)
    deciders: dict[str, Tally] = field(default_factory=dict)
    askers: dict[str, Tally] = field(default_factory=dict)

    @property
    def tables(self) -> list[tuple[str, list[tuple[str, Tally]]]]:
        """Each with its heading, the largest first."""
        kinds = ("By reason", self.causes), ("By who approved", self.deciders), ("By who asked", self.askers)
        return [(title, sorted(found.items(), key=lambda one: -one[1].net)) for title, found in kinds]


def sums(rows: Iterable[Any]) -> Sums:
    """Add write-offs up that know their people by name, and what of them happened in the period."""
    made = Sums()
    for row in rows:
        made.all.add(row)
        for kind, key in (
            (made.causes, row.get_cause_display()),
            (made.deciders, row.decided_by),
            (made.askers, row.asked_by),
        ):
            kind.setdefault(key, Tally()).add(row)
    return made
