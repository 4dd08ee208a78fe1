"""Forms of patients."""

from typing import Any

from django import forms
from django.utils import timezone

from clinicpay.patients.models import Patient
from clinicpay.patients.services import DETAILS
from clinicpay.ui.forms import ClinicModelForm

OLDEST = 130
"""Years that nobody has reached: an earlier birth is a slip in the year."""


class PatientForm(ClinicModelForm):
    """A patient's name and how to reach them."""

    class Meta:
        model = Patient
        fields = DETAILS
        widgets = {"birth_date": forms.DateInput()}
        labels = {"sex": "Sex", "birth_date": "Date of birth"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        sex: Any = self.fields["sex"]
        sex.choices = [("", "Not given"), *(choice for choice in sex.choices if choice[0])]

    def clean_birth_date(self) -> Any:
        """Nobody is born in the future, and nobody is that old."""
        born = self.cleaned_data["birth_date"]
        if born and born > timezone.localdate():
            raise forms.ValidationError("Enter a date of birth that is not in the future.")
        if born and born.year < timezone.localdate().year - OLDEST:
            raise forms.ValidationError(f"Enter a date of birth in the last {OLDEST} years.")
        return born
