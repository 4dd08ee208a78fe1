"""Every field that chooses a row refuses the id of another clinic's row (A8)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import django_filters
import pytest
from django import forms
from django.test import RequestFactory

from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.checks import addresses
from payments.filters import PaymentFilter, TreatmentFilter, TreatmentMoneyFilter
from payments.forms import TakePaymentForm
from tests.worlds import World
from treatments.forms import TreatmentForm

OURS = {"clinicpay", "treatments", "balances", "payments", "deposits", "followups"}

pytestmark = pytest.mark.django_db


def _take_payment(world: World, data: dict) -> forms.Form:
    return TakePaymentForm(data, account=world.charge.account, charges=[], currency="USD")


def _treatment(world: World, data: dict) -> forms.Form:
    return TreatmentForm(data, member=world.home.rita, now=datetime(2026, 11, 20, 10, 0))


FORMS = {TakePaymentForm: _take_payment, TreatmentForm: _treatment}
"""How each form with such a field is made; a new one must be added."""

FILTERS = {PaymentFilter, TreatmentFilter, TreatmentMoneyFilter}

ROWS = {
    "location": lambda world: world.location,
    "practitioner": lambda world: world.home.practitioner,
}
"""A row that each such field may choose, by the field's name."""


def _complete(world: World) -> dict[str, Any]:
    return {
        "amount": "10.00",
        "method": "cash",
        "request_key": str(uuid4()),
        "tender-TOTAL_FORMS": "0",
        "tender-INITIAL_FORMS": "0",
        "service_date": "2026-11-20",
        "service_time": "10:00",
        "codes": [world.price.code],
        **{name: row(world).pk for name, row in ROWS.items()},
    }


def _classes(base: type) -> Iterator[type]:
    """Our own subclasses; whatever a page uses is known once the addresses are."""
    list(addresses())
    waiting = [base]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found.__module__.split(".")[0] in OURS:
            yield found


def _choosing(fields: dict) -> list[str]:
    kinds = (forms.ModelChoiceField, django_filters.ModelChoiceFilter, django_filters.ModelMultipleChoiceFilter)
    return [name for name, one in fields.items() if isinstance(one, kinds)]


def test_every_form_that_chooses_rows_is_tested():
    assert {one for one in _classes(forms.BaseForm) if _choosing(getattr(one, "base_fields", {}))} == set(FORMS)


def test_every_filter_that_chooses_rows_is_tested():
    assert {one for one in _classes(django_filters.FilterSet) if _choosing(one.base_filters)} == FILTERS


def test_every_choice_has_a_sample_row():
    fields = {name for form in FORMS for name in _choosing(form.base_fields)}
    fields |= {name for narrow in FILTERS for name in _choosing(narrow.base_filters)}

    assert fields == set(ROWS)


@pytest.mark.parametrize("form", FORMS)
def test_form_takes_rows_of_its_clinic(worlds, form):
    north, _ = worlds
    with clinic_scope(north.home.clinic):
        bound = FORMS[form](north, _complete(north))
        assert bound.is_valid(), bound.errors


@pytest.mark.parametrize(("form", "name"), [(form, name) for form in FORMS for name in _choosing(form.base_fields)])
def test_form_refuses_rows_of_another_clinic(worlds, form, name):
    north, south = worlds
    with clinic_scope(north.home.clinic):
        bound = FORMS[form](north, _complete(north) | {name: ROWS[name](south).pk})
        assert list(bound.errors) == [name]


def test_form_takes_no_charge_of_another_clinic(worlds):
    """Apply fields exist for the charges of the account alone; any other is not read."""
    north, south = worlds
    with clinic_scope(north.home.clinic):
        bound = FORMS[TakePaymentForm](north, _complete(north) | {f"apply-{south.charge.pk}": "5.00"})
        assert bound.is_valid()
        assert bound.order().parts == []


@pytest.mark.parametrize("narrow", FILTERS, ids=lambda one: one.__name__)
def test_filter_refuses_rows_of_another_clinic(worlds, narrow):
    north, south = worlds
    for name in _choosing(narrow.base_filters):
        with clinic_scope(north.home.clinic):
            rows = narrow._meta.model.objects.all()
            request = RequestFactory().get("/", {name: ROWS[name](south).pk})
            assert list(narrow.of(request, rows).form.errors) == [name]
            request = RequestFactory().get("/", {name: ROWS[name](north).pk})
            assert narrow.of(request, rows).form.is_valid()


@pytest.mark.parametrize("form", list(_classes(forms.BaseForm)), ids=lambda one: one.__name__)
def test_clinic_is_never_a_field(form):
    fields = set(getattr(form, "base_fields", {}))

    assert not fields & {"clinic", "clinic_id", "id", "number", "owes", "outstanding", "available"}
    assert getattr(getattr(form, "_meta", None), "exclude", None) is None
