"""Forms that move a payment along its life: what each status asks for."""

import hashlib
from typing import Any

from django import forms

from balances.requests import Once
from clinicpay.clinics.models import Location
from clinicpay.ui.forms import ClinicForm
from payments.forms.twins import TwinCheck
from payments.models import Payment
from payments.services import Use
from payments.states import FINAL, TENDERS, Method, PaymentStatus


class MoveForm(ClinicForm):
    """A move that brings no money: why, where it ends the payment for good or has failed."""

    to = forms.ChoiceField(choices=PaymentStatus.choices, widget=forms.HiddenInput)
    reason = forms.CharField(label="Reason", max_length=500)

    def __init__(self, *args: Any, to: PaymentStatus, **options: Any) -> None:
        super().__init__(*args, initial={"to": to}, **options)
        self.fields["reason"].required = to in FINAL
        if to not in {*FINAL, PaymentStatus.FAILED}:
            del self.fields["reason"]

    def why(self) -> str:
        """The reason that was typed, if one was asked for."""
        return str(self.cleaned_data.get("reason", ""))


class CollectForm(TwinCheck, ClinicForm):
    """The money has come: how, and where it was taken."""

    to = forms.ChoiceField(choices=PaymentStatus.choices, widget=forms.HiddenInput)
    method = forms.ChoiceField(choices=TENDERS, label="Paid by")
    location = forms.ModelChoiceField(Location.objects.none(), label="Taken at", empty_label=None)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, payment: Payment, use: Use, **options: Any) -> None:
        self.use, self.payment = use, payment
        initial = {"to": PaymentStatus.PAID, "method": Method.CARD, "location": payment.location_id, "seen": _mark(use)}
        super().__init__(*args, initial=initial, **options)
        fields: dict[str, Any] = self.fields
        fields["location"].queryset = Location.objects.filter(active=True)

    def clean(self) -> dict[str, Any]:
        """Nobody confirms other than what they were shown."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("seen") not in {"", _mark(self.use)}:
            self.data = {name: self.data[name] for name in self.data} | {"seen": _mark(self.use)}
            raise forms.ValidationError("What the money will pay has changed meanwhile. Look again, then confirm.")
        self.warn_of_twins(self.payment.account, self.payment.patient, self.payment.amount, besides=self.payment)
        return cleaned

    def once(self, payment_id: int) -> Once:
        """The form's one-time key with everything that it asks for."""
        cleaned = self.cleaned_data
        return Once.of(
            cleaned["request_key"],
            act="collect",
            subject=payment_id,
            method=cleaned["method"],
            location=cleaned["location"].pk,
        )


def _mark(use: Use) -> str:
    """A short text that is the same for the same use of the money."""
    parts = [(charge.pk, part) for charge, part in use.parts]
    return hashlib.sha256(repr((parts, use.held, use.free)).encode()).hexdigest()[:16]
