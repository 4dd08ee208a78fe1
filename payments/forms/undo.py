"""Forms that undo something, each with its reason and its one-time key."""

from collections.abc import Sequence
from typing import Any

from django import forms

from balances.forms import OnceForm
from balances.models import Charge
from balances.requests import Once
from clinicpay import money
from clinicpay.ui.forms import ClinicForm, MoneyField


class ReasonForm(OnceForm, ClinicForm):
    """Why something is undone."""

    reason = forms.CharField(label="Reason", max_length=500)

    def once(self, act: str, subject: int, **more: Any) -> Once:
        """The one-time key of this act on this subject."""
        return Once.of(
            self.cleaned_data["request_key"], act=act, subject=subject, reason=self.cleaned_data["reason"], **more
        )


class SealedReasonForm(ReasonForm):
    """Why something is undone whose consequences were shown; `seal` is their digest."""

    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)


class NotBilledForm(SealedReasonForm):
    """Why what a void invoice had billed is not billed again."""

    reason = forms.CharField(
        label="Reason", max_length=500, help_text="Why it is not billed again, such as: done for free."
    )


class CreditNoteForm(ReasonForm):
    """How much of which line of an invoice is taken back, and why."""

    charge = forms.TypedChoiceField(label="Charge", coerce=int, widget=forms.RadioSelect)
    amount = MoneyField(label="Amount to credit", error_messages={"required": "Enter the amount to credit."})
    field_order = ("charge", "amount", "reason")

    def __init__(self, *args: Any, lines: Sequence[Charge], currency: str, **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.lines, self.currency = {line.pk: line for line in lines}, currency
        fields: dict[str, Any] = self.fields
        owed = [line for line in lines if line.outstanding]
        offered = lines if self.is_bound else owed  # what is credited meanwhile is told below, in words
        fields["charge"].choices = [
            (line.pk, f"{line}, owes {money.show(line.outstanding, currency)}") for line in offered
        ]
        if len(owed) == 1:
            fields["charge"].initial = owed[0].pk

    def clean(self) -> dict[str, Any]:
        """At most what is owed: what was paid is un-applied first, by hand."""
        cleaned = super().clean() or self.cleaned_data
        line, amount = self.lines.get(cleaned.get("charge", 0)), cleaned.get("amount") or 0
        if line and amount > line.outstanding and not self.was_done:
            left = money.show(line.outstanding, self.currency)
            most = f"Enter at most {left}, which is what this charge owes."
            self.add_error("amount", most if line.outstanding else "Nothing is owed on this charge any more.")
        return cleaned

    @property
    def line(self) -> Charge:
        """The line that was chosen."""
        return self.lines[self.cleaned_data["charge"]]


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
