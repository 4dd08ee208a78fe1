"""Forms of packages and staged treatments: what is agreed, and when its treatments are (S0.14, S0.15)."""

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.forms import formset_factory

from balances.requests import Once
from balances.services import Agreed, Visit
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.staff.models import Membership, Practitioner
from clinicpay.ui.forms import STALE_KEY, ClinicForm, MoneyField, RequestKeyField
from treatments.forms import YEARS_AHEAD, YEARS_BACK, price_choices
from treatments.split import MOST
from treatments.states import Origin

ROWS = 4
"""Stages that the form begins with; more can be asked for."""

NO_CODE = ("", "No code of the price list")


class PlaceForm(ClinicForm):
    """When, with whom and where."""

    practitioner = forms.ModelChoiceField(Practitioner.objects.none(), label="Practitioner", empty_label=None)
    location = forms.ModelChoiceField(Location.objects.none(), label="Location", empty_label=None)
    time = forms.TimeField(label="Time of day", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    request_key = RequestKeyField()

    def __init__(self, *args: Any, member: Membership, **options: Any) -> None:
        self.clinic, self.now = member.clinic, clock.local_now(member.clinic)
        options["initial"] = {"time": "09:00", **(options.get("initial") or {})}
        super().__init__(*args, currency=member.clinic.currency, **options)
        fields: dict[str, Any] = self.fields
        fields["practitioner"].queryset = Practitioner.objects.filter(active=True)
        fields["location"].queryset = Location.objects.filter(active=True)
        if "code" in fields:
            fields["code"].choices = [NO_CODE, *price_choices(member)]

    def visit(self, day: date, **more: Any) -> Visit:
        """A treatment on a date, at the time that was chosen on the clinic's clock."""
        data = self.cleaned_data
        at = datetime.combine(day, data["time"], clock.zone(self.clinic))
        return Visit(at, data["practitioner"], data["location"], **more)

    def fitting(self, day: date) -> date:
        """A date on which somebody may have been, or will be, treated."""
        first, last = self.now.year - YEARS_BACK, self.now.year + YEARS_AHEAD
        if not first <= day.year <= last:
            raise forms.ValidationError(f"Enter a date from {first} to {last}.")
        return day

    def once(self, act: str, subject: str, *visits: Visit) -> Once:
        """The one-time key of this act, with a digest of everything that it asks for."""
        data = {name: str(value) for name, value in self.cleaned_data.items() if name != "request_key"}
        stages = [str(visit) for visit in visits]
        return Once.of(self.cleaned_data["request_key"], act=act, subject=subject, asked=data, visits=stages)


class PackageForm(PlaceForm):
    """One price over equal visits at a steady pace."""

    kind = Origin.PACKAGE
    name = forms.CharField(label="Name", max_length=120, help_text="Such as “4 cleanings”.")
    code = forms.ChoiceField(label="Procedure of each visit", required=False)
    price = MoneyField(label="Price in all")
    visits = forms.IntegerField(label="Visits", min_value=1, max_value=MOST, initial=4)
    first_date = forms.DateField(label="First visit")
    every = forms.IntegerField(label="Then every", min_value=1, max_value=52, initial=3)
    unit = forms.ChoiceField(label="Pace", choices=[("months", "months"), ("weeks", "weeks"), ("days", "days")])

    field_order = (
        *("name", "code", "price", "visits", "first_date", "every", "unit", "time", "practitioner", "location"),
    )

    def clean_first_date(self) -> date:
        """The last visit may be years later: only the first is looked at."""
        return self.fitting(self.cleaned_data["first_date"])

    def agreed(self) -> Agreed:
        """What was agreed, its visits in order."""
        data = self.cleaned_data
        visits = [self.visit(day, title=data["name"], code=data["code"]) for day in self._days()]
        return Agreed(data["name"], Origin.PACKAGE, visits, data["price"])

    def _days(self) -> Iterator[date]:
        first, every = self.cleaned_data["first_date"], self.cleaned_data["every"]
        for position in range(self.cleaned_data["visits"]):
            if self.cleaned_data["unit"] == "months":
                yield _months_later(first, every * position)
            else:
                yield first + timedelta(days=every * position * (7 if self.cleaned_data["unit"] == "weeks" else 1))


def _months_later(first: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it has none."""
    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


class StageForm(ClinicForm):
    """One stage with its own price; a row that is left empty is none."""

    title = forms.CharField(label="Stage", max_length=120)
    code = forms.ChoiceField(label="Procedure", required=False)
    on = forms.DateField(label="Date")
    price = MoneyField(label="Price")

    def __init__(self, *args: Any, member: Membership, **options: Any) -> None:
        super().__init__(*args, currency=member.clinic.currency, **options)
        fields: dict[str, Any] = self.fields
        fields["code"].choices = [NO_CODE, *price_choices(member)]


class StagedForm(PlaceForm):
    """Stages in order, each with its own price and date."""

    kind = Origin.STAGED
    name = forms.CharField(label="Name", max_length=120, help_text="Such as “Crown, upper left”.")
    field_order = ("name", "practitioner", "location", "time")

    def __init__(self, data: Any = None, *, member: Membership, rows: int = ROWS, **options: Any) -> None:
        super().__init__(data, member=member, **options)
        typed = [] if data else list(_typed_stages(options.get("initial") or {}))
        made = formset_factory(StageForm, extra=max(rows - len(typed), 0), max_num=MOST, absolute_max=MOST)
        self.stages = made(data, prefix="stage", initial=typed, form_kwargs={"member": member})
        for position, stage in enumerate(self.stages, 1):
            stage.fields["title"].label = f"Stage {position}"

    def is_valid(self) -> bool:
        """The head and each stage."""
        if self.is_bound and self.stages.non_form_errors():
            self.add_error(None, STALE_KEY)
        return super().is_valid() and self.stages.is_valid() and not self._wrong_stages()

    def _wrong_stages(self) -> bool:
        for stage in self.filled:
            try:
                self.fitting(stage.cleaned_data["on"])
            except forms.ValidationError as error:
                stage.add_error("on", error)
        if not self.filled:
            self.add_error(None, "Fill in at least one stage.")
        return not self.filled or any(stage.errors for stage in self.filled)

    @property
    def filled(self) -> list[Any]:
        """The rows that are stages."""
        return [stage for stage in self.stages if stage.has_changed()]

    def agreed(self) -> Agreed:
        """What was agreed; the stages in the order of their dates."""
        stages = [stage.cleaned_data for stage in self.filled]
        visits = [
            self.visit(one["on"], title=one["title"], code=one["code"], price=one["price"])
            for one in sorted(stages, key=lambda one: one["on"])
        ]
        return Agreed(self.cleaned_data["name"], Origin.STAGED, visits)


def _typed_stages(asked: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The stages that were filled in before more were asked for."""
    for position in range(MOST):
        stage = {name: str(asked.get(f"stage-{position}-{name}", "")) for name in ("title", "code", "on", "price")}
        if any(stage.values()):
            yield stage


class VisitForm(PlaceForm):
    """One more visit of a package, or one more stage with its price."""

    title = forms.CharField(label="Reason for the visit", max_length=120)
    code = forms.ChoiceField(label="Procedure", required=False)
    on = forms.DateField(label="Date")
    price = MoneyField(label="Price of the stage")
    field_order = ("title", "code", "price", "on", "time", "practitioner", "location")

    def __init__(self, *args: Any, staged: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not staged:
            del self.fields["price"]

    def clean_on(self) -> date:
        """A date that may be one of a treatment."""
        return self.fitting(self.cleaned_data["on"])

    def wanted(self) -> Visit:
        """The visit, without a price if what is left is split."""
        data = self.cleaned_data
        return self.visit(data["on"], title=data["title"], code=data["code"], price=data.get("price", 0))


def package_form(kind: str) -> Any:
    """The form of a kind of package."""
    return StagedForm if kind == Origin.STAGED else PackageForm


class ExceptionForm(ClinicForm):
    """The note of an exception, or why it is one no more."""

    words = forms.CharField(label="Note", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, is_lifting: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        note = self.fields["words"]
        note.label = "Why it is an exception no more" if is_lifting else "Note"
        note.help_text = "" if is_lifting else "Whoever looks at this balance reads it."
