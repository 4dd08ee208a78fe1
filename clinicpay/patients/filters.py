"""Filters of patient lists."""

import django_filters
from django.db.models import QuerySet

from clinicpay.patients.models import Patient
from clinicpay.patients.queries import narrowed
from clinicpay.ui.filters import ListFilter


class PatientFilter(ListFilter):
    """Search by the beginnings of names, or by a number such as PT-001."""

    q = django_filters.CharFilter(label="Name or patient ID", method="search_by")

    class Meta:
        model = Patient
        fields = ()

    def search_by(self, rows: QuerySet[Patient], _name: str, text: str) -> QuerySet[Patient]:
        """Narrow the list to what was typed."""
        return narrowed(rows, text)


class PatientMoneyFilter(PatientFilter):
    """For those who see money: also by what is owed."""

    owing = django_filters.ChoiceFilter(
        label="Balance",
        empty_label="Any balance",
        choices=[("owes", "Owes money"), ("clear", "Owes nothing")],
        method="by_owing",
    )

    def by_owing(self, rows: QuerySet[Patient], _name: str, value: str) -> QuerySet[Patient]:
        """Patients whose account owes something, or nothing."""
        return rows.filter(account__owes__gt=0) if value == "owes" else rows.filter(account__owes=0)
