"""Forms of bank slips: HTTP to clean values."""

from datetime import date
from typing import Any

from django import forms

from balances.requests import Once
from clinicpay.clinics.models import Location
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from deposits.services.slips import Wish


class SpanForm(ClinicForm):
    """Whose cash and cheques are listed: one location, and the days on which they were taken, until today."""

    location = forms.ModelChoiceField(Location.objects.none(), label="Location", empty_label=None)
    first = forms.DateField(label="Taken from", widget=forms.DateInput)
    last = forms.DateField(label="Until", widget=forms.DateInput)

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today
        fields: dict[str, Any] = self.fields
        fields["location"].queryset = Location.objects.all()
        fields["last"].widget.attrs["max"] = fields["first"].widget.attrs["max"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        """The days are in order, and none is to come."""
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if last and last > self.today:
            self.add_error("last", "A slip lists what was taken until today.")
        elif first and last and first > last:
            self.add_error("first", "The first day is after the last one.")
        return cleaned


class SlipForm(SpanForm):
    """What of the list goes to the bank: the ticked numbers, and cash that is taken out first with its reason."""

    cash_out = MoneyField(label="Cash taken out", zero_ok=True, help_text="Stays here, such as for petty cash.")
    reason = forms.CharField(label="Taken out for", max_length=240, required=False)
    seen = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    request_key = RequestKeyField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["cash_out"].widget.attrs["data-pick-less"] = ""

    @property
    def refs(self) -> frozenset[str]:
        """The numbers that were ticked, as they were sent."""
        data: Any = self.data
        return frozenset(data.getlist("line") if hasattr(data, "getlist") else data.get("line", ()))

    def clean(self) -> dict[str, Any]:
        """Cash is taken out for something, and something is ticked."""
        cleaned = super().clean()
        if cleaned.get("cash_out") and not cleaned.get("reason", "").strip():
            self.add_error("reason", "Say what the cash was taken out for.")
        if not self.refs:
            self.add_error(None, "Tick what goes to the bank. An empty slip isn’t made.")
        return cleaned

    def wish(self) -> Wish:
        """What was asked for, as the act takes it."""
        given = self.cleaned_data
        return Wish(given["first"], given["last"], self.refs, given["cash_out"], given["reason"], given["seen"])

    def once(self) -> Once:
        """The form's one-time key with everything that it asks for."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in {"request_key", "location"}}
        place = self.cleaned_data["location"].pk
        return Once.of(self.cleaned_data["request_key"], act="slip", place=place, refs=sorted(self.refs), **given)


class PrintForm(ClinicForm):
    """Print what was shown, once: `seal` is the digest of it."""

    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)
    request_key = RequestKeyField()

    def once(self, location_id: int) -> Once:
        """The form's one-time key."""
        return Once.of(self.cleaned_data["request_key"], act="print slip", place=location_id)
