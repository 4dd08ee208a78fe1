"""Forms of patients."""

from typing import Any

from django import forms
from django.utils import timezone

from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import DETAILS, why_not_owing
from clinicpay.ui.forms import ClinicForm, ClinicModelForm

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


class NewPatientForm(PatientForm):
    """A new patient; also who owes for them, if it isn't themselves: a family, or a guardian who is no patient.

    `lookup` is the address that finds accounts by what is typed.
    """

    account = forms.CharField(
        label="On the account of",
        required=False,
        widget=forms.Select,
        help_text="Somebody of the same family, a guardian, or an employer. Empty: an account of their own.",
    )
    guardian = forms.CharField(
        label="Or of a new guardian",
        required=False,
        max_length=160,
        help_text="The name of who pays for a child and is no patient.",
    )

    def __init__(self, *args: Any, lookup: str, **options: Any) -> None:
        super().__init__(*args, **options)
        widget: Any = self.fields["account"].widget
        widget.attrs |= {"data-lookup": lookup}
        chosen = self._numbered(self.data.get("account", ""))
        widget.choices = [("", "Type a name, AC- or PT-…"), *([(chosen.ref, str(chosen))] if chosen else [])]

    def clean_account(self) -> Account | None:
        """An account of this clinic, by its number; also of an employer, but not of an insurer."""
        asked: str = self.cleaned_data["account"]
        found = self._numbered(asked)
        if asked and found is None:
            raise forms.ValidationError("Choose an account of this clinic.")
        if found and (refused := why_not_owing(found)):
            raise forms.ValidationError(refused)
        return found

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("account") and cleaned.get("guardian"):
            self.add_error("guardian", "Choose an account or name a new guardian, not both.")
        return cleaned

    @staticmethod
    def _numbered(asked: str) -> Account | None:
        number = typed(Account.KIND, asked)
        return None if number is None else Account.objects.filter(number=number).first()


class PayerForm(ClinicForm):
    """An insurer or a third party that pays for a patient: one that there is, or a new one."""

    NEW = (Account.Kind.INSURANCE, Account.Kind.THIRD_PARTY)

    payer = forms.ChoiceField(
        label="Payer", required=False, error_messages={"invalid_choice": "Choose a payer of this clinic."}
    )
    name = forms.CharField(label="Name of a new one", required=False, max_length=160)
    kind = forms.ChoiceField(label="It is", choices=[(one.value, one.label) for one in NEW], widget=forms.RadioSelect)
    member_number = forms.CharField(
        label="Member number", required=False, max_length=64, help_text="The patient’s number there, if there is one."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("initial", {"kind": Account.Kind.INSURANCE})
        super().__init__(*args, **options)
        rows = Account.objects.filter(kind__in=Account.PAYS_FOR_OTHERS).order_by("name", "pk")
        self.payers = {one.ref: one for one in rows}
        fields: dict[str, Any] = self.fields
        labels = [(ref, f"{one} ({one.get_kind_display()}, {ref})") for ref, one in self.payers.items()]
        fields["payer"].choices = [("", "A new one"), *labels]
        fields["payer"].widget.attrs["data-combo"] = ""

    def clean(self) -> dict[str, Any]:
        """One of the two; whether there is somebody of that name already, the service says."""
        cleaned = super().clean() or self.cleaned_data
        payer, name = cleaned.get("payer"), cleaned.get("name")
        if payer and name:
            self.add_error("name", "Choose a payer or name a new one, not both.")
        elif not payer and not name and "payer" not in self.errors:
            self.add_error("name", "Choose a payer, or name a new one.")
        return cleaned

    def chosen(self) -> Account | None:
        """The payer that there is; None for a new one."""
        return self.payers.get(self.cleaned_data["payer"])


class AccountForm(ClinicModelForm):
    """How an account that is no patient's own is called and reached."""

    class Meta:
        model = Account
        fields = ("name", "email", "phone", "address")
