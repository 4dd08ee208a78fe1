"""Forms that undo something, each with its reason and its one-time key."""

from typing import Any

from django import forms

from balances.requests import Once
from clinicpay import money
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField


class ReasonForm(ClinicForm):
    """Why something is undone."""

    reason = forms.CharField(label="Reason", max_length=500)
    request_key = RequestKeyField()

    def once(self, act: str, subject: int, **more: Any) -> Once:
        """The one-time key of this act on this subject."""
        return Once.of(
            self.cleaned_data["request_key"], act=act, subject=subject, reason=self.cleaned_data["reason"], **more
        )


class SealedReasonForm(ReasonForm):
    """Why something is undone whose consequences were shown; `seal` is their digest."""

    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)


class UndoForm(ReasonForm):
    """Undo an allocation, wholly or all but a part."""

    keep = MoneyField(label="Keep applied", zero_ok=True, help_text="Leave empty to undo all of it.")
    field_order = ("keep", "reason")

    def __init__(self, *args: Any, applied: int, currency: str, **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.applied, self.currency = applied, currency

    def clean_keep(self) -> int:
        """Keeping all of it would undo nothing."""
        keep: int = self.cleaned_data["keep"]
        if keep >= self.applied:
            shown = money.show(self.applied, self.currency)
            raise forms.ValidationError(f"Keep less than {shown}, which is what is applied.")
        return keep
