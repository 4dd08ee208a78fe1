"""Forms of the daily close: HTTP to clean values."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from balances.requests import Once
from clinicpay import money
from clinicpay.close.changes import MOST as MOST_SHOWN
from clinicpay.close.denominations import denominations
from clinicpay.close.queries.findings import Finding
from clinicpay.close.queries.totals import Drawer, Tender
from clinicpay.close.services import Counted, Explained
from clinicpay.close.services.counts import MOST
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from payments.states import Method


class PiecesField(forms.Field):
    """How many of one note or coin: a whole number, nothing counts as none."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> int:
        text = str(value or "").strip()
        if not text:
            return 0
        if text.startswith("-") and text[1:].isdigit():
            raise ValidationError("Fewer than none can’t be counted.")
        if not (text.isascii() and text.isdigit()):
            raise ValidationError(f"“{text[:20]}” isn’t a whole number of pieces.")
        if len(text) > 9 or int(text) > MOST:
            raise ValidationError(f"At most {MOST:,} pieces.")
        return int(text)


class TotalField(MoneyField):
    """What a terminal says: an amount, perhaps below zero; nothing where nobody looked."""

    def to_python(self, value: Any) -> int | None:
        text = str(value if value is not None else "").strip()
        if text and not text.strip("-"):
            raise ValidationError(f"“{text[:20]}” isn’t an amount.")
        if not text.startswith("-"):
            return money.parse_zero_ok(text, self.currency) if self._is_amount(text) else None
        return -(super().to_python(text[1:]) or 0)

    def _is_amount(self, text: str) -> bool:
        if text:
            super().to_python(text) if text.strip("0.,") else None
        return bool(text)


class CountForm(ClinicForm):
    """The drawer of a day: its float, the pieces of each note and coin, what stays, what the terminals say."""

    opening = MoneyField(label="Opening float", zero_ok=True)
    opening_reason = forms.CharField(label="Why it began otherwise", max_length=240, required=False)
    kept = MoneyField(label="Stays in the drawer", zero_ok=True)
    seen = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    request_key = RequestKeyField()

    def __init__(self, *args: Any, drawer: Drawer, tenders: Iterable[Tender], currency: str, **options: Any) -> None:
        self.drawer, self.values, self.mark = drawer, denominations(currency), options.pop("mark", "")
        self.others = [one for one in tenders if one.method not in (Method.CASH, Method.OPENING)]
        options["initial"] = self._initial() | options.get("initial", {})
        super().__init__(*args, currency=currency, **options)
        for value in self.values:
            name = money.show(value, currency)
            pieces = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "form-control"})
            self.fields[f"n_{value}"] = PiecesField(label=name, required=False, widget=pieces)
        if not self.values:
            self.fields["total"] = MoneyField(label="Cash counted", zero_ok=True, currency=currency)
        for one in self.others:
            self.fields[f"t_{one.method}"] = TotalField(label=one.label, required=False, currency=currency)
        for field in self.fields.values():
            if isinstance(field, MoneyField):
                field.use_currency(currency)

    def _initial(self) -> dict[str, Any]:
        count, drawer = self.drawer.count, self.drawer
        kept = count.kept if count else drawer.before
        pieces = {f"n_{value}": pieces for value, pieces in drawer.pieces.items()}
        terminals = {f"t_{method}": said for method, said in drawer.terminals.items()}
        total = {} if self.values or not count else {"total": count.counted}
        why = count.opening_reason if count else ""
        shown = {"opening": drawer.opening, "opening_reason": why, "kept": kept, "seen": self.mark}
        return shown | pieces | terminals | total

    def clean(self) -> dict[str, Any]:
        """No more stays than was counted; a float that differs from the day before's has a reason.

        A page that is older than the newest count, or than the day's version, replaces nothing unseen.
        """
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("seen") and cleaned["seen"] != self.mark:
            self.add_error(None, self._counted_meanwhile())
            given: Any = self.data
            self.data = data = given.copy()
            data["seen"] = self.mark
        if not self.values and not str(self.data.get("total", "")).strip():
            self.add_error("total", "Type what was counted: 0 if nothing lies there.")
        if self.errors:
            return cleaned
        counted = self.counted()
        if counted.kept > counted.sum:
            self.add_error("kept", f"Only {money.show(counted.sum, self.currency)} was counted.")
        if counted.opening != self.drawer.before and not counted.opening_reason.strip():
            left = money.show(self.drawer.before, self.currency)
            self.add_error("opening_reason", f"The day before left {left}. Say why this one began otherwise.")
        return cleaned

    def _counted_meanwhile(self) -> str:
        count = self.drawer.count
        what = f"{money.show(count.counted, self.currency)} was counted" if count else "this day was opened again"
        return f"Meanwhile {what}. Nothing was saved. Look at your figures; if they are right, save them again."

    @property
    def currency(self) -> str:
        """The clinic's."""
        field: Any = self.fields["opening"]
        return str(field.currency)

    @property
    def pieces(self) -> list[tuple[int, Any]]:
        """(value, field) of each note and coin, the largest first."""
        return [(value, self[f"n_{value}"]) for value in self.values]

    @property
    def terminals(self) -> list[tuple[Tender, Any]]:
        """(tender, field) of each tender but cash that moved."""
        return [(one, self[f"t_{one.method}"]) for one in self.others]

    def counted(self) -> Counted:
        """What was counted, as the act takes it."""
        given = self.cleaned_data
        said = {one.method: given[f"t_{one.method}"] for one in self.others if given[f"t_{one.method}"] is not None}
        return Counted(
            opening=given["opening"],
            pieces={value: given[f"n_{value}"] for value in self.values if given[f"n_{value}"]},
            total=None if self.values else given["total"],
            kept=given["kept"],
            opening_reason=given["opening_reason"],
            terminals=said,
        )

    def once(self, close_id: int) -> Once:
        """The form's one-time key with everything that it says."""
        told = {name: value for name, value in self.cleaned_data.items() if name not in {"request_key", "seen"}}
        return Once.of(self.cleaned_data["request_key"], act="count", close=close_id, told=told)


class CloseForm(ClinicForm):
    """Close what was shown: a reason for each finding that needs one, or one for all of them."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    shown = forms.CharField(max_length=MOST_SHOWN, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, found: Iterable[Finding], **options: Any) -> None:
        super().__init__(*args, **options)
        self.found = [one for one in found if not one.blocks]
        area = partial(forms.Textarea, attrs={"rows": 2, "class": "form-control"})
        for one in self.found:
            label = f"{one.check}: {one.words[0].upper()}{one.words[1:]}"
            self.fields[f"why_{one.key}"] = forms.CharField(label=label, max_length=500, required=False, widget=area())
        if len(self.found) > 1:
            label = "Reason for all that have none of their own"
            self.fields["reason"] = forms.CharField(label=label, max_length=500, required=False, widget=area())

    def clean(self) -> dict[str, Any]:
        """Whatever was found has a reason."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("reason", "").strip():
            for one in self.found:
                if not cleaned.get(f"why_{one.key}", "").strip():
                    self.add_error(f"why_{one.key}", "Say why the day is closed over this.")
        return cleaned

    @property
    def reason(self) -> str:
        """The one for all others."""
        return str(self.cleaned_data.get("reason", ""))

    def explained(self) -> Explained:
        """The reasons, and what was seen."""
        given = self.cleaned_data
        return Explained({one.key: given.get(f"why_{one.key}", "") for one in self.found}, given["seen"])


HOURS = [(hour, f"{hour:02d}:00" if hour else "Midnight (00:00)") for hour in range(24)]


class DayStartForm(ClinicForm):
    """At which hour of the clinic's own clock a business day begins."""

    hour = forms.TypedChoiceField(label="A business day begins at", choices=HOURS, coerce=int)
