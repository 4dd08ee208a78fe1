"""Forms about insurance: a check entered by hand, a file that is read, a check that is withdrawn."""

import base64
import binascii
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms import formset_factory

from clinicpay.patients.eligibility.queries import percent
from clinicpay.patients.eligibility.service_types import SERVICE_TYPES
from clinicpay.patients.eligibility.services import Answer, Said
from clinicpay.patients.eligibility.x12_271 import LONGEST
from clinicpay.patients.models import Benefit, EligibilityCheck
from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm, MoneyField, dress

_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?\s*%?", re.ASCII)
_CODE = re.compile(r"[A-Z0-9]{1,15}", re.ASCII)


class KnownMoneyField(MoneyField):
    """An amount that may be 0, and that may be unknown: nothing typed is None."""

    def __init__(self, **options: Any) -> None:
        super().__init__(zero_ok=True, **options)

    def to_python(self, value: Any) -> int | None:
        """None for nothing typed, minor units for anything else."""
        return None if value is None or not str(value).strip() else super().to_python(value)


class PercentField(forms.Field):
    """A share typed as "20", "20%" or "12.5", cleaned to basis points; nothing typed is None."""

    def to_python(self, value: Any) -> int | None:
        """Exact: never a float in between."""
        text = str(value or "").strip()
        if not text:
            return None
        found = _PERCENT.fullmatch(text)
        points = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
        if not 0 <= points <= 10_000:
            raise ValidationError("Enter a share from 0 to 100, such as 20.")
        return points

    def prepare_value(self, value: Any) -> Any:
        """Basis points as what is typed; what the user typed stays as it is."""
        return percent(value).removesuffix("%") if isinstance(value, int) else value


class BenefitForm(forms.Form):
    """What the patient pays for one service."""

    service = forms.ChoiceField(
        label="Service",
        required=False,
        choices=[("", "–"), ("any", "Any service"), *SERVICE_TYPES.items(), ("procedure", "A procedure:")],
    )
    code = forms.CharField(label="Procedure code", required=False, max_length=15)
    copay = KnownMoneyField(label="Copay")
    coinsurance = PercentField(label="Co-insurance %", required=False)
    on_top = forms.BooleanField(label="Copay on top", required=False)
    network = forms.ChoiceField(
        label="Network", choices=Benefit.Network.choices, required=False, initial=Benefit.Network.BOTH
    )

    def __init__(self, *args: Any, currency: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        dress(self, currency)
        self.fields["coinsurance"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean_code(self) -> str:
        """As codes are printed: capital letters and digits."""
        code: str = self.cleaned_data["code"].strip().upper()
        if code and not _CODE.fullmatch(code):
            raise ValidationError("Enter a code such as D2740 or 99213.")
        return code

    def clean(self) -> dict[str, Any]:
        """A line is about a service and says what the patient pays for it, or it is empty."""
        cleaned = super().clean() or self.cleaned_data
        service, code = cleaned.get("service"), cleaned.get("code")
        if code and service not in {"", "procedure"}:
            self.add_error("code", "Choose a service or enter a procedure’s code, not both.")
        if service == "procedure" and not code and "code" not in self.errors:
            self.add_error("code", "Enter the procedure’s code.")
        says = cleaned.get("copay") is not None or cleaned.get("coinsurance") is not None
        if (service or code) and not says and not self.errors:
            self.add_error("copay", "Enter a copay, a co-insurance or both.")
        if says and not service and not code and not self.errors:
            self.add_error("service", "Choose the service.")
        if cleaned.get("on_top") and cleaned.get("copay") is None and not self.errors:
            self.add_error("copay", "Enter the copay that comes on top.")
        return cleaned

    def said(self) -> Said | None:
        """What the line says; None for an empty one."""
        data = self.cleaned_data
        if not data.get("service") and not data.get("code"):
            return None
        kind, code = Benefit.Kind.SERVICE, data["service"]
        if data["service"] == "any":
            kind, code = Benefit.Kind.ANY, ""
        elif data["code"]:
            kind, code = Benefit.Kind.PROCEDURE, data["code"]
        network = data["network"] or Benefit.Network.BOTH
        return Said(kind, code, data["copay"], data["coinsurance"], data["on_top"], network)


BenefitForms = formset_factory(BenefitForm, extra=4, max_num=30, validate_max=True)


class CheckForm(ClinicForm):
    """What a payer said on the phone or on its website."""

    checked_on = forms.DateField(label="Checked on", widget=forms.DateInput())
    payer = forms.CharField(label="Insurer", max_length=160)
    plan = forms.CharField(label="Plan", max_length=160, required=False)
    member_number = forms.CharField(label="Member number", max_length=64, required=False)
    active = forms.ChoiceField(
        label="The plan is", choices=[("yes", "Active"), ("no", "Not active")], widget=forms.RadioSelect
    )
    plan_begins = DayField(label="Benefit year from", widget=forms.DateInput(), required=False)
    plan_ends = DayField(label="until", widget=forms.DateInput(), required=False)
    deductible = KnownMoneyField(label="Deductible")
    deductible_left = KnownMoneyField(label="Deductible remaining")
    out_of_pocket = KnownMoneyField(label="Out-of-pocket maximum")
    out_of_pocket_left = KnownMoneyField(label="Out-of-pocket maximum remaining")
    notes = forms.CharField(label="Notes", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, currency: str, benefits: Iterable[Benefit] = (), **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.benefits = BenefitForms(
            self.data or None,
            prefix="benefit",
            initial=[_typed(one) for one in benefits],
            form_kwargs={"currency": currency},
            error_messages={"too_many_forms": "A check has at most %(num)d services."},
        )

    def clean(self) -> dict[str, Any]:
        """The services are read with the rest."""
        cleaned = super().clean() or self.cleaned_data
        if not self.benefits.is_valid():
            raise ValidationError(
                " ".join(map(str, self.benefits.non_form_errors())) or "Check what is said of the services."
            )
        return cleaned

    def answer(self) -> Answer:
        """What the form says."""
        data = self.cleaned_data | {"active": self.cleaned_data["active"] == "yes"}
        said = [one for form in self.benefits if (one := form.said())]
        return Answer(**data, benefits=said)


def _typed(benefit: Benefit) -> dict[str, Any]:
    """A benefit as it would be typed."""
    service = {Benefit.Kind.ANY: "any", Benefit.Kind.PROCEDURE: "procedure"}.get(Benefit.Kind(benefit.kind))
    return {
        "service": service or benefit.code,
        "code": benefit.code if service == "procedure" else "",
        "copay": benefit.copay,
        "coinsurance": benefit.coinsurance,
        "on_top": benefit.on_top,
        "network": benefit.network,
    }


def typed_again(check: EligibilityCheck) -> dict[str, Any]:
    """A check as it would be typed, to be put right."""
    names = [name for name in CheckForm.base_fields if name != "active"]
    return {name: getattr(check, name) for name in names} | {"active": "yes" if check.active else "no"}


class FileForm(ClinicForm):
    """A payer's answer as a file; once read it travels with the page until it is saved."""

    file = forms.FileField(
        label="271 file", required=False, widget=forms.FileInput(attrs={"accept": ".271,.x12,.edi,.txt"})
    )
    content = forms.CharField(required=False, max_length=2 * LONGEST, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["file"].widget.attrs["class"] = "form-control"

    def clean(self) -> dict[str, Any]:
        """One of the two is there."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("file") and not cleaned.get("content"):
            self.add_error("file", "Choose a file.")
        return cleaned

    @cached_property
    def held(self) -> bytes:
        """What the file holds; of one that is far too large only the beginning."""
        chosen = self.cleaned_data["file"]
        if chosen:
            held: bytes = chosen.read(LONGEST + 1)
            return held
        try:
            return base64.b64decode(self.cleaned_data["content"], validate=True)
        except binascii.Error:
            return b""


def carried(data: bytes) -> str:
    """A file's bytes as the value of a hidden field."""
    return base64.b64encode(data).decode("ascii")


class WithdrawForm(ClinicForm):
    """Why a check is withdrawn."""

    reason = forms.CharField(label="Reason", max_length=500)


class CheckDaysForm(ClinicForm):
    """After how many days an insurance check counts as old."""

    days = forms.IntegerField(label="Ask the payer again after (days)", required=False, min_value=1, max_value=366)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["days"].help_text = f"Leave empty for {settings.ELIGIBILITY_STALE_DAYS}, as usual here."
