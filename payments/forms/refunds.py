"""Forms of money that goes back: what is asked for, what was shown, what was confirmed."""

from typing import Any, Self

from django import forms

from balances.forms import OnceForm
from balances.requests import Once
from clinicpay import money
from clinicpay.clinics.refusals import Refusal
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from payments.models import Payment
from payments.services import (
    GoingBack,
    charged_abroad,
    refundable,
    waits_for_gateway,
    why_not_refunded,
    why_not_returned,
)
from payments.states import REDUCES_CHARGE, TENDERS, Method, RefundReason, returns_of

FULL, PARTIAL = "full", "partial"

MISSING = "Enter an amount greater than zero."
OVER = "Enter at most {left}, which is what is left to refund. It may have changed since you opened this page."


class GoingBackForm(OnceForm, ClinicForm):
    """What refunds and returns have in common: two steps, the second of which sends back what was shown.

    A form that was done already is only read, for its key to be answered.
    """

    notes = forms.CharField(
        label="Notes", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500})
    )
    seal = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, payment: Payment, currency: str, **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.payment, self.currency, self.left = payment, currency, refundable(payment)

    def clean(self) -> dict[str, Any]:
        """Something is left to go back."""
        cleaned = super().clean() or self.cleaned_data
        if (words := self.why_not()) and not self.was_done:
            raise forms.ValidationError(words)
        return cleaned

    def why_not(self) -> str:
        """Why nothing can go back this way, in the user's words; "" when something can."""
        return why_not_refunded(self.payment)

    def check_amount(self, amount: int | None) -> None:
        """An error under the amount unless 0 < amount ≤ what is left."""
        if amount is None and "amount" not in self.errors:
            self.add_error("amount", MISSING)
        elif amount and amount > self.left and not self.was_done:
            self.add_error("amount", OVER.format(left=money.show(self.left, self.currency)))

    def carried(self) -> list[tuple[str, Any]]:
        """What the summary sends back, as hidden fields."""
        typed = {**self.cleaned_data, "amount": money.plain(self.cleaned_data["amount"], self.currency)}
        names = [name for name in self.fields if name != "seal"]
        return [(name, "on" if typed[name] is True else typed[name]) for name in names if typed[name]]

    def refused(self, refusal: Refusal) -> None:
        """The act was refused after all, maybe by what others did meanwhile: what is shown is as it is now."""
        self.payment.refresh_from_db(fields=["status"])
        self.left = refundable(self.payment)
        self.add_error(None, str(refusal))

    def choose(self, step: str) -> None:
        """Change one's mind about the charge on the summary itself, where there is such a button."""

    def again(self) -> Self:
        """The first step once more, as it was filled in."""
        return type(self)(payment=self.payment, currency=self.currency, initial=self.cleaned_data)

    def once(self, way: str) -> Once:
        """The one-time key, with a digest of everything that was confirmed."""
        asked = {name: str(value) for name, value in self.cleaned_data.items() if name not in {"request_key", "kind"}}
        return Once.of(self.cleaned_data["request_key"], act=way, payment=self.payment.pk, **asked)


class RefundForm(GoingBackForm):
    """A full or a partial refund (S1.83–S1.87)."""

    kind = forms.ChoiceField(
        label="Type",
        choices=[(FULL, "Full Refund"), (PARTIAL, "Partial Refund")],
        widget=forms.RadioSelect,
        initial=FULL,
    )
    amount = MoneyField(label="Amount", required=False)
    reason = forms.ChoiceField(label="Reason", choices=[("", "Choose a reason"), *RefundReason.choices])
    method = forms.ChoiceField(label="Goes back by")
    reduce = forms.BooleanField(
        label="Also reduce the charge",
        required=False,
        help_text="A credit note takes off what this money had paid. Otherwise that is owed again.",
    )
    drawn = forms.CharField(required=False, max_length=1, widget=forms.HiddenInput)

    field_order = ("kind", "amount", "reason", "method", "reduce", "notes")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        came_by = self.payment.method
        fields["method"].choices = TENDERS
        fields["method"].initial = came_by if came_by != Method.OPENING else None
        fields["method"].help_text = (
            "It came by card at the gateway, and goes back there by card."
            if waits_for_gateway(self.payment)
            else _came_by(self.payment)
        )
        fields["amount"].widget.attrs |= {"data-part": ""}
        fields["reason"].widget.attrs |= {"data-ticks": "id_reduce", "data-ticks-for": " ".join(sorted(REDUCES_CHARGE))}

    def clean(self) -> dict[str, Any]:
        """A full refund is all that is left now; a partial one at most that. The tick follows the reason (R3).

        `drawn` is how the tick stood before anybody touched it: one that still stands so is nobody's choice.
        """
        cleaned = super().clean()
        if cleaned.get("kind") == FULL and not self.was_done:
            cleaned["amount"] = self.left
            self.errors.pop("amount", None)
        self.check_amount(cleaned.get("amount"))
        suggested = cleaned.get("reason") in REDUCES_CHARGE
        if cleaned.get("reduce", False) == (cleaned.get("drawn") == "1"):
            cleaned["reduce"] = suggested
        cleaned["drawn"] = "1" if suggested else ""
        return cleaned

    def choose(self, step: str) -> None:
        if step in {"reduce", "keep"}:
            self.cleaned_data["reduce"] = step == "reduce"

    def wish(self) -> GoingBack:
        """What the form asks for."""
        chosen = self.cleaned_data
        return GoingBack(
            chosen["amount"],
            RefundReason(chosen["reason"]),
            chosen["notes"],
            reduce_charge=chosen["reduce"],
            method=Method(chosen["method"]),
        )


def _came_by(payment: Payment) -> str:
    """How the money came, if it has; what was charged in another currency goes back at the gateway, by a person."""
    if payment.method == Method.CARD and (foreign := charged_abroad(payment)):
        return f"{foreign} was charged: refund it at the gateway, and record here what the bank took for it."
    return f"It came by {payment.get_method_display().lower()}." if payment.method else ""


class ReturnForm(GoingBackForm):
    """Money that others took back, in the way that its tender is: a cheque bounces, a card is charged back."""

    reason = forms.ChoiceField(label="What happened")
    amount = MoneyField(label="Amount taken back")

    field_order = ("reason", "amount", "notes")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["amount"].initial = self.left
        fields["amount"].widget.attrs |= {"data-part": ""}
        ways = [(str(way), way.label) for way in returns_of(self.payment.method)]
        fields["reason"].choices = ways if len(ways) == 1 else [("", "Choose what happened"), *ways]
        fields["reason"].help_text = _came_by(self.payment)

    def clean(self) -> dict[str, Any]:
        """At most what is left can be taken back."""
        cleaned = super().clean()
        if "amount" in cleaned:
            self.check_amount(cleaned["amount"])
        return cleaned

    def why_not(self) -> str:
        return why_not_returned(self.payment)


class SealedForm(ClinicForm):
    """A confirmation of what a summary showed."""

    request_key = RequestKeyField()
    seal = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def once(self, act: str, subject: int) -> Once:
        """The one-time key of this act on this subject, as it was shown."""
        return Once.of(self.cleaned_data["request_key"], act=act, subject=subject, seal=self.cleaned_data["seal"])


class PlainForm(ClinicForm):
    """An act that asks for nothing but its confirmation."""

    request_key = RequestKeyField()

    def once(self, act: str, subject: int) -> Once:
        """The one-time key of this act on this subject."""
        return Once.of(self.cleaned_data["request_key"], act=act, subject=subject)


class RefundLimitForm(ClinicForm):
    """The most that billing refunds by itself."""

    limit = MoneyField(
        label="Refund limit for billing",
        required=False,
        help_text="Above it, billing asks and an admin or the owner approves. Leave empty for no limit.",
    )
