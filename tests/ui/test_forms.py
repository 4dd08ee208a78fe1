import uuid

import pytest
from django import forms
from django.template.loader import render_to_string

from clinicpay.ui.forms import STALE_KEY, ClinicForm, MoneyField, RequestKeyField


class PaymentForm(ClinicForm):
    request_key = RequestKeyField()
    amount = MoneyField(label="Amount", maximum=500_00)
    apply = MoneyField(label="Apply", zero_ok=True)
    due = forms.DateField(required=False, widget=forms.DateInput)


def filled(currency="USD", **data):
    return PaymentForm({"request_key": str(uuid.uuid4()), "amount": "1", **data}, currency=currency)


@pytest.mark.parametrize(
    ("typed", "minor"), [("120", 12000), (" 120.5 ", 12050), ("$1.05", 105), ("0.01", 1), ("500.00", 50000)]
)
def test_amount_is_read_in_minor_units(typed, minor):
    form = filled(amount=typed)

    assert form.is_valid()
    assert form.cleaned_data["amount"] == minor


@pytest.mark.parametrize("typed", ["0", "-1", "0.005", "1e3", "NaN", "12,50", "abc", "１２", "9" * 30])
def test_amount_that_is_not_one_is_refused_in_words(typed):
    form = filled(amount=typed)

    assert list(form.errors) == ["amount"]
    assert form.errors["amount"][0].startswith("Enter")


def test_amount_above_the_maximum_names_it():
    assert filled(amount="1,000").errors["amount"] == ["Enter at most $500.00."]


def test_amount_in_the_clinics_currency():
    form = filled(currency="JPY", amount="450")

    assert form.is_valid()
    assert form.cleaned_data["amount"] == 450
    assert 'data-digits="0"' in str(form["amount"])
    assert 'data-symbol="¥">' in str(form["amount"])


def test_amount_behind_a_code_says_so_because_it_needs_room():
    assert 'data-symbol="KWD" data-coded>' in str(filled(currency="KWD")["amount"])


def test_apply_may_be_empty_or_zero():
    for typed in ("", "0", "0.00"):
        form = filled(apply=typed)
        assert form.is_valid()
        assert form.cleaned_data["apply"] == 0


def test_initial_amount_is_shown_as_a_bare_decimal():
    assert 'value="75.00"' in str(PaymentForm(initial={"amount": 7500}, currency="USD")["amount"])


def test_typed_amount_comes_back_as_typed():
    assert 'value="12,50"' in str(filled(amount="12,50")["amount"])


def test_money_field_knows_whether_it_changed():
    field = MoneyField(currency="USD")

    assert not field.has_changed(7500, "75")
    assert field.has_changed(7500, "75.01")
    assert field.has_changed(7500, "x")


def test_request_key_is_minted_per_form_and_kept_on_errors():
    first, second = PaymentForm(), PaymentForm()
    assert first["request_key"].value() != second["request_key"].value()

    again = filled(amount="x")
    assert again.data["request_key"] in str(again["request_key"])


def test_request_key_that_is_missing_or_made_up_asks_to_load_again():
    assert filled(request_key="").errors["request_key"] == [STALE_KEY]
    assert filled(request_key="1").errors["request_key"] == [STALE_KEY]


def test_fields_are_described_by_their_errors():
    html = render_to_string("ui/form_fields.html", {"form": filled(amount="x")})

    assert "Enter an amount such as 120.50." in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_amount_error"' in html
    assert 'id="id_amount_error"' in html
    assert "<form" not in html
    assert 'type="date"' in html


class EveryKindForm(ClinicForm):
    reason = forms.CharField(label="Reason")
    cause = forms.ChoiceField(label="Reason", choices=[("a", "A")])
    where = forms.ChoiceField(label="Taken at", choices=[("a", "A")])
    several = forms.MultipleChoiceField(choices=[("a", "A")])
    sum = MoneyField()
    count = forms.IntegerField()
    day = forms.DateField()
    hour = forms.TimeField()
    to = forms.EmailField()
    paper = forms.FileField()
    agreed = forms.BooleanField()
    name = forms.CharField()
    seal = forms.CharField(widget=forms.HiddenInput)
    own = forms.CharField(error_messages={"required": "Say who."})


def test_empty_field_says_what_to_do():
    said = {name: errors[0] for name, errors in EveryKindForm({}, currency="USD").errors.items()}

    assert said == {
        "reason": "Say why.",
        "cause": "Choose a reason.",
        "where": "Choose one.",
        "several": "Choose at least one.",
        "sum": "Enter an amount.",
        "count": "Enter a number.",
        "day": "Enter a date.",
        "hour": "Enter a time.",
        "to": "Enter an email address.",
        "paper": "Choose a file.",
        "agreed": "Tick this to go on.",
        "name": "Fill this in.",
        "seal": STALE_KEY,
        "own": "Say who.",
    }


def test_required_field_carries_what_it_asks_for_when_empty():
    """The browser refuses an empty field before anything is sent; app.js then says this, not the browser's words."""
    drawn = str(Asking()["reason"])

    assert 'data-asked="Say why."' in drawn
    assert " required" in drawn
    assert "data-asked" not in str(Asking()["memo"])
    assert "data-asked" not in str(Asking()["request_key"])


class Asking(ClinicForm):
    reason = forms.CharField(label="Reason")
    memo = forms.CharField(label="Memo", required=False)
    request_key = RequestKeyField()
