"""Forms of Allocation History."""

from datetime import date, timedelta
from typing import Any

from django import forms

from balances.requests import Once
from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm, RequestKeyField
from deposits.queries.history import Span

PERIODS = [
    ("", "Any time"),
    ("today", "Today"),
    ("week", "This week"),
    ("month", "This month"),
    ("last_month", "Last month"),
    ("quarter", "Last 90 days"),
    ("year", "This year"),
    ("range", "From … to …"),
]
"""A week begins on Monday (S4.27)."""

ALL, PATIENT, FAMILY = "", "patient", "family"


class HistoryForm(ClinicForm):
    """Whose allocations, and of when (S4.25–S4.28)."""

    whose = forms.ChoiceField(label="Patient", required=False)
    period = forms.ChoiceField(label="Period", required=False, choices=PERIODS)
    first = DayField(label="From", required=False, widget=forms.DateInput)
    last = DayField(label="To", required=False, widget=forms.DateInput)

    def __init__(self, *args: Any, patient: Any = None, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        own = [(PATIENT, patient.name), (FAMILY, f"Family of {patient.account.name}")] if patient else []
        fields["whose"].choices = [(ALL, "View ALL"), *own]
        fields["whose"].error_messages["invalid_choice"] = (
            "A single patient or family can be chosen when this is opened from the patient’s receipts."
        )

    def clean(self) -> dict[str, Any]:
        """From must not be after To."""
        said = super().clean() or {}
        first, last = said.get("first"), said.get("last")
        if first and last and first > last:
            self.add_error("last", "To is before From. Choose a later day.")
        if said.get("period") and not self.errors:
            self._one_of_both(said["period"], bool(first or last))
        return said

    def _one_of_both(self, period: str, has_days: bool) -> None:
        """A preset and days of one's own contradict each other: neither is silently left out."""
        if period == "range" and not has_days:
            self.add_error("first", "Enter From, To or both.")
        elif period != "range" and has_days:
            self.add_error("period", "Empty From and To for this period, or choose “From … to …” for these days.")

    def span(self, today: date) -> Span:
        """The days that are asked for."""
        said = self.cleaned_data
        if said["first"] or said["last"]:
            return Span(said["first"], said["last"])
        return preset(said["period"], today)

    def told(self) -> str:
        """What is listed, as a printout says it."""
        if not self.is_valid():
            return ""
        said, choices = self.cleaned_data, {name: dict(self.fields[name].choices) for name in ("whose", "period")}  # type: ignore[attr-defined]
        days = f"{said['first'] or '…'} to {said['last'] or '…'}"
        period = days if said["first"] or said["last"] else choices["period"][said["period"]]
        return f"Patient: {choices['whose'][said['whose']]} · Period: {period}"


def preset(period: str, today: date) -> Span:
    """The days of a preset period, on the clinic's own calendar."""
    month = today.replace(day=1)
    spans = {
        "today": Span(today, today),
        "week": Span(today - timedelta(days=today.weekday()), today),
        "month": Span(month, today),
        "last_month": Span((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "quarter": Span(today - timedelta(days=90), today),
        "year": Span(today.replace(month=1, day=1), today),
    }
    return spans.get(period, Span())


class UndoForm(ClinicForm):
    """Why one allocation is undone."""

    reason = forms.CharField(label="Reason", max_length=500)
    request_key = RequestKeyField()

    def once(self, entry: int) -> Once:
        """The one-time key of undoing this allocation."""
        return Once.of(self.cleaned_data["request_key"], act="undo", entry=entry, reason=self.cleaned_data["reason"])
