"""The form that applies money in hand by hand (S3.20–S3.31, S3.40, S3.41)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.functional import cached_property

from balances.models import Charge, Credit
from balances.payable import origin, payable_among
from balances.requests import Once
from balances.seen import Seen
from clinicpay import money
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.roles import Can, who_may
from payments.forms.desk import ApplyForm, apply_name, named_in

STALE = "This form is out of date. Load the page again."


class SeenField(forms.CharField):
    """What the page showed when it was opened, as a hidden field has kept it."""

    widget = forms.HiddenInput

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={"required": STALE}, **options)

    def to_python(self, value: Any) -> Any:
        """As figures."""
        text = super().to_python(value)
        try:
            return Seen.parse(text) if text else ""
        except ValueError as error:
            raise forms.ValidationError(STALE) from error


@dataclass
class Line:
    """One charge as the page draws it: what is typed for it, and what of the payment it has had already."""

    charge: Charge
    name: str
    value: str
    staged: int
    errors: Sequence[str] = ()
    why_not: Sequence[str] = ()
    before: int = 0

    @property
    def origin(self) -> str:
        """What it comes from, in words."""
        return origin(self.charge)


@dataclass(frozen=True)
class Terms:
    """What holds for the money that is applied, and whether the person may use it for what it isn't held for.

    `failing` are the criteria that charges don't meet, `before` is what they have had of the payment, by their ids.
    """

    credit: Credit
    failing: Mapping[int, list[str]] = field(default_factory=dict)
    before: Mapping[int, int] = field(default_factory=dict)
    may_override: bool = False


class AllocateForm(ApplyForm):
    """Money in hand that is applied by hand, all or nothing, over the figures that were seen."""

    seen = SeenField()
    reason = forms.CharField(
        label="Reason for using it all the same",
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: Any, account: Account, terms: Terms, **options: Any) -> None:
        self.terms, self.blocked, self.changed = terms, False, list[str]()
        super().__init__(*args, account=account, **options)

    def _settled(self, account: Account, charges: Sequence[Charge]) -> Sequence[Charge]:
        """Charges that the form names, and that this money may pay, although they are not listed any more."""
        gone = named_in(self.data) - {charge.pk for charge in charges}
        found = payable_among(account, gone) if gone else []
        self.strange = bool(gone - {charge.pk for charge in found})
        return found

    def clean(self) -> dict[str, Any]:
        """Something is applied, no more than there is, to what this money is for, over figures that still hold."""
        cleaned = super().clean()
        if self.strange:
            raise forms.ValidationError("This form names a charge that this money can’t pay. Load the page again.")
        if "seen" not in cleaned:
            return cleaned
        self._check_seen(cleaned["seen"])
        self.refuse_over(self.terms.credit.available, "more is applied than is available. Lower what is applied.")
        if not self.errors and not self.parts():
            self.add_error(None, "Enter what to apply.")
        self.blocked = any(pk in self.terms.failing for pk in self.parts()) and not self.was_done
        if not self.errors and self.blocked:
            self._check_held(cleaned["reason"])
        return cleaned

    def _check_seen(self, seen: Seen) -> None:
        """The figures are read before the key: whoever finds them changed by this very form finds its key, too."""
        changed = seen.changes(self.currency)
        if (changed or seen.credit != self.terms.credit.pk) and self.was_done:
            return
        self.changed = changed
        if seen.credit != self.terms.credit.pk:
            self.add_error(None, STALE)
        if self.changed:
            self.add_error(
                None, "Changed since you opened this page. Nothing was saved; look at it again, then press OK."
            )

    def _check_held(self, reason: str) -> None:
        """What a pre-payment isn't held for needs a reason, and somebody who may (S3.19, A5)."""
        if not self.terms.may_override:
            raise forms.ValidationError(
                f"This money is held for something else. Only {who_may(Can.OVERRIDE_HOLD)} may use it otherwise."
            )
        if not reason:
            raise forms.ValidationError("This money is held for something else. To use it all the same, say why.")

    def refused(self, refusal: Refusal) -> None:
        """The act was refused after all."""
        self.add_error(None, str(refusal))

    @property
    def needs_reason(self) -> bool:
        """Whether a reason is asked for: something that doesn't match gets money, and the person may let it."""
        return self.terms.may_override and (self.blocked or bool(self.data.get("reason")))

    @property
    def rows(self) -> list[Line]:
        """The charges as the page draws them."""
        return [self._line(charge) for charge in self.charges]

    def _line(self, charge: Charge) -> Line:
        name = apply_name(charge)
        return Line(
            charge,
            name,
            self._typed(name),
            self._staged(name),
            [str(error) for error in self.errors.get(name, ())],
            self.terms.failing.get(charge.pk, ()),
            self.terms.before.get(charge.pk, 0),
        )

    def _typed(self, name: str) -> str:
        if self.is_bound:
            return str(self.data.get(name, ""))
        value = self.initial.get(name, "")
        return money.plain(value, self.currency) if isinstance(value, int) else str(value)

    def _staged(self, name: str) -> int:
        value = self._entered.get(name)
        return value if isinstance(value, int) else 0

    @cached_property
    def _entered(self) -> Mapping[str, Any]:
        """What is entered, as amounts; what is no amount is absent."""
        if not self.is_bound:
            return self.initial
        self.full_clean()
        return self.cleaned_data

    @property
    def staged(self) -> int:
        """All that is entered, in minor units."""
        return sum(self._staged(apply_name(charge)) for charge in self.charges)

    @property
    def left(self) -> int:
        """What stays of the money; below zero when more is entered than there is."""
        return self.terms.credit.available - self.staged

    def now_seen(self) -> Seen:
        """What the page shows now, for the hidden field."""
        names = {charge.pk: apply_name(charge) for charge in self.charges}
        untouched = not self.is_bound and not self.initial.get("kept")
        filled = {pk: self._staged(name) for pk, name in names.items()} if untouched else {}
        credit = self.terms.credit
        return Seen(credit.pk, credit.available, {one.pk: one.outstanding for one in self.charges}, filled)

    def once(self, credit_id: int) -> Once:
        """The form's one-time key with a digest of everything that it asks for."""
        asked = {"credit": credit_id, "parts": self.parts(), "reason": self.cleaned_data["reason"]}
        return Once.of(self.cleaned_data["request_key"], **asked)


def filled_top_down(charges: Sequence[Charge], available: int, besides: Mapping[int, Any]) -> dict[int, int]:
    """What each charge gets of the money from the top down, by id: the lower of what is left and what it owes (A1).

    Those `besides` get nothing: what has been entered for them stands, or the money isn't for them.
    """
    parts = {}
    for charge in charges:
        if charge.pk not in besides and (part := min(available, charge.outstanding)) > 0:
            parts[charge.pk] = part
            available -= part
    return parts


def refilled(charges: Sequence[Charge], terms: Terms, data: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Initial values for a list that follows other patients or another source (S3.40).

    Until somebody has changed an amount, it is filled in from the top down. After that what was entered stays, and
    what the list has gained gets what is left.
    """
    entered = {pk: str(data[f"apply-{pk}"]) for pk in named_in(data)}
    if _untouched(entered, str(data.get("seen", "")), currency):
        return {
            f"apply-{pk}": part for pk, part in filled_top_down(charges, terms.credit.available, terms.failing).items()
        }
    kept = {one.pk: _kept(entered[one.pk], currency) for one in charges if one.pk in entered}
    left = terms.credit.available - sum(value for value in kept.values() if isinstance(value, int))
    gained = filled_top_down(charges, left, {**kept, **terms.failing})
    return {f"apply-{pk}": value for pk, value in {**kept, **gained}.items()} | {"kept": True}


def _untouched(entered: Mapping[int, str], seen: str, currency: str) -> bool:
    try:
        filled = Seen.parse(seen).filled
    except ValueError:
        return not entered
    return all(_amount(text, currency) == filled.get(pk) for pk, text in entered.items())


def _kept(text: str, currency: str) -> int | str:
    """As an amount; what is none stays as it was typed, and nothing stays nothing."""
    return _amount(text, currency) or ("" if _amount(text, currency) == 0 else text)


def _amount(text: str, currency: str) -> int | None:
    try:
        return money.parse_zero_ok(text, currency)
    except money.AmountError:
        return None
