"""Forms of automatic runs."""

from typing import Any

from django import forms

from balances.auto_apply import KINDS
from balances.models import AllocationRules
from balances.requests import Once, was_answered
from clinicpay.staff.models import Practitioner
from clinicpay.ui.forms import ClinicForm, RequestKeyField

ORDERS = {
    "pre_payment,deposit,unapplied": "Pre-payments, then deposits, then unapplied payments",
    "pre_payment,unapplied,deposit": "Pre-payments, then unapplied payments, then deposits",
    "deposit,unapplied,pre_payment": "Deposits, then unapplied payments, then pre-payments",
}
"""Orders in which the kinds of money are used, the usual one first (A3)."""


class OnceForm(forms.Form):
    """A form whose second arrival is answered as its first, although what it asks for no longer fits what is owed.

    Figures first, then the key: `if amount > left and not self.was_done`. Its twin may be done between the two looks,
    and whoever finds figures that it has changed finds its key, too; the other way round it would be told a fault.
    """

    request_key = RequestKeyField()

    @property
    def was_done(self) -> bool:
        """Whether this very form was done already: then it is only read, for its key to be answered.

        Looked up anew each time, so that no later figure meets an older look.
        """
        return was_answered(self.data.get("request_key", ""))


class RunForm(ClinicForm):
    """An act on a run, once."""

    request_key = RequestKeyField()

    def once(self, number: int) -> Once:
        """The form's one-time key with a digest of what it asks for."""
        rest = {name: value for name, value in self.cleaned_data.items() if name != "request_key"}
        return Once.of(self.cleaned_data["request_key"], run=number, **rest)


class UndoRunForm(RunForm):
    """Why a run is undone."""

    reason = forms.CharField(label="Reason", max_length=500)


class RulesForm(ClinicForm):
    """What a clinic's automatic runs follow."""

    order = forms.ChoiceField(label="Order of money", choices=list(ORDERS.items()), widget=forms.RadioSelect)
    kinds = forms.MultipleChoiceField(
        label="Money that takes part",
        choices=[(str(kind), f"{words.capitalize()}s") for kind, words in KINDS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one; otherwise no run would ever apply anything."},
    )
    exact_first = forms.BooleanField(label="A payment of exactly what an invoice owes pays that first", required=False)
    own_patient_first = forms.BooleanField(label="A patient’s own charges come before the family’s", required=False)
    by_due_date = forms.BooleanField(label="What is due first is paid first, not what is oldest", required=False)
    minimum_age = forms.IntegerField(
        label="Leave invoices alone until they are so many days old", min_value=0, max_value=365
    )
    excluded = forms.MultipleChoiceField(
        label="Disciplines left out", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        known = Practitioner.objects.exclude(discipline="").order_by("discipline").values_list("discipline", flat=True)
        names = {*known.distinct(), *self.initial.get("excluded", [])}
        fields["excluded"].choices = [(name, name) for name in sorted(names)]
        if not names:
            fields["excluded"].help_text = "None of your practitioners has a discipline yet."

    @staticmethod
    def initial_of(rules: AllocationRules | None) -> dict[str, Any]:
        """What the form shows of the rules that hold today."""
        if rules is None:
            return {"order": next(iter(ORDERS)), "kinds": list(KINDS), "minimum_age": 0, "excluded": []}
        order = next((one for one in ORDERS if _within(one, rules.kinds) == rules.kinds), next(iter(ORDERS)))
        names = ("kinds", "exact_first", "own_patient_first", "by_due_date", "minimum_age", "excluded")
        return {name: getattr(rules, name) for name in names} | {"order": order}

    def values(self) -> dict[str, Any]:
        """The fields of AllocationRules; the kinds that take part, in the order chosen."""
        values = dict(self.cleaned_data)
        order = values.pop("order")
        return values | {"kinds": _within(order, values["kinds"])}


def _within(order: str, kinds: list[str]) -> list[str]:
    return [kind for kind in order.split(",") if kind in kinds]
