"""The form of a charge that belongs to no treatment (S3.3)."""

from typing import Any

from django import forms

from balances.forms import OnceForm
from balances.requests import Once
from clinicpay import money
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import family
from clinicpay.ui.forms import ClinicForm, MoneyField
from payments.forms.create import NumberedField


class OfficeChargeForm(OnceForm, ClinicForm):
    """What is charged, how much, and where."""

    description = forms.CharField(label="What for", max_length=255, error_messages={"required": "Say what for."})
    amount = MoneyField(label="Amount", maximum=money.MAX_AMOUNT)
    patient = NumberedField(
        Patient.objects.none(),
        label="Patient",
        required=False,
        error_messages={"invalid_choice": "Choose a patient of this account."},
    )
    location = forms.ModelChoiceField(Location.objects.none(), label="Location", empty_label=None)

    def __init__(self, *args: Any, account: Account, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["patient"].queryset = family(account)
        offered = [(one.ref, one.name) for one in fields["patient"].queryset]
        fields["patient"].choices = [("", "Nobody in particular"), *offered]
        fields["patient"].initial = offered[0][0] if len(offered) == 1 else ""
        fields["location"].queryset = Location.objects.filter(active=True)

    def once(self, account_id: int) -> Once:
        """The form's one-time key with a digest of what it asks for."""
        asked = {name: str(value) for name, value in self.cleaned_data.items() if name != "request_key"}
        return Once.of(self.cleaned_data["request_key"], act="office charge", account=account_id, **asked)
