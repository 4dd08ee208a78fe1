"""Forms of people."""

from django import forms
from django.contrib.auth.password_validation import validate_password

from clinicpay.ui.forms import ClinicForm


class InvitationForm(ClinicForm):
    """How an invited person wants to be called, and their password."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        validators=[validate_password],
        help_text="At least 12 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
