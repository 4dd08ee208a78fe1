"""Fields and manners that all forms share: labels above, help under, errors in words."""

import uuid
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clinicpay import money


def coded(sign: str) -> str:
    """Marks an amount behind a code, such as "KWD", which needs more room than a sign."""
    return " data-coded" if sign[-1:].isalpha() else ""


class MoneyInput(forms.TextInput):
    """A right-aligned amount; `data-digits` and `data-symbol` let money.js write like the server."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        defaults = {
            "inputmode": "decimal",
            "autocomplete": "off",
            "class": "form-control money-input",
            "data-money": "",
        }
        super().__init__(defaults | (attrs or {}))

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The input behind the currency's sign."""
        sign = self.attrs.get("data-symbol", "")
        return format_html(
            '<span class="money-wrap" data-symbol="{}"{}>{}</span>',
            sign,
            coded(sign),
            super().render(name, value, attrs, renderer),
        )


class MoneyField(forms.Field):
    """An amount typed as "1,234.5" and cleaned to minor units of `currency`.

    The clinic's currency is known per request: `ClinicForm` fills it in. With `zero_ok` an
    empty or zero amount is 0, as in the Apply fields of an allocation.
    """

    widget = MoneyInput

    def __init__(
        self, *, currency: str = "", maximum: int | None = None, zero_ok: bool = False, **options: Any
    ) -> None:
        self.currency, self.maximum, self.zero_ok = currency, maximum, zero_ok
        options.setdefault("required", not zero_ok)
        super().__init__(**options)

    def to_python(self, value: Any) -> int | None:
        if value is None or not str(value).strip():
            return 0 if self.zero_ok else None
        try:
            return (money.parse_zero_ok if self.zero_ok else money.parse)(str(value), self.currency)
        except money.AmountError as error:
            raise ValidationError(str(error), code="amount") from error

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and self.maximum is not None and value > self.maximum:
            most = money.show(self.maximum, self.currency)
            raise ValidationError(f"Enter at most {most}.", code="maximum")

    def prepare_value(self, value: Any) -> Any:
        """Minor units as a bare decimal; what the user typed stays as it is."""
        return money.plain(value, self.currency) if isinstance(value, int) and self.currency else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        if not self.currency:
            return {}
        return {"data-digits": money.digits(self.currency), "data-symbol": money.symbol(self.currency)}

    def use_currency(self, currency: str) -> None:
        self.currency = currency
        widget: Any = self.widget  # an instance by now, whatever the class attribute says
        widget.attrs.update(self.widget_attrs(widget))


class RequestKeyField(forms.UUIDField):
    """The one-time key of a POST: minted with the form, sent back with it, kept on errors.

    A double click or a resent request carries the same key, and the ledger answers it once.
    """

    widget = forms.HiddenInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("initial", uuid.uuid4)
        options["error_messages"] = {"required": STALE_KEY, "invalid": STALE_KEY}
        super().__init__(**options)


STALE_KEY = "This form is out of date. Load the page again."


class ClinicForm(forms.Form):
    """A form of a clinic's page: its amounts are in the clinic's `currency`."""

    def __init__(self, *args: Any, currency: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        dress(self, currency)

    @property
    def helper(self) -> FormHelper:
        return form_helper()


class ClinicModelForm(forms.ModelForm):
    """`ClinicForm` over a model."""

    def __init__(self, *args: Any, currency: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        dress(self, currency)

    @property
    def helper(self) -> FormHelper:
        return form_helper()


def dress(form: forms.BaseForm, currency: str = "") -> None:
    """Give amounts their currency, dates the browser's own picker, a bare {{ field }} our look, an empty one words."""
    for field in form.fields.values():
        if isinstance(field, MoneyField) and currency:
            field.use_currency(currency)
        widget = field.widget
        _classed(widget)
        if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
            field.error_messages["required"] = _asked_for(field)
        if field.required and not widget.is_hidden:  # app.js says it where the browser would say it in its own words
            widget.attrs["data-asked"] = str(field.error_messages["required"])
        if isinstance(widget, forms.DateInput):
            widget.input_type = "date"
            widget.format = "%Y-%m-%d"


def _classed(widget: forms.Widget) -> None:
    if isinstance(widget, forms.CheckboxInput):
        widget.attrs.setdefault("class", "form-check-input")
    elif isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect):
        widget.attrs.setdefault("class", "form-select")
    elif isinstance(widget, forms.TextInput | forms.Textarea | forms.NumberInput | forms.DateInput):
        widget.attrs.setdefault("class", "form-control")


MISSING: tuple[tuple[type[forms.Field], str], ...] = (
    (forms.MultipleChoiceField, "Choose at least one."),
    (forms.ModelMultipleChoiceField, "Choose at least one."),
    (forms.ChoiceField, "Choose one."),
    (forms.ModelChoiceField, "Choose one."),
    (forms.FileField, "Choose a file."),
    (forms.BooleanField, "Tick this to go on."),
    (MoneyField, "Enter an amount."),
    (forms.IntegerField, "Enter a number."),
    (forms.DateField, "Enter a date."),
    (forms.TimeField, "Enter a time."),
    (forms.EmailField, "Enter an email address."),
)
"""What is said under an empty field that has no words of its own, by its kind; the first that fits."""


def _asked_for(field: forms.Field) -> str:
    """What to do about an empty field, rather than that it is required."""
    if field.widget.is_hidden:
        return STALE_KEY
    is_choice = isinstance(field, forms.ChoiceField | forms.ModelChoiceField)
    if field.label == "Reason":
        return "Choose a reason." if is_choice else "Say why."
    return next((words for kind, words in MISSING if isinstance(field, kind)), "Fill this in.")


def form_helper() -> FormHelper:
    """Fields only: the template writes the form tag, the CSRF token and the buttons."""
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    helper.error_text_inline = True
    helper.help_text_inline = False
    return helper
