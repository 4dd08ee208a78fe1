"""Filters of payment and treatment lists."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property

from balances.held import Held
from balances.matching import WORDS
from balances.models import Charge, Credit
from balances.states import MatchState
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import typed
from clinicpay.clinics.queries import location_names
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import (
    accounts_found,
    all_called,
    both_called,
    called,
    called_on_the_way,
    is_name,
    narrowed,
    others_called,
)
from clinicpay.patients.search import words
from clinicpay.ui.filters import CheckMenu, Chip, DateSpan, ListFilter, Menu
from clinicpay.ui.paging import Shortcut
from payments.models import Payment, Refund
from payments.queries.transactions import FREE, to_allocate
from payments.queries.transactions import called as accounts_called
from payments.states import OVERDUE, REFUND_OPEN, PaymentStatus, RefundKind, RefundStatus
from treatments.models import TreatmentEvent
from treatments.states import EventState

DUE = [("today", "Due today"), ("week", "Due this week"), ("overdue", "Overdue"), ("range", "Due between …")]
"""A week begins on Monday. Overdue is what is not collected and was due before today (G4)."""

FEW = 200
"""Patients up to which their payments are looked up by each; those of more are met while the list is walked."""

SAMPLE = 1000
"""Words of patients whose payments are counted first: with a few each there are more than anybody counts."""

BY_NAME = frozenset({"name_key"})
"""The order in which the payments of one name stand together."""


def locations(_request: object) -> QuerySet[Location]:
    """The clinic's locations, read when the filter is drawn."""
    return Location.objects.all()


class PaymentFilter(ListFilter):
    """What narrows the payments list down: number or patient (S1.28, S1.29), status, treatment location, dates."""

    q = django_filters.CharFilter(label="Payment ID or patient", method="search_by")
    status = django_filters.MultipleChoiceFilter(
        label="Status", choices=PaymentStatus.choices, widget=CheckMenu, method="by_status"
    )
    location = django_filters.ChoiceFilter(
        label="Treatment location", empty_label="All locations", choices=(), widget=Menu, field_name="event__location"
    )
    due = django_filters.ChoiceFilter(
        label="Due", empty_label="Any due date", choices=DUE, widget=Menu, method="by_due"
    )
    due_on = django_filters.DateFromToRangeFilter(label="Due", widget=DateSpan, method="by_due_on")
    created = django_filters.DateFromToRangeFilter(label="Created", widget=DateSpan, field_name="created_at")
    more = ("created",)
    _shortcut: Shortcut | None = None

    class Meta:
        model = Payment
        fields = ()

    @cached_property
    def varies(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override]  # read once, when it is needed
        """The locations of this clinic."""
        return tuple((str(pk), name) for pk, name in location_names())

    @cached_property
    def form(self) -> forms.Form:
        """With the locations of this clinic."""
        form = super().form
        form.fields["location"].choices = list(self.varies)
        return form

    def search_by(self, rows: QuerySet[Payment], _name: str, text: str) -> QuerySet[Payment]:
        """Narrow by number; by patient only once the other filters have narrowed, in `filter_queryset`."""
        number = typed(Payment.KIND, text)
        return rows if number is None else rows.filter(number=number)

    def filter_queryset(self, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        """With the beginnings of the patient's names last, so that `shortcut` has what else was asked."""
        rows: QuerySet[Payment] = super().filter_queryset(queryset)
        text = self.form.cleaned_data.get("q")
        return self._of_patients(rows, text) if text and typed(Payment.KIND, text) is None else rows

    def _of_patients(self, rows: QuerySet[Payment], text: str) -> QuerySet[Payment]:
        """Of the patients that are called so; where none is named, of the account that stands in the column instead."""
        if not is_name(text):
            found = rows.filter(patient__in=narrowed(Patient.objects.all(), text).values("pk"))
            return _or(rows, found, _beside(others_called(text)))
        few, accounts = both_called(text, FEW + 1)
        theirs = _beside(accounts)
        if len(few) <= FEW:
            return rows.filter(Q(patient__in=few) | theirs if theirs else Q(patient__in=few))
        beginnings = words(text)
        sample = rows.filter(patient__in=all_called(beginnings)[:SAMPLE])
        self._shortcut = Shortcut(called_on_the_way(rows, beginnings, "patient", theirs), sample, BY_NAME)
        return _or(rows, called(rows, beginnings, "patient"), theirs)

    @property
    def shortcut(self) -> Shortcut | None:
        """The other ways to `qs`, where a name that very many have is searched for."""
        return self._shortcut if self.qs is not None else None

    def by_status(self, rows: QuerySet[Payment], _name: str, chosen: list[str]) -> QuerySet[Payment]:
        """Payments in any of the statuses (S1.21)."""
        return rows.filter(status__in=chosen) if chosen else rows

    def by_due(self, rows: QuerySet[Payment], _name: str, value: str) -> QuerySet[Payment]:
        """Payments by when they are due, on the clinic's own day."""
        today = clock.today(self.request.member.clinic)
        monday = today - timedelta(days=today.weekday())
        if value == "overdue":
            return rows.filter(status__in=OVERDUE, due_first__lt=today)
        spans = {"today": (today, today), "week": (monday, monday + timedelta(days=6))}
        return rows.filter(_between(*spans[value])) if value in spans else rows

    def by_due_on(self, rows: QuerySet[Payment], _name: str, span: Any) -> QuerySet[Payment]:
        """Payments due between two days, of which one may be missing; only while the menu says so."""
        if self.form.cleaned_data.get("due") != "range" or span is None:
            return rows
        return rows.filter(_between(*(end.date() if end else None for end in (span.start, span.stop))))

    def _chips_of(self, name: str) -> list[Chip]:
        is_range = self.data.get("due") == "range"
        return [] if (name == "due" and is_range) or (name == "due_on" and not is_range) else super()._chips_of(name)


def _beside(accounts: list[int]) -> Q:
    """Payments that name no patient, of these accounts; Q() where there is none."""
    return Q(patient=None, account__in=accounts) if accounts else Q()


def _or(rows: QuerySet[Payment], found: QuerySet[Payment], beside: Q) -> QuerySet[Payment]:
    """Those found and those beside them, each by its own index: an "or" between the two would have neither."""
    if not beside:
        return found
    return rows.filter(pk__in=found.order_by().values("pk").union(rows.filter(beside).order_by().values("pk")))


def _between(first: date | None, last: date | None) -> Q:
    """Due from the first to the last day; what has no due date is in no such span."""
    if first is None:
        return Q(due_first__lte=last)
    return Q(due_first__gte=first, due_first__lte=last) if last else Q(due_last__gte=first)


class RefundFilter(ListFilter):
    """Search by the number of a refund or a payment, or by patient; status, what kind, and what waits."""

    q = django_filters.CharFilter(label="Refund, payment or patient", method="search_by")
    status = django_filters.ChoiceFilter(
        label="Status",
        empty_label="Any status",
        choices=[("waiting", "Waiting"), *RefundStatus.choices, ("reversed", "Reversed")],
        method="by_status",
    )
    kind = django_filters.ChoiceFilter(label="Kind", empty_label="Any kind", choices=RefundKind.choices)

    class Meta:
        model = Refund
        fields = ()

    def search_by(self, rows: QuerySet[Refund], _name: str, text: str) -> QuerySet[Refund]:
        """Narrow by number (a bare one is a refund's) or by the beginnings of the patient's or the account's names."""
        if (number := typed(Refund.KIND, text)) is not None:
            return rows.filter(number=number)
        if (number := typed(Payment.KIND, text)) is not None:
            return rows.filter(payment__number=number)
        whose = Q(payment__patient__in=narrowed(Patient.objects.all(), text).values("pk"))
        if accounts := others_called(text):
            whose |= Q(payment__patient=None, payment__account__in=accounts)
        return rows.filter(whose)

    def by_status(self, rows: QuerySet[Refund], _name: str, value: str) -> QuerySet[Refund]:
        """A reversed one is no more what it was."""
        if value == "reversed":
            return rows.filter(reversed_at__isnull=False)
        wanted = REFUND_OPEN if value == "waiting" else {value}
        return rows.filter(status__in=wanted, reversed_at=None)


HELD_FOR = {
    "treatment": Q(event__isnull=False),
    "procedure": Q(criteria__procedure__gt=""),
    "discipline": Q(criteria__discipline__gt=""),
    "practitioner": Q(criteria__practitioner__isnull=False),
    "location": Q(criteria__location__isnull=False),
    "package": Q(criteria__package__isnull=False),
    "custom_1": Q(criteria__custom_1__gt=""),
    "custom_2": Q(criteria__custom_2__gt=""),
    "nothing": Q(event=None, criteria=None),
}
"""Pre-payments by what they ask for."""


class PrePaymentFilter(ListFilter):
    """Search by payment or patient; what it matches, what kind of criterion it has.

    What matches is not asked of the database, which doesn't know the rule: `held` are all rows with what they
    match, `own` the clinic's names of its own fields.
    """

    held: Sequence[Held] = ()
    own: tuple[str, str] = ("", "")

    q = django_filters.CharFilter(label="Payment or patient", method="search_by")
    match = django_filters.ChoiceFilter(
        label="Match",
        empty_label="Any match",
        choices=[
            (MatchState.NOW, MatchState.NOW.label),
            ("rest", "Held, not matching"),
            (MatchState.LATER, "… a planned treatment will match"),
            (MatchState.NONE, "… nothing known matches"),
        ],
        method="by_match",
    )
    by = django_filters.ChoiceFilter(
        label="Held for", empty_label="Any criterion", choices=[(one, one) for one in HELD_FOR], method="by_kind"
    )

    class Meta:
        model = Credit
        fields = ()

    @cached_property
    def form(self) -> forms.Form:
        """With the clinic's own fields, as it calls them; those that it hasn't named are no choice (S3.34)."""
        form = super().form
        named = [(one, words.capitalize()) for one, words in WORDS.items()]
        own = zip(("custom_1", "custom_2"), self.own, strict=True)
        choices = [*named, *((one, words) for one, words in own if words), ("nothing", "Nothing named")]
        form.fields["by"].choices = [("", "Any criterion"), *choices]
        return form

    def search_by(self, rows: QuerySet[Credit], _name: str, text: str) -> QuerySet[Credit]:
        """Narrow by the payment's number, or by the beginnings of the patient's or the account's names."""
        if (number := typed(Payment.KIND, text)) is not None:
            return rows.filter(payment__number=number)
        whose = Q(payment__patient__in=narrowed(Patient.objects.all(), text).values("pk"))
        return rows.filter(whose | Q(payment__patient=None, account__in=accounts_found(text).values("pk")))

    def by_match(self, rows: QuerySet[Credit], _name: str, value: str) -> QuerySet[Credit]:
        """Rows of which something, or nothing, matches now."""
        states = REST if value == "rest" else {value}
        return rows.filter(pk__in=[one.id for one in self.held if one.found.state in states])

    def by_kind(self, rows: QuerySet[Credit], _name: str, value: str) -> QuerySet[Credit]:
        """Rows that name this criterion."""
        return rows.filter(HELD_FOR[value])


REST = {MatchState.LATER, MatchState.NONE}
"""Held, not matching (A5)."""


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


class AccountFilter(ListFilter):
    """Accounts to allocate for, unless something else is asked; a search goes through all of them."""

    q = django_filters.CharFilter(label="Account or patient", method="search_by")
    show = django_filters.ChoiceFilter(
        label="Accounts",
        empty_label="To allocate",
        choices=[("money", "With money in hand"), ("all", "All accounts")],
        widget=Menu,
        method="by_show",
    )

    class Meta:
        model = Account
        fields = ()

    def filter_queryset(self, queryset: QuerySet[Account]) -> QuerySet[Account]:
        """Also where what was asked makes no sense."""
        rows: QuerySet[Account] = super().filter_queryset(queryset)
        chosen = self.form.cleaned_data
        return rows if chosen.get("show") or chosen.get("q") else self.unasked(rows)

    def unasked(self, rows: QuerySet[Account]) -> QuerySet[Account]:
        """Those that have something to do."""
        return to_allocate(rows)

    def search_by(self, rows: QuerySet[Account], _name: str, text: str) -> QuerySet[Account]:
        """By the account's own name or number, or a patient's."""
        return accounts_called(rows, text)

    def by_show(self, rows: QuerySet[Account], _name: str, value: str) -> QuerySet[Account]:
        """Those with money in hand, held or free; or all."""
        return rows.filter(FREE | Q(held__gt=0)) if value == "money" else rows
