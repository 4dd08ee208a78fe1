"""What narrows the list of days down."""

import django_filters
from django.db.models import QuerySet

from clinicpay.clinics.models import Location
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.listing import DayRow
from clinicpay.ui.filters import DateSpan, ListFilter

STATES = [
    ("waits", "To be closed"),
    ("open", "Open"),
    ("reviewing", "Reviewing"),
    ("again", "Re-opened"),
    ("closed", "Closed"),
]


def locations(_request: object) -> QuerySet[Location]:
    """The clinic's locations, read when the filter is drawn."""
    return Location.objects.all()


class DayFilter(ListFilter):
    """Days by location, state and date. Days without a row of their own are listed too, so it narrows a list down."""

    location = django_filters.ModelChoiceFilter(label="Location", empty_label="All locations", queryset=locations)
    state = django_filters.ChoiceFilter(label="State", empty_label="Any state", choices=STATES)
    on = django_filters.DateFromToRangeFilter(label="Day", widget=DateSpan, field_name="day")

    class Meta:
        model = DailyClose
        fields = ()

    def narrowed(self, rows: list[DayRow]) -> list[DayRow]:
        """Of these days, those that the address asks for."""
        if not self.asks:
            return rows
        self.form.is_valid()
        given = self.form.cleaned_data
        place, state, span = given.get("location"), given.get("state"), given.get("on")
        first, last = (span.start, span.stop) if span else (None, None)
        return [
            one
            for one in rows
            if (not place or one.location_id == place.pk)
            and (not state or _is(one, state))
            and (not first or one.day >= first.date())
            and (not last or one.day <= last.date())
        ]


def _is(row: DayRow, state: str) -> bool:
    if state == "waits":
        return row.waits
    if state == "again":
        return row.version > 1
    return row.state == state
