"""What narrows the gaps down: patient or number, location."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from clinicpay.attention.groups import Group
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import narrowed
from clinicpay.ui.filters import ListFilter, Menu
from payments.models import Payment


class GapFilter(ListFilter):
    """The same fields for each group; the rows of a group say where theirs stand."""

    q = django_filters.CharFilter(label="Patient or number", method="search_by")
    location = django_filters.ChoiceFilter(
        label="Location", empty_label="All locations", choices=(), widget=Menu, method="by_location"
    )
    beside = ("show",)
    group: Group
    places: Callable[[], list[tuple[int, str]]]

    class Meta:
        model = Payment
        fields = ()

    @cached_property
    def varies(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override]  # read once, when it is needed
        """The locations of this clinic."""
        return tuple((str(pk), name) for pk, name in self.places())

    @cached_property
    def form(self) -> forms.Form:
        """With the locations of this clinic."""
        form = super().form
        form.fields["location"].choices = list(self.varies)
        return form

    def search_by(self, rows: QuerySet[Any], _name: str, text: str) -> QuerySet[Any]:
        """By the number of what is listed, or by the beginnings of the patient's names."""
        if (number := typed(self.group.of.KIND, text)) is not None:
            return rows.filter(**{f"{self.group.to}number": number})
        return rows.filter(**{f"{self.group.to}patient__in": narrowed(Patient.objects.all(), text).values("pk")})

    def by_location(self, rows: QuerySet[Any], _name: str, pk: str) -> QuerySet[Any]:
        """At one site."""
        return rows.filter(**{self.group.place: int(pk)})
