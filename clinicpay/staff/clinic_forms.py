"""Forms of a clinic's own settings."""

import zoneinfo
from typing import Any

from django import forms

from clinicpay.clinics.models import Clinic
from clinicpay.staff.clinic_settings import LONGEST, SHORTEST, consequences
from clinicpay.ui.forms import ClinicForm, ClinicModelForm

HOURS = [(hour, f"{(hour - 1) % 12 + 1}:00 {'AM' if hour < 12 else 'PM'}") for hour in range(24)]


class ClinicSettingsForm(ClinicModelForm):
    """Name, address, phone, clock and paper. Another clock is saved on a second look, after its consequences.

    `seen` is the clock whose consequences stood on the page.
    """

    timezone = forms.ChoiceField(label="Time zone", widget=forms.Select(attrs={"data-combo": ""}))
    day_starts_at = forms.TypedChoiceField(
        label="Business day begins at",
        choices=HOURS,
        coerce=int,
        help_text="What is taken before that hour belongs to the day before.",
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=80)

    class Meta:
        model = Clinic
        fields = ("name", "address", "phone", "timezone", "day_starts_at", "paper")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        names = zoneinfo.available_timezones() | {self.instance.timezone}
        usual = sorted(name for name in names if "/" in name and not name.startswith(("Etc/", "posix/", "right/")))
        fields["timezone"].choices = [(name, name.replace("_", " ")) for name in [*usual, "UTC"]]
        fields["address"].help_text = "Printed on documents of a location that has no address of its own."
        self.before = Clinic(timezone=self.instance.timezone, day_starts_at=self.instance.day_starts_at)
        self.said: list[str] = []

    def clean(self) -> dict[str, Any]:
        """Another clock is looked at first."""
        given = super().clean() or self.cleaned_data
        if "timezone" in given and "day_starts_at" in given:
            chosen = f"{given['timezone']} {given['day_starts_at']}"
            self.said = consequences(self.before, given["timezone"], given["day_starts_at"])
            if self.said and given.get("seen") != chosen:
                sent: Any = self.data  # a QueryDict, which can't be written to
                self.data = shown = sent.copy()
                shown["seen"] = chosen
                raise forms.ValidationError("Read what the new clock does, then save once more.")
        return given


class SignInForm(ClinicForm):
    """Whom the clinic lets in with a second step only, and when rest ends a sign-in."""

    two_step = forms.ChoiceField(
        label="A second step is asked of", choices=Clinic.TwoStep.choices, widget=forms.RadioSelect
    )
    idle_minutes = forms.IntegerField(
        label="Minutes of rest that end a sign-in",
        min_value=SHORTEST,
        max_value=LONGEST,
        required=False,
        help_text=f"{SHORTEST} to {LONGEST}. Empty is what the server says.",
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "invalid"), f"Enter {SHORTEST} to {LONGEST} minutes, or nothing."
        ),
    )
