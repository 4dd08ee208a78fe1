"""Forms of treatment events."""

from datetime import datetime
from typing import Any

from django import forms

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.staff.models import Membership, Practitioner
from clinicpay.staff.roles import Can
from clinicpay.ui.forms import ClinicForm, MoneyField
from treatments.models import PriceItem
from treatments.services import Work


class TreatmentForm(ClinicForm):
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
        help_text="From the clinic's price list.",
    )

    def __init__(self, *args: Any, member: Membership, now: datetime, **options: Any) -> None:
        options.setdefault("initial", {"service_date": now.date(), "service_time": now.strftime("%H:%M")})
        super().__init__(*args, currency=member.clinic.currency, **options)
        self.clinic = member.clinic
        fields: dict[str, Any] = self.fields
        fields["practitioner"].queryset = Practitioner.objects.filter(active=True)
        fields["location"].queryset = Location.objects.filter(active=True)
        sees_fees = member.can(Can.SEE_MONEY)
        prices = PriceItem.objects.filter(active=True)
        fields["codes"].choices = [(price.code, self._priced(price, sees_fees)) for price in prices]

    def _priced(self, price: PriceItem, sees_fees: bool) -> str:
        """Practitioners choose procedures without seeing what they cost."""
        return f"{price} — {money.show(price.fee, self.clinic.currency)}" if sees_fees else str(price)

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
        }

    def work(self) -> list[Work]:
        """The chosen procedures, in the price list's order; their fees come from there."""
        return [Work(code) for code in self.cleaned_data["codes"]]


class PriceForm(ClinicForm):
    """A procedure and its fee."""

    code = forms.CharField(label="Code", max_length=15)
    description = forms.CharField(label="Description", max_length=255)
    discipline = forms.CharField(label="Discipline", max_length=60, required=False)
    fee = MoneyField(label="Fee", zero_ok=True, help_text="0 for procedures that are listed but never charged.")
