"""What narrows the lists of deposits down."""

import django_filters
from django.db.models import Q, QuerySet

from balances.models import Credit
from balances.states import CreditKind
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import accounts_found, narrowed
from clinicpay.ui.filters import DateSpan, ListFilter
from deposits.models import BankSlip
from deposits.queries.glance import BUCKETS, KINDS, of_age, of_kind
from deposits.states import NUMBERED
from payments.models import Payment
from payments.states import Method


def locations(_request: object) -> QuerySet[Location]:
    """The clinic's locations, read when the filter is drawn."""
    return Location.objects.all()


class SlipFilter(ListFilter):
    """Bank slips by number, location, state and the day on which they were printed."""

    q = django_filters.CharFilter(label="Bank slip", method="search_by")
    location = django_filters.ModelChoiceFilter(label="Location", empty_label="All locations", queryset=locations)
    state = django_filters.ChoiceFilter(
        label="State", empty_label="Any state", choices=[(one.value, one.label) for one in NUMBERED]
    )
    on = django_filters.DateFromToRangeFilter(label="Printed", widget=DateSpan, field_name="day")

    class Meta:
        model = BankSlip
        fields = ()

    def search_by(self, rows: QuerySet[BankSlip], _name: str, text: str) -> QuerySet[BankSlip]:
        """By number; anything else is no slip's."""
        return rows.filter(number=typed(BankSlip.KIND, text) or 0)


class GlanceFilter(ListFilter):
    """Money in hand by payment or patient, age, location and method. Its kind is chosen by a tab."""

    q = django_filters.CharFilter(label="Payment or patient", method="search_by")
    age = django_filters.ChoiceFilter(
        label="Age", empty_label="Any age", choices=[(str(one), BUCKETS[one]) for one in BUCKETS], method="by_age"
    )
    location = django_filters.ModelChoiceFilter(label="Location", empty_label="All locations", queryset=locations)
    method = django_filters.ChoiceFilter(
        label="Method", empty_label="Any method", choices=Method.choices, field_name="payment__method"
    )

    class Meta:
        model = Credit
        fields = ()

    @property
    def kind(self) -> str:
        """The tab that the address asks for."""
        asked = str(self.data.get("kind", ""))
        return asked if asked in KINDS else CreditKind.DEPOSIT.value

    @property
    def qs(self) -> QuerySet[Credit]:
        """Rows of the tab, narrowed down."""
        return of_kind(super().qs, self.kind)

    def search_by(self, rows: QuerySet[Credit], _name: str, text: str) -> QuerySet[Credit]:
        """By the payment's number, or by the beginnings of the patient's or the account's names."""
        if (number := typed(Payment.KIND, text)) is not None:
            return rows.filter(payment__number=number)
        whose = Q(payment__patient__in=narrowed(Patient.objects.all(), text).values("pk"))
        return rows.filter(whose | Q(payment__patient=None, account__in=accounts_found(text).values("pk")))

    def by_age(self, rows: QuerySet[Credit], _name: str, value: str) -> QuerySet[Credit]:
        """Rows of one bucket."""
        return of_age(rows, int(value), clock.today(self.request.member.clinic))
