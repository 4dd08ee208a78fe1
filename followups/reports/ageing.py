"""The queue as it stood on a past day: its filters and its columns. It is history, so nothing can be done in it."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property, partial
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest
from clinicpay.ui.cells import moment
from clinicpay.ui.export import Amount
from clinicpay.ui.filters import Chip, ListFilter, Menu
from clinicpay.ui.spans import AmountSpanFilter
from clinicpay.ui.tables import Empty, ListTable, column
from followups.filters.queue import AGES, found_by
from followups.queries import BUCKETS, Owed, bucket_of, choices, owed_on

AHEAD = "Nobody knows yet what will be owed then. Choose today or an earlier day."


class AgeingFilter(ListFilter):
    """The day, and what narrows the accounts of that day down."""

    on = django_filters.DateFilter(label="As of", widget=forms.DateInput, method="kept")
    q = django_filters.CharFilter(label="Account or patient", method="kept")
    age = django_filters.ChoiceFilter(label="Age", empty_label="Any age", choices=AGES, widget=Menu, method="kept")
    balance = AmountSpanFilter(label="Owed", method="kept")
    location = django_filters.ChoiceFilter(
        label="Location", empty_label="All locations", choices=(), widget=Menu, method="kept"
    )
    request: ClinicRequest

    class Meta:
        model = Account
        fields = ()

    @cached_property
    def form(self) -> forms.Form:
        """With the places of this clinic; the day is no later than today, and there is always one."""
        form = super().form
        _, places, largest = choices()
        form.fields["location"].choices = [(str(pk), name) for pk, name in places]
        form.fields["balance"].reach(self.request.member.clinic.currency, largest)
        form.fields["on"].validators = [partial(_not_ahead, self.today)]
        if not self._given("on"):
            form.data = form.data.copy()
            form.data["on"] = self.last_month.isoformat()
        return form

    @cached_property
    def today(self) -> date:
        """The clinic's present business date."""
        return clock.today(self.request.member.clinic)

    @property
    def last_month(self) -> date:
        """The last day of the month before this one: what is asked for most."""
        return self.today.replace(day=1) - timedelta(days=1)

    @property
    def day(self) -> date:
        """The day that is shown; the end of last month where the address names none that can be."""
        return self._clean("on") or self.last_month

    def rows(self) -> list[Owed]:
        """Who owed on that day, of all ages."""
        rows, span = owed_on(self.day, location=int(self._clean("location") or 0) or None), self._clean("balance")
        if span:
            rows = [row for row in rows if (span.start or 0) <= row.owes <= (span.stop or row.owes)]
        if text := self._clean("q"):
            found = set(found_by(Account.objects.all(), text).values_list("pk", flat=True))
            rows = [row for row in rows if row.pk in found]
        return rows

    def of_age(self, rows: list[Owed]) -> list[Owed]:
        """Those of the chosen bucket."""
        key, day = self._clean("age"), self.day
        return [row for row in rows if bucket_of((day - row.oldest_open).days).key == key] if key else rows

    def kept(self, rows: QuerySet[Account], _name: str, _value: Any) -> QuerySet[Account]:
        """Nothing here is a condition on rows of today."""
        return rows

    def _clean(self, name: str) -> Any:
        self.form.errors  # noqa: B018 - validates once
        return self.form.cleaned_data.get(name)

    def _chips_of(self, name: str) -> list[Chip]:
        """The day is what is looked at, and hides nothing."""
        return [] if name == "on" else super()._chips_of(name)

    @property
    def clear_url(self) -> str:
        """The same day without the other filters."""
        return f"{super().clear_url}&on={self.day.isoformat()}"


def _not_ahead(today: date, day: date) -> None:
    if day > today:
        raise ValidationError(AHEAD, code="ahead")


class AgeingTable(ListTable):
    """Accounts with what they owed, by age; the oldest first."""

    request: ClinicRequest
    day: date

    account = column("Account", order_by="name")
    owes = column("Owed", order_by="owes", css="text-end")
    days = column("Days", order_by="-oldest_open", css="text-end")
    oldest = column("Oldest invoice", order_by="oldest_open")
    first = column("0-30", order_by=None, css="text-end desk-only")
    second = column("31-60", order_by=None, css="text-end desk-only")
    third = column("61-90", order_by=None, css="text-end desk-only")
    fourth = column("90+", order_by=None, css="text-end desk-only")

    row_template = "followups/ageing_rows.html"
    noun = "accounts"
    two_lines = True
    prints_whole = True
    empty = Empty("Nobody owed anything", "No invoice was open at the end of that day.", icon="circle-check")

    class Meta:
        order_by = "-days"

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        """The rows as the template draws them; each leads to what the account owes now."""
        clinic = self.request.member.clinic
        return [
            {
                "url": address(clinic, "follow_up", number=row.number),
                "ref": shown(Account.KIND, row.number),
                "name": row.name,
                "owes": money.show(row.owes, clinic.currency),
                "days": (age := (self.day - row.oldest_open).days),
                "is_old": bucket_of(age) is BUCKETS[-1],
                "oldest": moment(row.oldest_open, None),
                "parts": [money.show(minor, clinic.currency) if minor else "" for minor in row.parts],
            }
            for row in self.shown.rows
        ]


EXPORTED = ("As of", "Account", "Name", "Owed", "Days", "Oldest invoice", *(bucket.key for bucket in BUCKETS))


def exported(rows: list[Owed], day: date, clinic: Clinic) -> Iterator[tuple[Any, ...]]:
    """The rows as cells of a file, each with the day that it tells of."""
    for row in rows:
        amounts = [Amount(money.plain(minor, clinic.currency)) for minor in (row.owes, *row.parts)]
        facts = (shown(Account.KIND, row.number), row.name)
        yield (day, *facts, amounts[0], (day - row.oldest_open).days, row.oldest_open, *amounts[1:])
