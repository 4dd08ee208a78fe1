"""The form that says what a payment without treatment was for."""

from typing import Any

from django import forms

from balances.requests import Once
from clinicpay.clinics.numbers import shown
from clinicpay.ui.forms import ClinicForm, RequestKeyField
from clinicpay.ui.words import day_words
from treatments.models import TreatmentEvent

LISTED = 100
"""Treatments that are offered, the newest first."""


class ContextForm(ClinicForm):
    """A treatment, or why there is none: one of both."""

    treatment = forms.ChoiceField(label="Treatment", required=False)
    reason = forms.CharField(
        label="Or why there is none", max_length=500, required=False, help_text="Such as: sold a toothbrush."
    )
    request_key = RequestKeyField()

    def __init__(self, *args: Any, events: list[TreatmentEvent], **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        self.events = {event.ref: event for event in events}
        fields["treatment"].choices = [("", "No treatment"), *((ref, _words(one)) for ref, one in self.events.items())]
        if not events:
            del self.fields["treatment"]
            fields["reason"].label, fields["reason"].required = "Why there is no treatment", True

    def clean(self) -> dict[str, Any]:
        """Exactly one of the two is said."""
        cleaned = super().clean() or self.cleaned_data
        event, reason = cleaned.get("treatment"), str(cleaned.get("reason", "")).strip()
        if not self.errors and bool(event) == bool(reason):
            both = "Choose a treatment or give a reason, not both."
            raise forms.ValidationError(both if event else "Choose the treatment, or say why there is none.")
        return cleaned

    @property
    def event(self) -> TreatmentEvent | None:
        """The treatment that was chosen."""
        return self.events.get(self.cleaned_data.get("treatment", ""))

    def once(self, payment_id: int) -> Once:
        """The form's one-time key with what it says."""
        cleaned = self.cleaned_data
        said = {"treatment": cleaned.get("treatment", ""), "reason": cleaned.get("reason", "")}
        return Once.of(cleaned["request_key"], act="context", subject=payment_id, **said)


def _words(event: TreatmentEvent) -> str:
    parts = [
        shown(TreatmentEvent.KIND, event.number),
        day_words(event.service_at),
        event.patient.name,
        event.title,
    ]
    return " · ".join(part for part in parts if part)
