"""Columns and filters of write-offs, and their rows as a file."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import django_filters
from django import forms
from django.db.models import Count, Q, QuerySet
from django.utils.functional import cached_property

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown, typed
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import accounts_found, narrowed
from clinicpay.staff.queries import names_of
from clinicpay.ui.export import Amount
from clinicpay.ui.filters import DateSpan, ListFilter, Menu
from clinicpay.ui.tables import Empty, ListTable, column
from clinicpay.ui.words import day_words
from followups.models import WriteOff
from followups.queries import followers
from followups.queries.write_offs import invoices_of
from followups.states import WriteOffCause, WriteOffStatus

EVERY = "all"
TABS = (
    (WriteOffStatus.REQUESTED.value, "Waiting"),
    (WriteOffStatus.APPROVED.value, "Approved"),
    (WriteOffStatus.REJECTED.value, "Declined"),
    (WriteOffStatus.REVERSED.value, "Reversed"),
    (EVERY, "All"),
)
"""What waits comes first; a search looks through all."""


class WriteOffFilter(ListFilter):
    """Search by number or account; status, reason, who asked, when."""

    q = django_filters.CharFilter(label="Write-off or account", method="search_by")
    status = django_filters.ChoiceFilter(
        label="Status", empty_label="Waiting", choices=TABS[1:], widget=Menu, method="by_status"
    )
    cause = django_filters.ChoiceFilter(
        label="Reason", empty_label="Any reason", choices=WriteOffCause.choices, widget=Menu
    )
    who = django_filters.ChoiceFilter(
        label="Asked by", empty_label="Asked by anybody", choices=(), widget=Menu, method="by_who"
    )
    asked = django_filters.DateFromToRangeFilter(label="Asked", widget=DateSpan, method="by_asked")
    more = ("status", "asked")

    class Meta:
        model = WriteOff
        fields = ()

    @cached_property
    def form(self) -> forms.Form:
        """With the people of this clinic."""
        form = super().form
        form.fields["who"].choices = [(str(one.user_id), str(one.user)) for one in followers()]
        return form

    @property
    def tab(self) -> str:
        """The status that is listed."""
        given = self.data.get("status", "")
        return given if given in dict(TABS) else EVERY if self.data.get("q") else TABS[0][0]

    @property
    def every(self) -> QuerySet[WriteOff]:
        """As narrowed down otherwise, over all statuses."""
        return super().qs

    @property
    def qs(self) -> QuerySet[WriteOff]:
        """Of the chosen status alone."""
        return self.every if self.tab == EVERY else self.every.filter(status=self.tab)

    def by_status(self, rows: QuerySet[WriteOff], _name: str, _value: str) -> QuerySet[WriteOff]:
        """See `qs`: the tabs count the others too."""
        return rows

    def search_by(self, rows: QuerySet[WriteOff], _name: str, text: str) -> QuerySet[WriteOff]:
        """By number (a bare one is a write-off's), or by the names of the account or of its patients."""
        if (number := typed(WriteOff.KIND, text)) is not None:
            return rows.filter(number=number)
        if (number := typed(Account.KIND, text)) is not None:
            return rows.filter(account__number=number)
        patients = narrowed(Patient.objects.all(), text).order_by().values("account")
        return rows.filter(Q(account__in=patients) | Q(account__in=accounts_found(text).order_by().values("pk")))

    def by_who(self, rows: QuerySet[WriteOff], _name: str, who: str) -> QuerySet[WriteOff]:
        """By who asked."""
        return rows.filter(requested_by_id=int(who))

    def by_asked(self, rows: QuerySet[WriteOff], _name: str, span: Any) -> QuerySet[WriteOff]:
        """By the clinic's business date of the request."""
        clinic = self.request.member.clinic
        if span and span.start:
            rows = rows.filter(requested_at__gte=clock.day_bounds(clinic, span.start.date())[0])
        return (
            rows.filter(requested_at__lt=clock.day_bounds(clinic, span.stop.date())[1]) if span and span.stop else rows
        )


def counted(rows: QuerySet[WriteOff]) -> dict[str, int]:
    """How many there are of each status, and of all."""
    found = dict(rows.order_by().values_list("status").annotate(count=Count("pk")))
    return found | {EVERY: sum(found.values())}


class WriteOffTable(ListTable):
    """Write-offs, the newest first."""

    number = column("Write-off", order_by="number", css="mono")
    account = column("Account", order_by="account__name")
    amount = column("Amount", order_by="amount", css="text-end")
    status = column("Status", order_by=None)
    cause = column("Reason", order_by=None)
    asked_by = column("Asked by", order_by=None, css="desk-only")
    requested = column("Asked", order_by="requested_at")
    decided_by = column("Decided by", order_by=None, css="wide-only")
    decided = column("Decided", order_by=None, css="wide-only")

    row_template = "followups/write_off_rows.html"
    noun = "write-offs"
    two_lines = True
    empty = Empty(
        "No write-off waits",
        "A write-off begins on the page of an account that owes, under Follow-ups. What is asked for waits here.",
        icon="scale",
    )

    class Meta:
        order_by = "-requested"

    @cached_property
    def drawn(self) -> list[WriteOff]:
        """The rows with the names of their people: one question for all."""
        return with_people(self.shown.rows)


def with_people(rows: Sequence[WriteOff]) -> list[Any]:
    """The same rows; each knows by name who asked, decided and reversed, and who gave the leave."""
    ids = {pk for row in rows for pk in (row.requested_by_id, row.decided_by_id, row.reversed_by_id)}
    names = names_of(ids | {row.delegation.made_by_id for row in rows if row.delegation})
    known: list[Any] = list(rows)
    for row in known:
        row.asked_by = names.get(row.requested_by_id, "ClinicPay")
        row.decided_by = names.get(row.decided_by_id, "ClinicPay") if row.decided_at else ""
        row.reversed_by = names.get(row.reversed_by_id, "ClinicPay") if row.reversed_at else ""
        row.leave_of = names.get(row.delegation.made_by_id, "ClinicPay") if row.delegation else ""
    return known


HEADER = (
    *("Write-off", "Account", "Name", "Amount", "Status", "Reason", "In words", "Invoices"),
    *("Asked by", "Asked", "Decided by", "Decided", "Under delegation", "Why declined"),
    *("Reversed by", "Reversed", "Why reversed"),
)


def exported(rows: Iterable[WriteOff], clinic: Clinic) -> Iterator[tuple[Any, ...]]:
    """The cells of each write-off in a file, in the order of HEADER."""
    known = with_people(list(rows))
    invoices, zone = invoices_of(known), clock.zone(clinic)
    for row in known:
        yield (
            *(row.ref, row.account.ref, row.account.name, Amount(money.plain(row.amount, clinic.currency))),
            *(row.get_status_display(), row.get_cause_display(), row.reason),
            ", ".join(shown("INV", number) for number in invoices.get(row.pk, [])),
            *(row.asked_by, row.requested_at.astimezone(zone), row.decided_by),
            row.decided_at.astimezone(zone) if row.decided_at else "",
            leave_words(row, clinic),
            row.decline_reason,
            row.reversed_by,
            row.reversed_at.astimezone(zone) if row.reversed_at else "",
            row.reversal_reason,
        )


def leave_words(row: Any, clinic: Clinic) -> str:
    """Under which delegation a write-off was approved, for a file and the report; nothing when by an owner."""
    if not row.delegation:
        return ""
    limit = money.show(row.delegation.limit, clinic.currency)
    return f"of {row.leave_of}, up to {limit}, until {day_words(row.delegation.last_day)}"
