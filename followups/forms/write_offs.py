"""Forms of write-offs: what is given up and why, and what is decided about it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import cached_property

from balances.forms import OnceForm
from balances.requests import Once
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from followups.queries.write_offs import Facts
from followups.services import Wish
from followups.states import WriteOffCause

GONE = "One of these invoices owes nothing any more, waits already, or isn’t this account’s. Look again."


class WriteOffForm(OnceForm, ClinicForm):
    """ "Write off": which invoices, whether plans end for it, and why (S2.43).

    `shown` carries what the page showed, so that nobody gives up more than they saw. A form that was done already is
    only read, for its key to be answered.
    """

    invoices = forms.MultipleChoiceField(
        label="Invoices",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": GONE},
    )
    with_plans = forms.BooleanField(label="Also what is not billed yet", required=False)
    cause = forms.ChoiceField(label="Reason", choices=[("", "Choose…"), *WriteOffCause.choices])
    reason = forms.CharField(
        label="In your words",
        max_length=500,
        error_messages={"required": "Say why, in your words."},
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500}),
        help_text="Whoever decides, and an auditor, reads this.",
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60_000)

    def __init__(self, *args: Any, facts: Facts, **options: Any) -> None:
        every = [one.invoice.ref for one in facts.free]
        super().__init__(*args, initial={"invoices": every, "shown": shown_of(facts)}, **options)
        self.facts = facts
        sent = self.data.getlist("invoices") if self.was_done else []  # type: ignore[attr-defined]
        fields: dict[str, Any] = self.fields
        fields["invoices"].choices = [(ref, ref) for ref in dict.fromkeys([*every, *sent])]

    def clean(self) -> dict[str, Any]:
        """Something is given up."""
        cleaned = super().clean() or self.cleaned_data
        if "invoices" not in self.errors and not cleaned.get("invoices") and not cleaned.get("with_plans"):
            self.add_error("invoices", "Choose at least one invoice.")
        return cleaned

    @property
    def chosen(self) -> list[Any]:
        """The chosen invoices, as rows."""
        wanted = set(self.cleaned_data["invoices"])
        return [one.invoice for one in self.facts.free if one.invoice.ref in wanted]

    @cached_property
    def picked(self) -> set[str]:
        """What is ticked, for the page that is drawn."""
        return set(self["invoices"].value() or ())

    @property
    def amount(self) -> int:
        """What is ticked, in minor units."""
        chosen = sum(one.owes for one in self.facts.free if one.invoice.ref in self.picked)
        return chosen + (self.facts.unbilled if self["with_plans"].value() else 0)

    def wish(self) -> Wish:
        """Why, and over which figures."""
        given = self.cleaned_data
        return Wish(WriteOffCause(given["cause"]), given["with_plans"], _read(given["shown"]))

    def once(self, account_id: int, act: str) -> Once:
        """The form's one-time key with everything that it asks for."""
        asked = {name: self.cleaned_data[name] for name in ("invoices", "with_plans", "cause", "reason")}
        return Once.of(self.cleaned_data["request_key"], act=act, account=account_id, **asked)


def shown_of(facts: Facts) -> str:
    """What the page shows of each invoice, and of what is unbilled under 0."""
    figures = {one.invoice.pk: one.owes for one in facts.free} | {0: facts.unbilled}
    return " ".join(f"{pk}:{amount}" for pk, amount in figures.items())


def _read(shown: str) -> Mapping[int, int]:
    """The figures again; what is no such text is no figure, and then nothing agrees."""
    pairs = (part.partition(":") for part in shown.split())
    return {int(pk): int(amount) for pk, _, amount in pairs if pk.isdecimal() and amount.isdecimal()} or {0: 0}


class RecoverForm(ClinicForm):
    """How much of what was written off is owed, and paid, after all (W4)."""

    amount = MoneyField(label="Amount")
    request_key = RequestKeyField()

    def once(self, invoice_id: int) -> Once:
        """The form's one-time key with what it asks for."""
        asked = self.cleaned_data["amount"]
        return Once.of(self.cleaned_data["request_key"], act="recover", invoice=invoice_id, amount=asked)
