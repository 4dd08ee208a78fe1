"""Forms that take and apply money: what was typed becomes an order, or words under a field."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.forms import formset_factory

from balances.forms import OnceForm
from balances.models import Charge
from balances.queries import billed_charges
from balances.requests import Once
from clinicpay import money
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import payers_of
from clinicpay.ui.forms import ClinicForm, MoneyField, dress
from payments.forms.late import LateDay
from payments.forms.twins import TwinCheck
from payments.services import Order, Tender
from payments.states import TENDERS, Method


class TenderForm(forms.Form):
    """One further way in which part of the amount is paid."""

    method = forms.ChoiceField(choices=TENDERS, label="Also paid by")
    amount = MoneyField(label="Amount")

    def __init__(self, *args: Any, currency: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        dress(self, currency or "USD")
        self.fields["amount"].widget.attrs |= {"data-tender": "", "class": "form-control money-input"}
        self.fields["method"].widget.attrs["class"] = "form-select"


TenderForms = formset_factory(TenderForm, extra=0, max_num=9, validate_max=True)


class ApplyForm(OnceForm, ClinicForm):
    """What goes to which of an account's charges: an Apply field for each.

    A charge that the form was sent for stays on it when it was paid in the meantime, so that money meant
    for it is refused in words. A form that was done already is only read, for its key to be answered.
    """

    def __init__(self, *args: Any, account: Account, charges: Sequence[Charge], currency: str, **options: Any) -> None:
        super().__init__(*args, currency=currency, **options)
        self.charges, self.currency = [*charges, *self._settled(account, charges)], currency
        for charge in self.charges:
            self.fields[apply_name(charge)] = self._apply_field(charge)

    def _settled(self, account: Account, charges: Sequence[Charge]) -> Sequence[Charge]:
        """Charges that the form names although nothing is owed on them any more."""
        gone = named_in(self.data) - {charge.pk for charge in charges}
        return list(billed_charges(account, gone)) if gone else []

    def _apply_field(self, charge: Charge) -> MoneyField:
        field: Any = MoneyField(label=f"Apply to {charge}", zero_ok=True, currency=self.currency)
        field.widget.attrs |= field.widget_attrs(field.widget)
        field.widget.attrs |= {"data-apply": "", "data-max": charge.outstanding, "class": "form-control money-input"}
        applied: MoneyField = field
        return applied

    @property
    def lines(self) -> list[tuple[Charge, forms.BoundField]]:
        """Each charge with its Apply field."""
        return [(charge, self[apply_name(charge)]) for charge in self.charges]

    def clean(self) -> dict[str, Any]:
        """No charge gets more than is owed on it."""
        cleaned = super().clean() or self.cleaned_data
        over = [one for one in self.charges if (cleaned.get(apply_name(one)) or 0) > one.outstanding]
        for charge in over if over and not self.was_done else ():
            self.add_error(apply_name(charge), self._most(charge))
        return cleaned

    def _most(self, charge: Charge) -> str:
        if not charge.outstanding:
            why = "Its invoice is void now" if charge.voided else "This was paid in the meantime"
            return f"{why}. Nothing is left to pay."
        return f"Enter at most {money.show(charge.outstanding, self.currency)}."

    def refuse_over(self, money_at_hand: int, words: str) -> None:
        """An error on the form when more is applied than there is; `words` follow the amount."""
        over = sum(self.parts().values()) - money_at_hand
        if over > 0 and not self.was_done:
            self.add_error(None, f"{money.show(over, self.currency)} {words}")

    def chosen(self) -> list[tuple[Charge, int]]:
        """The charges that get something, with their amounts."""
        parts = self.parts()
        return [(charge, parts[charge.pk]) for charge in self.charges if charge.pk in parts]

    def parts(self) -> dict[int, int]:
        """What is applied, in minor units by the charge's id."""
        parts = {charge.pk: self.cleaned_data.get(apply_name(charge)) or 0 for charge in self.charges}
        return {charge: part for charge, part in parts.items() if part}


class TakePaymentForm(LateDay, TwinCheck, ApplyForm):
    """Money at the desk: amount, tenders, and what it pays. Whatever is not applied stays unapplied."""

    amount = MoneyField(label="Amount")
    method = forms.ChoiceField(choices=TENDERS, label="Paid by")
    location = forms.ModelChoiceField(Location.objects.none(), label="Taken at", empty_label=None)
    payer = forms.ChoiceField(
        label="Whose money",
        required=False,
        help_text="Who pays, where it is not the account. The account gets it.",
        error_messages={"invalid_choice": "This payer is not on the patient’s list any more. Say whose money it is."},
    )
    memo = forms.CharField(label="Memo", required=False, max_length=240)

    def __init__(
        self,
        *args: Any,
        currency: str,
        patient: Patient | None = None,
        closes: bool | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, currency=currency, **options)
        self.account, self.patient = options["account"], patient
        self.ask_for_day(closes=closes)
        fields: dict[str, Any] = self.fields
        asked = patient if "payer" in self.data or not self.is_bound else None  # who has none is not asked for one
        self.payers = {one.ref: one for one in payers_of(asked)} if asked else {}
        if self.payers or self.data.get("payer"):  # one that was named is refused, rather than forgotten
            named = ((ref, f"{one} ({one.get_kind_display()})") for ref, one in self.payers.items())
            fields["payer"].choices = [("", str(self.account)), *named]
        else:
            del self.fields["payer"]
        fields["location"].queryset = Location.objects.filter(active=True)
        self.fields["amount"].widget.attrs |= {"data-amount": "", "autofocus": ""}
        self.tenders = TenderForms(
            self.data or None,
            prefix="tender",
            form_kwargs={"currency": currency},
            error_messages={"too_many_forms": "Split over at most %(num)d further tenders."},
        )

    def clean(self) -> dict[str, Any]:
        """The further tenders leave something for the first; what is applied is at most what is paid."""
        cleaned = super().clean()
        if not self.tenders.is_valid():
            raise forms.ValidationError(
                " ".join(map(str, self.tenders.non_form_errors())) or "Check the further tenders."
            )
        amount = cleaned.get("amount")
        if amount is None:
            return cleaned
        if self._others() >= amount:
            self.add_error("amount", "The further tenders add up to the whole amount or more; lower them.")
        self.refuse_over(amount, "more is applied than is paid. Lower what is applied, or raise the amount.")
        self.check_day()
        if not self.errors:
            self.warn_of_twins(self.account, self.patient, amount, since=self.late_day)
        return cleaned

    def _others(self) -> int:
        return sum(tender["amount"] for tender in self.tenders.cleaned_data if tender)

    def order(self, **context: Any) -> Order:
        """What the form asks for; `context` are the other fields of Order."""
        first = Tender(Method(self.cleaned_data["method"]), self.cleaned_data["amount"] - self._others())
        others = [Tender(Method(tender["method"]), tender["amount"]) for tender in self.tenders.cleaned_data if tender]
        return Order(
            location=self.cleaned_data["location"],
            tenders=[first, *others],
            parts=list(self.parts().items()),
            payer=self.payers.get(self.cleaned_data.get("payer", "")),
            charges=self.charges,
            memo=self.cleaned_data["memo"],
            day=self.late_day,
            late_reason=self.late_reason,
            **context,
        )

    def once(self, account_id: int) -> Once:
        """The form's one-time key with a digest of everything that it asks for."""
        order = self.order()
        late = {"day": order.day, "late_reason": order.late_reason} if order.day else {}
        return Once.of(
            self.cleaned_data["request_key"],
            account=account_id,
            location=order.location.pk,
            tenders=order.tenders,
            parts=order.parts,
            payer=order.payer.pk if order.payer else None,
            memo=order.memo,
            **late,
        )


_APPLY = re.compile(r"apply-([0-9]{1,18})")


def apply_name(charge: Charge) -> str:
    """The name of a charge's Apply field."""
    return f"apply-{charge.pk}"


def named_in(data: Mapping[str, Any]) -> set[int]:
    """Ids of the charges that a form was sent for."""
    return {int(found[1]) for name in data if (found := _APPLY.fullmatch(name))}


def filled_in(suggested: Iterable[tuple[Charge, int]]) -> dict[str, int]:
    """Initial values of the Apply fields: what is suggested for each charge."""
    return {apply_name(charge): part for charge, part in suggested if part}
