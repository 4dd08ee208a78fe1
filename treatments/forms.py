"""Forms of treatment events."""

from datetime import date, datetime
from typing import Any

from django import forms

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.queries import own_field_names
from clinicpay.staff.models import Membership, Practitioner
from clinicpay.staff.roles import Can
from clinicpay.ui.forms import ClinicForm, MoneyField
from treatments.models import PriceItem
from treatments.services import Work

YEARS_BACK, YEARS_AHEAD = 20, 5
"""How far from today a treatment may be dated: a slip in the year is more likely than a treatment outside."""


def price_choices(member: Membership) -> list[tuple[str, str]]:
    """The price list to choose from; practitioners choose without seeing what procedures cost."""
    prices = PriceItem.objects.filter(active=True)
    if not member.can(Can.SEE_MONEY):
        return [(price.code, str(price)) for price in prices]
    return [(price.code, f"{price} — {money.show(price.fee, member.clinic.currency)}") for price in prices]


class OwnFieldsForm(ClinicForm):
    """The clinic's own fields, of which those that it hasn't named aren't there (S3.34)."""

    custom_1 = forms.CharField(required=False, max_length=60)
    custom_2 = forms.CharField(required=False, max_length=60)

    def __init__(self, *args: Any, own: tuple[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        for name, label in zip(("custom_1", "custom_2"), own, strict=True):
            if label:
                self.fields[name].label = label
            else:
                del self.fields[name]

    def own(self) -> dict[str, str]:
        """What is filled in; a field that isn't there is empty."""
        return {name: self.cleaned_data.get(name, "") for name in ("custom_1", "custom_2")}


class TreatmentForm(OwnFieldsForm):
    """When, where, by whom, and which procedures of the price list."""

    practitioner = forms.ModelChoiceField(Practitioner.objects.none(), empty_label="Choose…")
    location = forms.ModelChoiceField(Location.objects.none(), empty_label=None)
    service_date = forms.DateField(label="Date", widget=forms.DateInput())
    service_time = forms.TimeField(label="Time", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    title = forms.CharField(label="Reason for the visit", required=False, max_length=255)
    codes = forms.MultipleChoiceField(
        label="Procedures",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="From the clinic’s price list.",
    )

    field_order = ("practitioner", "location", "service_date", "service_time", "title", "custom_1", "custom_2", "codes")

    def __init__(self, *args: Any, member: Membership, now: datetime, **options: Any) -> None:
        options.setdefault("initial", {"service_date": now.date(), "service_time": now.strftime("%H:%M")})
        super().__init__(*args, own=own_field_names(member.clinic), currency=member.clinic.currency, **options)
        self.clinic, self.this_year = member.clinic, now.year
        fields: dict[str, Any] = self.fields
        fields["practitioner"].queryset = Practitioner.objects.filter(active=True)
        fields["location"].queryset = Location.objects.filter(active=True)
        fields["codes"].choices = price_choices(member)

    def clean_service_date(self) -> date:
        """A date on which somebody may have been, or will be, treated."""
        day: date = self.cleaned_data["service_date"]
        first, last = self.this_year - YEARS_BACK, self.this_year + YEARS_AHEAD
        if not first <= day.year <= last:
            raise forms.ValidationError(f"Enter a date from {first} to {last}.")
        return day

    def event(self) -> dict[str, Any]:
        """The fields of the event, its time on the clinic's clock."""
        data = self.cleaned_data
        moment = datetime.combine(data["service_date"], data["service_time"], clock.zone(self.clinic))
        practitioner = data["practitioner"]
        return {
            "practitioner": practitioner,
            "location": data["location"],
            "service_at": moment,
            "discipline": practitioner.discipline,
            "title": data["title"],
            **self.own(),
        }

    def work(self) -> list[Work]:
        """The chosen procedures, in the price list's order; their fees come from there."""
        return [Work(code) for code in self.cleaned_data["codes"]]


class PriceEditForm(ClinicForm):
    """What a procedure is called and costs."""

    description = forms.CharField(label="Description", max_length=255)
    discipline = forms.CharField(label="Discipline", max_length=60, required=False)
    fee = MoneyField(label="Fee", zero_ok=True, help_text="0 for procedures that are listed but never charged.")

    def clean_fee(self) -> int:
        """0 is a decision; an empty field isn't one, and would make a procedure free for good."""
        fee: int = self.cleaned_data["fee"]
        if not self.data.get("fee", "").strip():
            raise forms.ValidationError("Enter the fee, or 0 if it is never charged.")
        return fee


class PriceForm(PriceEditForm):
    """A procedure and its fee."""

    code = forms.CharField(label="Code", max_length=15)
    field_order = ("code",)

    def clean_code(self) -> str:
        """A code that is taken belongs to a price whose own page changes it: typed here again it is a slip."""
        code: str = self.cleaned_data["code"]
        if PriceItem.objects.filter(code=code).exists():
            raise forms.ValidationError(f"{code} is on the list already. Open it there to change it.")
        return code


class ProceduresForm(ClinicForm):
    """Further procedures of a treatment that is not complete yet."""

    codes = forms.MultipleChoiceField(
        label="Procedures", widget=forms.CheckboxSelectMultiple, help_text="From the clinic’s price list."
    )

    def __init__(self, *args: Any, member: Membership, **options: Any) -> None:
        super().__init__(*args, currency=member.clinic.currency, **options)
        fields: dict[str, Any] = self.fields
        fields["codes"].choices = price_choices(member)

    def work(self) -> list[Work]:
        """The chosen procedures; their fees come from the price list."""
        return [Work(code) for code in self.cleaned_data["codes"]]


class RecordForm(ClinicForm):
    """The clinical record of a treatment, which people of the finance side don't see.

    Once it was reviewed, it is written in for a reason, which re-opens it.
    """

    notes = forms.CharField(
        label="Clinical notes", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 12})
    )
    reason = forms.CharField(
        label="Why the record is re-opened",
        max_length=500,
        error_messages={"required": "Say why the record is re-opened."},
    )

    def __init__(self, *args: Any, reopens: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not reopens:
            del self.fields["reason"]
