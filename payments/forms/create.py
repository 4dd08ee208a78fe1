"""The form of a request to collect: who, how much, what for (S1.31–S1.38)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q

from balances.requests import Once
from clinicpay import money
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import Numbered, typed
from clinicpay.patients.models import Patient
from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm, MoneyField
from clinicpay.ui.words import day_words
from payments.forms.twins import TwinCheck
from payments.models import Payment
from payments.queries.estimates import Wanted
from payments.services import PaymentRequest
from payments.services.requests import mark_of
from payments.states import PaymentType
from treatments.models import TreatmentEvent
from treatments.states import EventState

LISTED = 100
"""A patient's treatments to choose from, the newest first."""


class NumberedField(forms.ModelChoiceField):
    """A choice by public number: "PT-012" is sent and taken, never a database id."""

    def prepare_value(self, value: Any) -> Any:
        """The public number of a row."""
        return value.ref if isinstance(value, Numbered) else value

    def to_python(self, value: Any) -> Any:
        """The row with this number among those that may be chosen."""
        if value in self.empty_values:
            return None
        found = _numbered(self.queryset, value)
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return found


class CreateForm(TwinCheck, ClinicForm):
    """A request to collect; `wanted` is what was chosen so far, whose treatments are offered."""

    patient = NumberedField(
        Patient.objects.none(),
        label="Patient",
        error_messages={"required": "Choose a patient.", "invalid_choice": "Choose a patient of this clinic."},
    )
    treatment = NumberedField(
        TreatmentEvent.objects.none(),
        label="Treatment",
        required=False,
        error_messages={"invalid_choice": "Choose a treatment of this patient that is not cancelled."},
    )
    kind = forms.ChoiceField(label="Payment Type", required=False, choices=[("", "–"), *PaymentType.choices])
    amount = MoneyField(label="Amount", maximum=money.MAX_AMOUNT, error_messages={"required": "Enter the amount."})
    due_date = DayField(label="Due Date", required=False, widget=forms.DateInput())
    location = forms.ModelChoiceField(Location.objects.none(), label="Location", empty_label=None)
    memo = forms.CharField(label="Memo", required=False, max_length=240)
    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        wanted: Wanted,
        currency: str,
        lookup: str = "",
        payment: Payment | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, currency=currency, **options)
        self.payment = payment
        fields: dict[str, Any] = self.fields
        fields["patient"].queryset = Patient.objects.select_related("account")
        patient = wanted.patient
        fields["patient"].choices = [
            ("", "Type a name, PT-…, phone or date of birth"),
            *([(patient.ref, f"{patient.name} {patient.ref}")] if patient else []),
        ]
        fields["patient"].widget.attrs |= {"data-lookup": lookup} | (
            {} if patient or self.is_bound else {"autofocus": ""}
        )
        offered = treatments_of(patient)
        fields["treatment"].queryset = offered
        fields["treatment"].choices = [("", "No treatment"), *((one.ref, _label(one)) for one in offered[:LISTED])]
        here = Q(active=True) | Q(pk=payment.location_id if payment else None)
        fields["location"].queryset = Location.objects.filter(here)

    def clean(self) -> dict[str, Any]:
        """The same patient, amount and day need a tick, as at the desk."""
        cleaned = super().clean() or self.cleaned_data
        patient, amount = cleaned.get("patient"), cleaned.get("amount")
        if patient and amount:
            self.warn_of_twins(patient.account, patient, amount, besides=self.payment)
        return cleaned

    def asked(self, edited: Payment | None = None) -> PaymentRequest:
        """What the form asks for; a payment that is edited stays on its account while its patient stays."""
        data = self.cleaned_data
        stays = edited is not None and edited.patient_id == data["patient"].pk
        return PaymentRequest(
            patient=data["patient"],
            amount=data["amount"],
            location=data["location"],
            event=data["treatment"],
            kind=data["kind"],
            due_date=data["due_date"],
            memo=data["memo"],
            account=edited.account if edited and stays else None,
        )

    def see_anew(self, payment: Payment) -> None:
        """What is shown from now on is what stands now; what was typed stays."""
        self.data = {name: self.data[name] for name in self.data} | {"seen": mark_of(payment)}

    def once(self, status: str) -> Once:
        """The form's one-time key with a digest of everything that it asks for."""
        asked = {name: str(value) for name, value in self.asked().values().items()}
        return Once.of(self.cleaned_data["request_key"], act="create", status=status, **asked)


class ExpectedForm(ClinicForm):
    """A charge that is foreseen, for the estimate alone: it is not kept."""

    expected = MoneyField(label="Expected charge", required=False, maximum=money.MAX_AMOUNT)

    def amount(self) -> int | None:
        """What was entered, in minor units, if it is an amount."""
        return self.cleaned_data.get("expected") if self.is_valid() else None


def treatments_of(patient: Patient | None) -> Any:
    """A patient's treatments that a payment can be for, the newest first; nobody has none (S1.34)."""
    if patient is None:
        return TreatmentEvent.objects.none()
    rows = TreatmentEvent.objects.filter(patient=patient).exclude(state=EventState.CANCELLED)
    return rows.select_related("location").order_by("-service_at", "-pk")


def _label(event: TreatmentEvent) -> str:
    title = f", {event.title}" if event.title else ""
    return f"{event.ref}, {day_words(event.service_at)}{title}"


def wanted_of(asked: Mapping[str, Any], expected: int | None) -> Wanted:
    """What was chosen so far, as far as it is there; a treatment alone also says whose it is."""
    patient = _numbered(Patient.objects.select_related("account"), asked.get("patient"))
    named = typed(TreatmentEvent.KIND, str(asked.get("treatment") or ""))
    event = None
    if named is not None:
        offered = treatments_of(patient) if patient else TreatmentEvent.objects.exclude(state=EventState.CANCELLED)
        event = offered.select_related("patient__account", "location").filter(number=named).first()
    kind = str(asked.get("kind") or "")
    owner = patient or (event.patient if event else None)
    return Wanted(owner, event, kind if kind in PaymentType else "", expected)


def _numbered(rows: Any, text: Any) -> Any:
    number = typed(rows.model.KIND, str(text or ""))
    return None if number is None else rows.filter(number=number).first()


def typed_in(payment: Payment, currency: str) -> dict[str, Any]:
    """A payment as its form would have been filled in."""
    return {
        "patient": payment.patient.ref if payment.patient else "",
        "treatment": payment.event.ref if payment.event else "",
        "kind": payment.kind,
        "amount": money.plain(payment.amount, currency),
        "due_date": payment.due_date,
        "location": payment.location_id,
        "memo": payment.memo,
        "seen": mark_of(payment),
    }
