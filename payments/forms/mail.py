"""Forms that send something by email."""

from django import forms

from balances.requests import Once
from clinicpay.ui.forms import ClinicForm, RequestKeyField


class SendForm(ClinicForm):
    """To which address something goes."""

    to = forms.EmailField(label="Email address", max_length=254)
    request_key = RequestKeyField()

    def once(self, act: str, subject: int) -> Once:
        """The one-time key of sending this."""
        return Once.of(self.cleaned_data["request_key"], act=act, subject=subject, to=self.cleaned_data["to"])
