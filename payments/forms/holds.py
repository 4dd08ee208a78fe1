"""Forms of pre-payments: what money is held for, how much of it is let go (S3.16, S3.32–S3.34)."""

from typing import Any

from django import forms
from django.db.models import Q

from balances.forms import OnceForm
from balances.held import contradictions
from balances.matchable import wanted_by
from balances.matching import Traits
from balances.requests import Once
from clinicpay import money
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from clinicpay.staff.models import Practitioner
from clinicpay.ui.forms import ClinicForm, MoneyField
from clinicpay.ui.words import day_words
from payments.forms.create import NumberedField
from payments.forms.undo import ReasonForm
from treatments.forms import OwnFieldsForm
from treatments.models import Package, PriceItem, Procedure, TreatmentEvent
from treatments.states import EventState

LISTED = 100
"""Treatments of the account to choose from, the newest first."""

ROWS = ("package", "treatment", "procedure", "discipline", "custom_1", "custom_2", "practitioner", "location")
"""The criteria in the order of the form; the clinic's own stand below Discipline (S3.34)."""


class CriteriaForm(OnceForm, OwnFieldsForm):
    """What a pre-payment of an account is held for; at least one criterion is named."""

    treatment = NumberedField(
        TreatmentEvent.objects.none(),
        label="Treatment",
        required=False,
        error_messages={"invalid_choice": "Choose a treatment of this account’s patients that is not cancelled."},
    )
    package = NumberedField(
        Package.objects.none(),
        label="Package",
        required=False,
        error_messages={"invalid_choice": "Choose a package of this account’s patients."},
    )
    procedure = forms.CharField(label="Procedure code", required=False, max_length=15)
    discipline = forms.ChoiceField(label="Discipline", required=False)
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(), label="Practitioner", required=False, empty_label="Any practitioner"
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), label="Location", required=False, empty_label="Any location"
    )
    anyway = forms.BooleanField(label="Hold it like this all the same", required=False)

    field_order: tuple[str, ...] = ROWS

    def __init__(self, *args: Any, account: Account, currency: str, **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.account, self.currency, self.own_names = account, currency, options["own"]
        self.against: list[str] = []
        fields: dict[str, Any] = self.fields
        offered = treatments_for(account)
        fields["treatment"].queryset = offered
        fields["treatment"].choices = [("", "Any treatment"), *((one.ref, _label(one)) for one in offered[:LISTED])]
        packages = packages_for(account)
        fields["package"].queryset = packages
        chosen = [
            ("", "Any package, or none"),
            *((one.ref, f"{one}, {one.name}, {one.patient.name}") for one in packages),
        ]
        fields["package"].choices = chosen
        fields["procedure"].widget.attrs |= {"list": "codes", "autocomplete": "off", "class": "form-control mono"}
        self.codes = list(PriceItem.objects.filter(active=True).values_list("code", "description"))
        known = Practitioner.objects.exclude(discipline="").order_by("discipline").values_list("discipline", flat=True)
        names = sorted({*known.distinct(), *filter(None, [self.initial.get("discipline")])})
        fields["discipline"].choices = [("", "Any discipline"), *((name, name) for name in names)]
        for name, model in (("practitioner", Practitioner), ("location", Location)):
            now = str(self.initial.get(name) or "")
            fields[name].queryset = model.objects.filter(Q(active=True) | Q(pk=int(now) if now.isdecimal() else None))

    def clean_procedure(self) -> str:
        """A code that the clinic knows, as it writes it."""
        typed: str = self.cleaned_data["procedure"].strip()
        for code, _ in self.codes:
            if typed.casefold() == code.casefold():
                return str(code)
        if typed and not Procedure.objects.filter(code__iexact=typed).exists():
            raise forms.ValidationError(f"There is no procedure {typed} on the price list, nor on any treatment.")
        return typed

    def clean(self) -> dict[str, Any]:
        """Something is named; what the treatment itself does not meet needs a tick."""
        cleaned = super().clean() or self.cleaned_data
        if not self.wanted.asked and not set(self.errors) & set(ROWS):
            raise forms.ValidationError("Say what it is held for: fill in at least one of these.")
        if event := cleaned.get("treatment"):
            self.against = contradictions(event, self.wanted, self.own_names)
        if self.against and not cleaned.get("anyway"):
            self.add_error("anyway", "Change what contradicts, or tick that it is meant so.")
        return cleaned

    @property
    def offers_packages(self) -> bool:
        """Whether there is a package to choose."""
        return len(self.fields["package"].choices) > 1  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Traits:
        """What it would be held for, as far as that was filled in rightly."""
        cleaned = getattr(self, "cleaned_data", {})
        return wanted_by(cleaned.get("treatment"), {name: cleaned.get(name) for name in ROWS})

    def held_for(self) -> dict[str, Any]:
        """The treatment, and the other criteria as `hold_credit` and `change_hold` take them."""
        data = self.cleaned_data
        named = {name: data.get(name) for name in ROWS if name != "treatment"}
        return {"event": data["treatment"], "criteria": named}

    def once(self, act: str, subject: int, **more: Any) -> Once:
        """The one-time key of this act, with a digest of everything that it asks for."""
        asked = {name: str(self.cleaned_data.get(name) or "") for name in ROWS}
        return Once.of(self.cleaned_data["request_key"], act=act, subject=subject, **asked, **more)


class HoldForm(CriteriaForm):
    """Part or all of the free money of a payment, and what it is held for."""

    amount = MoneyField(label="Amount to hold", error_messages={"required": "Enter the amount to hold."})

    field_order = ("amount", *ROWS)

    def __init__(self, *args: Any, available: int, currency: str, **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.available = available
        self.fields["amount"].initial = available
        self.fields["amount"].widget.attrs |= {"data-part": ""}

    def clean_amount(self) -> int:
        """At most what is free."""
        amount: int = self.cleaned_data["amount"]
        if amount > self.available and not self.was_done:
            left = money.show(self.available, self.currency)
            raise forms.ValidationError(f"Enter at most {left}, which is what is left unapplied.")
        return amount


class ChangeHoldForm(CriteriaForm):
    """What a pre-payment is held for from now on, and why."""

    reason = forms.CharField(label="Reason", max_length=500)

    field_order = (*ROWS, "reason")


class ReleaseForm(ReasonForm):
    """How much of a pre-payment is let go, and why."""

    amount = MoneyField(label="Amount to release", error_messages={"required": "Enter the amount to release."})
    field_order = ("amount", "reason")

    def __init__(self, *args: Any, held: int, currency: str, **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.held, self.currency = held, currency
        self.fields["amount"].initial = held
        self.fields["amount"].widget.attrs |= {"data-part": ""}

    def clean_amount(self) -> int:
        """At most what is held."""
        amount: int = self.cleaned_data["amount"]
        if amount > self.held and not self.was_done:
            raise forms.ValidationError(f"Enter at most {money.show(self.held, self.currency)}, which is what is held.")
        return amount


class OwnFieldNamesForm(ClinicForm):
    """What the clinic calls its two own fields."""

    custom_1 = forms.CharField(label="First own field", required=False, max_length=40)
    custom_2 = forms.CharField(label="Second own field", required=False, max_length=40)


def treatments_for(account: Account) -> Any:
    """Treatments of whom an account pays for, the newest first: its own patients', and those that list it."""
    rows = TreatmentEvent.objects.filter(Q(patient__account=account) | Q(patient__payers__account=account))
    beside = rows.exclude(state=EventState.CANCELLED).select_related("patient", "location", "practitioner").distinct()
    return beside.order_by("-service_at", "-pk")


def packages_for(account: Account) -> Any:
    """Packages of whom an account pays for, the newest first."""
    rows = Package.objects.filter(Q(patient__account=account) | Q(patient__payers__account=account))
    return rows.select_related("patient").distinct().order_by("-number")


def _label(event: TreatmentEvent) -> str:
    title = f", {event.title}" if event.title else ""
    return f"{event.ref}, {day_words(event.service_at)}{title}, {event.patient.name}"
