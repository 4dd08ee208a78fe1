"""Forms of exports and of account codes: HTTP to clean values."""

import hashlib
import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import typed
from clinicpay.close.models import DailyClose
from clinicpay.exports.codes import Code, Key
from clinicpay.exports.days import LONGEST
from clinicpay.exports.services import Wish
from clinicpay.exports.states import FileKind, What
from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm

LONGEST_WORDS = {"code": 20, "name": 60}
"""Characters of a code and of a name, as the columns have them."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/-]*")


class SpanForm(ClinicForm):
    """Which closed days are listed: what of them, of one location or of all, from one day to another."""

    what = forms.ChoiceField(label="Export", choices=What)
    location = forms.ModelChoiceField(
        Location.objects.none(), label="Location", required=False, empty_label="All locations"
    )
    first = DayField(label="From", widget=forms.DateInput)
    last = DayField(label="To", widget=forms.DateInput)

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["location"].queryset = Location.objects.all()
        fields["last"].widget.attrs["max"] = fields["first"].widget.attrs["max"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        """The days are in order, and not more than a year apart."""
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and first > last:
            self.add_error("first", "The first day is after the last one.")
        elif first and last and (last - first).days >= LONGEST:
            self.add_error("first", "Choose a year at most.")
        return cleaned


class ExportForm(ClinicForm):
    """The ticked days as closes, "DC-001 DC-002"; once they were looked at with the kind of file and the seal."""

    what = forms.ChoiceField(choices=What, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        choices=FileKind,
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "A file is CSV or Excel."},
    )
    whole = forms.ChoiceField(
        label="Days that were closed again",
        choices=[("", "Only what changed since the version that left"), ("1", "The whole day anew")],
        required=False,
    )
    again = forms.BooleanField(label="Export these days again", required=False)
    seal = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    @property
    def closes(self) -> frozenset[int]:
        """Numbers of the closes that were sent, by ticks or all in one field."""
        data: Any = self.data
        sent = data.getlist("day") if hasattr(data, "getlist") else data.get("day", ())
        numbers = [typed(DailyClose.KIND, word) for text in sent for word in str(text).split()]
        return frozenset(number for number in numbers if number is not None)

    def clean(self) -> dict[str, Any]:
        """Something is ticked."""
        if not self.closes:
            raise ValidationError("Tick the days to export.")
        return super().clean() or self.cleaned_data

    def wish(self) -> Wish:
        """What was asked for, as the act takes it."""
        given = self.cleaned_data
        return Wish(given["what"], given["kind"], self.closes, given["seal"], given["again"], bool(given["whole"]))


class CodesForm(ClinicForm):
    """Codes and names of all accounts at one location, or at all (`location` None)."""

    def __init__(self, *args: Any, keys: list[Key], **options: Any) -> None:
        super().__init__(*args, **options)
        self.keys = keys
        for key in keys:
            for name, most in LONGEST_WORDS.items():
                label = f"{name.capitalize()} of {key.label}"
                field = forms.CharField(label=label, max_length=most, required=False)
                field.widget.attrs |= {"class": "form-control", "aria-label": label}
                self.fields[field_name(name, key)] = field

    def clean(self) -> dict[str, Any]:
        """Codes are letters, digits and a few marks; a name without a code would name nothing."""
        cleaned = super().clean() or self.cleaned_data
        for key in self.keys:
            code, name = (cleaned.get(field_name(part, key), "") for part in ("code", "name"))
            if code and not _CODE.fullmatch(code):
                self.add_error(field_name("code", key), "Use letters, digits, spaces and . _ : / - in a code.")
            elif name and not code and field_name("code", key) not in self.errors:
                self.add_error(field_name("code", key), "Give this name a code, or take the name away.")
        return cleaned

    def codes(self) -> dict[Key, Code]:
        """What was sent."""
        given = self.cleaned_data
        return {key: Code(given[field_name("code", key)], given[field_name("name", key)]) for key in self.keys}


def field_name(part: str, key: Key) -> str:
    """The name of an account's field; disciplines are free words, so a digest stands for them."""
    return f"{part}-{hashlib.sha256('|'.join(key).encode()).hexdigest()[:12]}"
