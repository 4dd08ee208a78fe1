"""Forms of payment links and of who takes cards."""

from typing import Any

from django import forms
from django.conf import settings

from balances.requests import Once
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from payments.services.links import DAYS
from payments.states import GatewayName

BY_RATE = "As the bank’s or the gateway’s statement says, after its fees for the exchange."

TERMS = [(1, "1 day"), (3, "3 days"), (7, "7 days"), (14, "14 days"), (30, "30 days"), (90, "90 days")]


class LinkForm(ClinicForm):
    """How long a new link is good."""

    days = forms.TypedChoiceField(label="Good for", choices=TERMS, coerce=int, initial=DAYS)


class ReturnedForm(ClinicForm):
    """Money in another currency went back at the gateway."""

    reason = forms.CharField(
        label="Where you read it",
        max_length=500,
        error_messages={"required": "Say where you read it."},
        help_text="Such as the payout or the line of a statement. It is kept.",
    )
    request_key = RequestKeyField()

    def once(self, act: str, subject: int) -> Once:
        """The one-time key of this act on this subject."""
        asked = {name: value for name, value in self.cleaned_data.items() if name != "request_key"}
        return Once.of(self.cleaned_data["request_key"], act=act, subject=subject, **asked)


class CreditedForm(ReturnedForm):
    """What the bank credited of money in another currency."""

    amount = MoneyField(label="What the bank credited", help_text=BY_RATE)
    field_order = ("amount", "reason")


class GatewayForm(ClinicForm):
    """Who takes cards. Secrets are typed in and never shown again."""

    gateway = forms.TypedChoiceField(label="Cards are taken by", coerce=GatewayName)
    secret = forms.CharField(label="Secret key", max_length=255, required=False)
    webhook_secret = forms.CharField(label="Signing secret of the webhook", max_length=255, required=False)

    def __init__(self, *args: Any, has_secrets: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        offered = [one for one in GatewayName if one != GatewayName.SIMULATOR or settings.GATEWAY_SIMULATOR]
        self.fields["gateway"].choices = [(one.value, WORDS[one]) for one in offered]  # type: ignore[attr-defined]
        for name, begins in (("secret", "sk_… or rk_…"), ("webhook_secret", "whsec_…")):
            kept = "Kept. Leave empty to keep it." if has_secrets else f"Of Stripe: {begins}"
            self.fields[name].help_text = kept
            self.fields[name].widget = forms.PasswordInput(attrs={"autocomplete": "off", "class": "form-control"})


WORDS = {
    GatewayName.NONE: "Nobody: no payment links",
    GatewayName.SIMULATOR: "The simulator: no money moves",
    GatewayName.STRIPE: "Stripe",
}
