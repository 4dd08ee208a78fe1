"""Forms of Payment Allocation: what the list is asked for, and what is done with it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from balances.requests import Once
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Account
from clinicpay.ui.forms import STALE_KEY, ClinicForm, RequestKeyField
from deposits.plans import Plan, Unreadable
from deposits.queries import Criteria
from payments.states import Method

KINDS: list[tuple[str, Any]] = [
    ("", "Anyone"),
    ("Family", [(Account.Kind.PATIENT.value, "Patient"), (Account.Kind.GUARDIAN.value, "Guardian")]),
    (Account.Kind.THIRD_PARTY.value, "Third Party"),
    (Account.Kind.INSURANCE.value, "Insurance"),
]
"""Who paid a deposit (S4.8–S4.10)."""

LABELS = {"patient": "Patient", "guardian": "Guardian", "third_party": "Third Party", "insurance": "Insurance"}
"""What the field beside is called once one of them is chosen (S4.11)."""

WHAT = {"patient": "a patient", "guardian": "a guardian", "third_party": "a third party", "insurance": "an insurance"}
"""The same in a sentence."""


class RetrieveForm(ClinicForm):
    """The filters of the list (S4.6–S4.13)."""

    location = forms.ModelChoiceField(
        Location.objects.none(),
        label="Invoice Location",
        empty_label="Choose one",
        error_messages={
            "required": "Choose the location of the invoices: one at a time.",
            "invalid_choice": "There is no such location.",
        },
    )
    method = forms.ChoiceField(label="Deposit Type", required=False, choices=[("", "Any"), *Method.choices])
    kind = forms.ChoiceField(label="Responsible Party", required=False, choices=KINDS)
    party = forms.CharField(label="Paid by", required=False, widget=forms.Select)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["location"].queryset = Location.objects.all()
        self.chosen_kind = str(self["kind"].value() or "")
        if self.chosen_kind not in LABELS:
            self.chosen_kind = ""
        word = LABELS.get(self.chosen_kind, "")
        fields["party"].label = word or "Paid by"
        blank = ("", f"Any {word}" if word else "Anyone")
        self.chosen_party, own = self._chosen()
        fields["party"].widget.choices = [blank, *own]

    def _chosen(self) -> tuple[str, list[tuple[str, str]]]:
        """The party that is named, and the field's choice of it."""
        account = _account(self["party"].value())
        return (account.ref, [(account.ref, account.name)]) if account else ("", [])

    def said(self) -> dict[str, Any]:
        """The filters in words, as a printout names them; the form is valid."""
        said = self.cleaned_data
        party = said["party"].name if said["party"] else "any"
        kind = LABELS.get(said["kind"], "anyone")
        return {"method": Method(said["method"]).label if said["method"] else "any", "kind": kind, "party": party}

    def clean_party(self) -> Account | None:
        """A party must be one, and of the kind that was chosen before."""
        text = self.cleaned_data["party"].strip()
        kind = self.cleaned_data.get("kind", "")
        if not text:
            return None
        account = _account(text)
        if account is None:
            raise ValidationError("There is nobody with this number. Type a name and choose, or leave it blank.")
        if kind and account.kind != kind:
            raise ValidationError(
                f"{account.name} ({account.ref}) is {WHAT[account.kind]}, not {WHAT[kind]}. "
                "Choose another Responsible Party, or leave this blank."
            )
        return account

    def criteria(self) -> Criteria:
        """The filters; the form is valid."""
        said = self.cleaned_data
        return Criteria(said["location"], said["method"], said["kind"], said["party"])


def _account(value: Any) -> Account | None:
    number = typed(Account.KIND, str(value or ""))
    return None if number is None else Account.objects.filter(number=number).first()


class RowForm(ClinicForm):
    """Apply on one row: what it showed, and its one-time key."""

    plan = forms.CharField(error_messages={"required": STALE_KEY})
    request_key = RequestKeyField()

    def clean_plan(self) -> Plan:
        """What the row has kept."""
        try:
            return Plan.parse(self.cleaned_data["plan"])
        except Unreadable as error:
            raise ValidationError(STALE_KEY) from error

    def once(self) -> Once:
        """The one-time key of this row."""
        return Once.of(self.cleaned_data["request_key"], act="deposit", plan=self.data["plan"])


class AllForm(ClinicForm):
    """Apply All: the digest of what was listed, and a one-time key."""

    seal = forms.CharField(max_length=100, widget=forms.HiddenInput, error_messages={"required": STALE_KEY})
    rows = forms.CharField(max_length=4, required=False, widget=forms.HiddenInput)
    request_key = RequestKeyField()

    def once(self) -> Once:
        """The one-time key of this list."""
        return Once.of(self.cleaned_data["request_key"], act="deposits", seal=self.cleaned_data["seal"])
