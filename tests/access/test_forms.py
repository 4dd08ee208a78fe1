"""Every field that chooses a row refuses the id of another clinic's row (A8)."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import django_filters
import pytest
from django import forms
from django.test import RequestFactory

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.filters import DayFilter
from clinicpay.exports.forms import SpanForm as ExportSpanForm
from clinicpay.staff.checks import addresses
from clinicpay.staff.forms import TreatsAsForm
from deposits.filters import GlanceFilter, SlipFilter
from deposits.forms.reconcile import RetrieveForm
from deposits.forms.slips import SlipForm, SpanForm
from followups.forms.contacts import PromisePaymentForm
from payments.filters import TreatmentFilter, TreatmentMoneyFilter
from payments.forms import CollectForm, TakePaymentForm
from payments.forms.create import CreateForm
from payments.forms.holds import ChangeHoldForm, CriteriaForm, HoldForm
from payments.forms.office import OfficeChargeForm
from payments.forms.packages import PackageForm, PlaceForm, StagedForm, VisitForm
from payments.queries.estimates import Wanted
from payments.services import Use
from tests.worlds import World
from treatments.forms import TreatmentForm

OURS = {"clinicpay", "treatments", "balances", "payments", "deposits", "followups"}

pytestmark = pytest.mark.django_db


def _take_payment(world: World, data: dict) -> forms.Form:
    return TakePaymentForm(data, account=world.charge.account, charges=[], currency="USD")


def _pay_promise(world: World, data: dict) -> forms.Form:
    return PromisePaymentForm(data | {"seen": "open"}, account=world.charge.account, charges=[], currency="USD")


def _treatment(world: World, data: dict) -> forms.Form:
    return TreatmentForm(data, member=world.home.rita, now=datetime(2026, 11, 20, 10, 0))


def _collect(world: World, data: dict) -> forms.Form:
    return CollectForm(data | {"to": "paid"}, payment=world.asked, use=Use())


def _create_payment(world: World, data: dict) -> forms.Form:
    return CreateForm(data, wanted=Wanted(world.patient), currency="USD")


def _office_charge(world: World, data: dict) -> forms.Form:
    return OfficeChargeForm(data | {"description": "Copies of records"}, account=world.account, currency="USD")


def _span(world: World, data: dict) -> forms.Form:
    today = clock.today(world.home.clinic)
    return SpanForm(data | {"first": str(today), "last": str(today)}, today=today)


def _slip(world: World, data: dict) -> forms.Form:
    today = clock.today(world.home.clinic)
    return SlipForm(data | {"first": str(today), "last": str(today), "line": ["PAY-001"]}, today=today, currency="USD")


def _criteria(kind: type[CriteriaForm], **more: Any) -> Callable[[World, dict], forms.Form]:
    def make(world: World, data: dict) -> forms.Form:
        chosen = data | {"anyway": "on", "reason": "Wrong one", "procedure": ""}
        return kind(chosen, account=world.account, currency="USD", own=("", ""), **more)

    return make


def _export_span(world: World, data: dict) -> forms.Form:
    today = clock.today(world.home.clinic)
    return ExportSpanForm(data | {"what": "journal", "first": str(today), "last": str(today)}, today=today)


AGREED = {
    "name": "Cleanings",
    "title": "Cleaning",
    "price": "100.00",
    "visits": "4",
    "first_date": "2026-11-20",
    "on": "2026-11-20",
    "every": "3",
    "unit": "months",
    "time": "10:00",
    "stage-TOTAL_FORMS": "1",
    "stage-INITIAL_FORMS": "0",
    "stage-0-title": "Preparation",
    "stage-0-on": "2026-11-20",
    "stage-0-price": "100.00",
}
"""What the forms of packages and staged treatments are filled in with."""


def _agreed(kind: type[PlaceForm], **more: Any) -> Callable[[World, dict], forms.Form]:
    return lambda world, data: kind(data | AGREED, member=world.home.rita, **more)


FORMS = {
    PlaceForm: _agreed(PlaceForm),
    PackageForm: _agreed(PackageForm),
    StagedForm: _agreed(StagedForm),
    VisitForm: _agreed(VisitForm, staged=True),
    TreatsAsForm: lambda _world, data: TreatsAsForm(data),
    CriteriaForm: _criteria(CriteriaForm),
    HoldForm: _criteria(HoldForm, available=5000),
    ChangeHoldForm: _criteria(ChangeHoldForm),
    TakePaymentForm: _take_payment,
    PromisePaymentForm: _pay_promise,
    CollectForm: _collect,
    TreatmentForm: _treatment,
    CreateForm: _create_payment,
    OfficeChargeForm: _office_charge,
    RetrieveForm: lambda _world, data: RetrieveForm(data),
    SpanForm: _span,
    SlipForm: _slip,
    ExportSpanForm: _export_span,
}
"""How each form with such a field is made; a new one must be added."""

FILTERS = [TreatmentFilter, TreatmentMoneyFilter, SlipFilter, GlanceFilter, DayFilter]

ROWS = {
    "location": lambda world: world.location,
    "patient": lambda world: world.patient,
    "treatment": lambda world: world.planned,
    "package": lambda world: world.newest_package(),
    "practitioner": lambda world: world.home.practitioner,
}
"""A row that each such field may choose, by the field's name."""


def _sent(row: Any) -> Any:
    """What a form sends for a row: its public number where it has one."""
    return getattr(row, "ref", row.pk)


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
        **{name: _sent(row(world)) for name, row in ROWS.items()},
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
    assert {one for one in _classes(django_filters.FilterSet) if _choosing(one.base_filters)} == set(FILTERS)


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
        bound = FORMS[form](north, _complete(north) | {name: _sent(ROWS[name](south))})
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
