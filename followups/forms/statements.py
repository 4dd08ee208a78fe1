"""Days, addresses and batches of statements, from a page to clean values."""

from datetime import date
from typing import Any

from django import forms

from balances.forms import OnceForm
from balances.requests import Once
from clinicpay.ui.forms import ClinicForm, RequestKeyField
from followups.queries.statements import Span

RECENT = 30
"""Days within which a second statement is left out of a batch, unless somebody chooses otherwise."""


class SpanForm(ClinicForm):
    """The days that a statement tells of; empty: all open invoices."""

    first = forms.DateField(label="From", required=False, widget=forms.DateInput)
    last = forms.DateField(label="To", required=False, widget=forms.DateInput)

    def __init__(self, data: Any = None, *, today: date, **options: Any) -> None:
        super().__init__(data or None, **options)
        self.today = today

    def clean(self) -> dict[str, Any]:
        """From before To, and none of them to come."""
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and first > last:
            self.add_error("last", "To is before From. Change one of them.")
        for name, day in (("first", first), ("last", last)):
            if day and day > self.today and not self.errors.get(name):
                self.add_error(name, "This day is still to come.")
        return cleaned

    @property
    def span(self) -> Span:
        """What was asked for; all open invoices where nothing, or nothing that can be told, was."""
        if not self.is_bound or not self.is_valid():
            return Span()
        return Span(self.cleaned_data["first"], self.cleaned_data["last"])


class GiveForm(ClinicForm):
    """To which address a statement goes; printing needs none."""

    to = forms.EmailField(label="Email address", max_length=254, required=False)
    request_key = RequestKeyField()

    def __init__(self, data: Any = None, *, is_print: bool = False, **options: Any) -> None:
        super().__init__(data, **options)
        self.is_print = is_print

    def clean_to(self) -> str:
        """Nothing for paper."""
        to: str = self.cleaned_data["to"]
        if not to and not self.is_print:
            raise forms.ValidationError("Enter an address, or print the statement.")
        return "" if self.is_print else to

    def once(self, account_id: int, span: Span) -> Once:
        """The one-time key with all that is asked."""
        asked = {"account": account_id, "first": span.first, "last": span.last, "to": self.cleaned_data["to"]}
        return Once.of(self.cleaned_data["request_key"], act="statement", **asked)


class RecentForm(ClinicForm):
    """Whom a batch leaves out."""

    recent = forms.IntegerField(
        label="Leave out who was sent one in the last", min_value=0, max_value=366, required=False, initial=RECENT
    )

    @property
    def days(self) -> int:
        """So many days; what can't be read is the usual."""
        if not self.is_bound or not self.is_valid() or self.cleaned_data["recent"] is None:
            return RECENT
        return int(self.cleaned_data["recent"])


class BatchForm(OnceForm, ClinicForm):
    """Send what the page shows, and nothing else."""

    seal = forms.CharField(widget=forms.HiddenInput, max_length=32)

    def __init__(self, data: Any = None, *, seal: str, **options: Any) -> None:
        super().__init__(data, initial={"seal": seal}, **options)
        self.shown = seal

    def clean(self) -> dict[str, Any]:
        """The list is still the one that was shown, unless this very form was done; if not the present one is shown."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("seal") != self.shown and not self.was_done:
            self.data = {**self.data.dict(), "seal": self.shown}  # type: ignore[attr-defined]  # a QueryDict
            self.add_error(None, "This list has changed since it was shown. Look at it again, then send.")
        return cleaned

    def once(self) -> Once:
        """The one-time key with the list that was shown."""
        return Once.of(self.cleaned_data["request_key"], act="statements", seal=self.cleaned_data["seal"])
