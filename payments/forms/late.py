"""Money that was taken on an earlier day and not entered: who closes days may say on which (decision 0186)."""

from collections import defaultdict
from datetime import date
from typing import Any

from django import forms

from balances.earlier import Place, places_with_days
from balances.forms import OnceForm
from clinicpay.clinics import clock
from clinicpay.clinics.queries import current_clinic
from clinicpay.ui.days import DayField
from clinicpay.ui.words import day_words
from payments.services import not_your_day

WHY = "Say why it was not entered on that day."


class LateDay(OnceForm):
    """For a form that takes money. Its form calls `ask_for_day` and, in `clean`, `check_day`.

    The fields are there only for who may choose, where there is a day to choose; and for who named one that they may
    not choose, so that it is refused rather than forgotten. Which days are open is asked when they are shown, and
    again by the ledger under its lock: a form that was done already is answered, whatever was closed since.
    """

    def ask_for_day(self, *, closes: bool | None) -> None:
        """Offer the earlier days to who `closes` days; where it is None nobody is asked and nothing is read."""
        self.closes = bool(closes)
        named = "business_day" in self.data if self.closes else bool(self.data.get("business_day"))
        choices = _days() if self.closes and not self.is_bound else []
        if closes is None or not (named or choices[1:]):
            return
        day: Any = DayField(
            label="Business day",
            required=False,
            error_messages={"invalid": "Choose a day of the list."},
        )
        day.widget = forms.Select(attrs={"class": "form-select"})
        day.widget.choices = choices or (_days if self.closes else _today)
        self.fields["business_day"] = day
        self.fields["day_reason"] = forms.CharField(
            label="Why it was not entered then",
            required=False,
            max_length=240,
            help_text="It counts in the close of that day. The reason is kept.",
            widget=forms.TextInput(attrs={"class": "form-control"}),
        )

    def check_day(self) -> None:
        """A day goes with a reason, and with who may choose it."""
        if not self.late_day or self.was_done:
            return
        if not self.closes:
            self.add_error("business_day", not_your_day())
        elif not self.late_reason:
            self.add_error("day_reason", WHY)

    @property
    def late_day(self) -> date | None:
        """The earlier day that was chosen."""
        return self.cleaned_data.get("business_day")

    @property
    def late_reason(self) -> str:
        """Why, where a day was chosen."""
        return self.cleaned_data.get("day_reason", "") if self.late_day else ""


def _today() -> list[tuple[str, str]]:
    return [("", f"Today, {day_words(clock.today(current_clinic()))}")]


def _days() -> list[tuple[str, str]]:
    """Today, then the earlier days that are open anywhere, newest first; one that isn't open everywhere says where."""
    places, found = places_with_days(current_clinic()), defaultdict(list)
    for place in places:
        for day in place.days:
            found[day].append(place.name)
    return [*_today(), *((day.isoformat(), _said(day, found[day], places)) for day in sorted(found, reverse=True))]


def _said(day: date, names: list[str], places: list[Place]) -> str:
    only = f" ({', '.join(names)} only)" if len(names) < len(places) else ""
    return f"{day:%a}, {day_words(day)}{only}"
