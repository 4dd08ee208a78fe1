"""Filters of payment and treatment lists."""

import django_filters
from django.db.models import Q, QuerySet

from balances.models import Charge
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import narrowed
from clinicpay.ui.filters import ListFilter
from payments.models import Payment
from payments.states import PaymentStatus
from treatments.models import TreatmentEvent
from treatments.states import EventState


def locations(_request: object) -> QuerySet[Location]:
    """The clinic's locations, read when the filter is drawn."""
    return Location.objects.all()


class PaymentFilter(ListFilter):
    """Search by payment number or patient (S1.28, S1.29); status and treatment location (S1.21, S1.22)."""

    q = django_filters.CharFilter(label="Payment ID or patient", method="search_by")
    status = django_filters.ChoiceFilter(label="Status", empty_label="Any status", choices=PaymentStatus.choices)
    location = django_filters.ModelChoiceFilter(
        label="Treatment location", empty_label="All locations", queryset=locations, field_name="event__location"
    )

    class Meta:
        model = Payment
        fields = ()

    def search_by(self, rows: QuerySet[Payment], _name: str, text: str) -> QuerySet[Payment]:
        """Narrow by number or by the beginnings of the patient's names."""
        number = typed(Payment.KIND, text)
        if number is not None:
            return rows.filter(number=number)
        return rows.filter(patient__in=narrowed(Patient.objects.all(), text).values("pk"))


class TreatmentFilter(ListFilter):
    """Search by treatment number or patient; clinical state, location."""

    q = django_filters.CharFilter(label="Treatment or patient", method="search_by")
    state = django_filters.ChoiceFilter(label="Clinical state", empty_label="Any state", choices=EventState.choices)
    location = django_filters.ModelChoiceFilter(label="Location", empty_label="All locations", queryset=locations)

    class Meta:
        model = TreatmentEvent
        fields = ()

    def search_by(self, rows: QuerySet[TreatmentEvent], _name: str, text: str) -> QuerySet[TreatmentEvent]:
        """Narrow by number or by the beginnings of the patient's names."""
        number = typed(TreatmentEvent.KIND, text)
        if number is not None:
            return rows.filter(number=number)
        return rows.filter(patient__in=narrowed(Patient.objects.all(), text).values("pk"))


class TreatmentMoneyFilter(TreatmentFilter):
    """For those who see money: also what is left to pay."""

    money = django_filters.ChoiceFilter(
        label="Balance",
        empty_label="Any balance",
        choices=[("open", "Something to pay"), ("settled", "Nothing to pay")],
        method="by_money",
    )

    def by_money(self, rows: QuerySet[TreatmentEvent], _name: str, value: str) -> QuerySet[TreatmentEvent]:
        """Events with something outstanding, or with none."""
        owing = Q(pk__in=Charge.objects.filter(outstanding__gt=0, event__isnull=False).values("event"))
        return rows.filter(owing if value == "open" else ~owing)
