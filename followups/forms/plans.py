"""What is agreed about a payment plan, from a page to clean values."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.functional import cached_property

from balances.forms import OnceForm
from balances.models import Invoice
from balances.requests import Once
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import typed
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from clinicpay.ui.words import day_words
from followups.models import Plan
from followups.queries import invoices_to_plan
from followups.queries.plans import Row
from followups.schedule import Due, Terms, TooMany, least, schedule
from followups.shown import Shown
from followups.states import Frequency

AHEAD = timedelta(days=366)
"""How far ahead a plan may start."""


class TermsForm(ClinicForm):
    """ "Convert to payment plan": which invoices, how much each time, how often, from when (S2.36–S2.38).

    `dues` are the instalments that come of it, once it is valid.
    """

    invoices = forms.MultipleChoiceField(
        label="Invoices",
        error_messages={
            "required": "Choose at least one invoice.",
            "invalid_choice": "%(value)s can’t go on a plan: it owes nothing, or is on a plan already.",
        },
    )
    instalment = MoneyField(label="Instalment", error_messages={"required": "Enter an instalment."})
    frequency = forms.ChoiceField(
        label="How often", choices=Frequency, initial=Frequency.MONTHLY, widget=forms.RadioSelect
    )
    starts_on = forms.DateField(
        label="Start date",
        widget=forms.DateInput,
        help_text="When the first one is due.",
        error_messages={"required": "Enter a start date."},
    )
    merge_last = forms.BooleanField(
        label="Add a smaller last one to the one before",
        required=False,
        help_text="Nothing is dropped: the sum stays exact.",
    )

    def __init__(self, *args: Any, account: Account, clinic: Clinic, **options: Any) -> None:
        self.account, self.clinic, self.today = account, clinic, clock.today(clinic)
        self.rows = invoices_to_plan(account)
        self.offered = [row for row in self.rows if row.plan is None]
        initial = {"starts_on": self.today, "invoices": [row.ref for row in self.offered]}
        options["initial"] = initial | (options.get("initial") or {})
        super().__init__(*args, currency=clinic.currency, **options)
        fields: dict[str, Any] = self.fields
        fields["invoices"].choices = [(row.ref, row.ref) for row in self.offered]
        self.dues: list[Due] = []

    @cached_property
    def picked(self) -> set[str]:
        """The invoices that were chosen, or that are while nothing was sent, by number."""
        return set(self["invoices"].value() or ())

    @cached_property
    def chosen(self) -> list[Any]:
        """Those of them that can go on a plan, as rows."""
        return [row for row in self.offered if row.ref in self.picked]

    @property
    def total(self) -> int:
        """What they owe, which goes on the plan."""
        return sum(row.outstanding for row in self.chosen)

    def clean_starts_on(self) -> date:
        """Today or later, and not in some far year."""
        day: date = self.cleaned_data["starts_on"]
        if day < self.today:
            raise forms.ValidationError(f"{day_words(day)} is past: a plan starts today or later.")
        if day > self.today + AHEAD:
            raise forms.ValidationError("A plan starts within a year from today.")
        return day

    def clean(self) -> dict[str, Any]:
        """The terms make a plan."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            self._plan(cleaned["instalment"])
        return cleaned

    def _plan(self, instalment: int) -> None:
        total = money.show(self.total, self.clinic.currency)
        if instalment > self.total:
            self.add_error("instalment", f"Only {total} go on the plan: enter at most that.")
            return
        try:
            self.dues = schedule(self.total, self.terms)
        except TooMany as refusal:
            smallest = money.show(least(self.total, self.terms.frequency), self.clinic.currency)
            self.add_error("instalment", f"{refusal} For {total} it is {smallest} or more.")
        except Refusal as refusal:
            self.add_error("instalment", str(refusal))

    @property
    def terms(self) -> Terms:
        """What was agreed."""
        given = self.cleaned_data
        return Terms(
            given["instalment"], Frequency(given["frequency"]), given["starts_on"], merge_last=given["merge_last"]
        )


class PlanForm(OnceForm, TermsForm):
    """The same, to be made: with what the invoices owed when the page was drawn."""

    shown = forms.CharField(required=False, max_length=60_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["shown"] = str(Shown({row.number: row.outstanding for row in self.offered}))
        self.changed: list[str] = []

    def clean_shown(self) -> Shown:
        """As the page kept it."""
        try:
            return Shown.parse(self.cleaned_data["shown"])
        except ValueError as error:
            raise forms.ValidationError("This form is out of date. Load the page again.") from error

    def clean(self) -> dict[str, Any]:
        """Also what the chosen invoices owe otherwise than the page showed: that comes before any other word."""
        cleaned = super().clean()
        if isinstance(kept := cleaned.get("shown"), Shown):
            sent = {typed(Invoice.KIND, ref) for ref in self._sent("invoices")}
            self.changed = kept.of(one for one in kept.owed if one in sent).changes(self.clinic.currency)
        return cleaned

    def _sent(self, name: str) -> list[str]:
        data: Any = self.data
        return list(data.getlist(name))

    def kept(self) -> Shown:
        """What the chosen invoices owed then."""
        kept: Shown = self.cleaned_data["shown"]
        return kept.of(row.number for row in self.chosen)

    def once(self, account_id: int) -> Once:
        """The one-time key with everything that the form asks for."""
        names = ("instalment", "frequency", "starts_on", "merge_last", "invoices", "shown")
        asked = {name: self._sent(name) for name in names}
        return Once.of(UUID(self.data["request_key"]), act="plan", account=account_id, **asked)

    def again(self) -> "PlanForm":
        """The form once more as it was filled in, over what is owed now."""
        names = ("instalment", "frequency", "starts_on", "merge_last")
        given = {name: self.data.get(name) for name in names}
        return PlanForm(account=self.account, clinic=self.clinic, initial=given)


class BillForm(ClinicForm):
    """ "Invoice now" and "Pay ahead": how many of the next instalments are billed now."""

    count = forms.TypedChoiceField(label="How many", coerce=int)
    first = forms.IntegerField(widget=forms.HiddenInput)
    request_key = RequestKeyField()

    def __init__(self, *args: Any, rows: list[Row], currency: str, **options: Any) -> None:
        super().__init__(*args, **options)
        left = [row.instalment for row in rows if row.state == "scheduled"]
        fields: dict[str, Any] = self.fields
        fields["count"].choices = [
            (count, _ahead(count, sum(one.amount for one in left[:count]), left[count - 1].due_date, currency))
            for count in range(1, len(left) + 1)
        ]
        fields["first"].initial = left[0].position if left else 0

    def once(self, plan: Plan) -> Once:
        """The one-time key with what is asked for."""
        given = self.cleaned_data
        return Once.of(given["request_key"], act="bill", plan=plan.pk, count=given["count"], first=given["first"])


def _ahead(count: int, amount: int, last: date, currency: str) -> str:
    sum_words = money.show(amount, currency)
    return f"The next: {sum_words}" if count == 1 else f"The next {count}: {sum_words}, until {day_words(last)}"


class EndForm(ClinicForm):
    """How a plan ends, and why; a default is only for what is late."""

    ending = forms.ChoiceField(label="How it ends", widget=forms.RadioSelect, initial="cancelled")
    reason = forms.CharField(label="Reason", max_length=500)
    request_key = RequestKeyField()

    def __init__(self, *args: Any, is_late: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        ways = [("cancelled", "Cancelled"), ("defaulted", "Defaulted: an instalment is late")]
        fields: dict[str, Any] = self.fields
        fields["ending"].choices = ways if is_late else ways[:1]
        if not is_late:
            fields["ending"].widget = forms.HiddenInput()

    def once(self, plan: Plan) -> Once:
        """The one-time key with what is asked for."""
        given = self.cleaned_data
        return Once.of(given["request_key"], act="end plan", plan=plan.pk, way=given["ending"], why=given["reason"])
