"""What narrows the list of exports down."""

import django_filters
from django.db.models import QuerySet

from clinicpay.clinics.numbers import typed
from clinicpay.exports.models import Export
from clinicpay.exports.states import What
from clinicpay.ui.filters import DateSpan, ListFilter


class ExportFilter(ListFilter):
    """Exports by number, kind, and the business dates that they hold."""

    q = django_filters.CharFilter(label="Export", method="search_by")
    what = django_filters.ChoiceFilter(label="What", empty_label="Everything", choices=What.choices)
    on = django_filters.DateFromToRangeFilter(label="Business dates", widget=DateSpan, method="holding")

    class Meta:
        model = Export
        fields = ()

    def search_by(self, rows: QuerySet[Export], _name: str, text: str) -> QuerySet[Export]:
        """By number; anything else is no export's."""
        return rows.filter(number=typed(Export.KIND, text) or 0)

    def holding(self, rows: QuerySet[Export], _name: str, span: slice) -> QuerySet[Export]:
        """Exports with a day of the span."""
        rows = rows.filter(ends__gte=span.start.date()) if span.start else rows
        return rows.filter(starts__lte=span.stop.date()) if span.stop else rows
