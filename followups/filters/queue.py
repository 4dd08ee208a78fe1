"""What narrows the queue down (S2.16–S2.19, S2.50)."""

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import cached_property

from balances.models import Charge
from clinicpay.clinics import clock
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import accounts_found, narrowed
from clinicpay.patients.search import words
from clinicpay.ui.filters import DateSpan, Hiding, ListFilter, Menu
from clinicpay.ui.spans import AmountSpanFilter
from followups.models import Case
from followups.queries import BUCKETS, choices, in_bucket
from followups.states import CASE_OPEN, CaseState

NEXT = [(state.value, state.label) for state in CaseState if state in CASE_OPEN]
AGES = [(bucket.key, f"{bucket.key} days") for bucket in BUCKETS]


def found_by(rows: QuerySet[Account], text: str) -> QuerySet[Account]:
    """Accounts by number, or by the beginnings of their names or of their patients'."""
    if (number := typed(Account.KIND, text)) is not None:
        return rows.filter(number=number)
    patients = narrowed(Patient.objects.all(), text).order_by().values("account")
    others = accounts_found(text).order_by().values("pk")
    return rows.filter(Q(pk__in=patients) | Q(pk__in=others) | named_otherwise(text, "name"))


def named_otherwise(text: str, name: str) -> Q:
    """Accounts whose own name is not their patient's, as an import may bring them."""
    named = Q()
    for word in words(text):
        named &= Q(**{f"{name}__icontains": word})
    return named or Q(pk__in=[])


class QueueFilter(ListFilter):
    """Account or patient, age, what is next, who is on it, balance, date of the oldest invoice, location."""

    q = django_filters.CharFilter(label="Account or patient", method="search_by")
    age = django_filters.ChoiceFilter(label="Age", empty_label="Any age", choices=AGES, widget=Menu, method="by_age")
    next = django_filters.ChoiceFilter(
        label="Next action", empty_label="Any next action", choices=NEXT, widget=Menu, method="by_next"
    )
    who = django_filters.ChoiceFilter(label="Who", empty_label="Anybody’s", choices=(), widget=Menu, method="by_who")
    balance = AmountSpanFilter(label="Balance", method="by_balance")
    oldest = django_filters.DateFromToRangeFilter(label="Oldest invoice", widget=DateSpan, field_name="oldest_open")
    location = django_filters.ChoiceFilter(
        label="Location", empty_label="All locations", choices=(), widget=Menu, method="by_location"
    )
    more = ("age", "oldest", "location")

    class Meta:
        model = Account
        fields = ()

    @cached_property
    def form(self) -> forms.Form:
        """With the people and places of this clinic, read once."""
        form = super().form
        people, places, largest = choices()
        form.fields["who"].choices = [
            ("me", "Mine"),
            ("nobody", "Nobody’s"),
            *((str(pk), name) for pk, name in people),
        ]
        form.fields["location"].choices = [(str(pk), name) for pk, name in places]
        form.fields["balance"].reach(self.request.member.clinic.currency, largest)
        return form

    @property
    def without_age(self) -> QuerySet[Account]:
        """The same queue over all ages, for the tabs."""
        if "age" not in self.data:
            return self.qs
        data = self.data.copy()
        del data["age"]
        return type(self)(data, queryset=self.queryset, request=self.request).qs

    @property
    def hiding(self) -> list[Hiding]:
        """How many accounts each filter hides by itself (S2.50)."""
        total = self.queryset.count()
        chips = [(name, chip) for name in self.filters for chip in self._chips_of(name)] if total else []
        return [Hiding(chip.label, chip.value, total - self._by(name).count(), total, chip.url) for name, chip in chips]

    def _by(self, name: str) -> QuerySet[Account]:
        """The queue narrowed down by one of the filters alone."""
        if name not in self.form.cleaned_data:
            return self.queryset
        return self.filters[name].filter(self.queryset, self.form.cleaned_data[name])

    def search_by(self, rows: QuerySet[Account], _name: str, text: str) -> QuerySet[Account]:
        """By number or names."""
        return found_by(rows, text)

    def by_age(self, rows: QuerySet[Account], _name: str, key: str) -> QuerySet[Account]:
        """Of one bucket."""
        bucket = next(one for one in BUCKETS if one.key == key)
        return in_bucket(rows, bucket, clock.today(self.request.member.clinic))

    def by_next(self, rows: QuerySet[Account], _name: str, state: str) -> QuerySet[Account]:
        """By what the open case waits for; without a case an account is due for contact."""
        cases = Case.objects.filter(account=OuterRef("pk")).exclude(state=CaseState.CLOSED)
        if state == CaseState.CONTACT_DUE:
            return rows.filter(~Exists(cases.exclude(state=state)))
        return rows.filter(Exists(cases.filter(state=state)))

    def by_who(self, rows: QuerySet[Account], _name: str, who: str) -> QuerySet[Account]:
        """By who is on the case."""
        cases = Case.objects.filter(account=OuterRef("pk"), worker__isnull=False).exclude(state=CaseState.CLOSED)
        if who == "nobody":
            return rows.filter(~Exists(cases))
        member = self.request.member.pk if who == "me" else int(who)
        return rows.filter(Exists(cases.filter(worker=member)))

    def by_balance(self, rows: QuerySet[Account], _name: str, span: slice | None) -> QuerySet[Account]:
        """Between two amounts, of which either may be missing."""
        if span is None:
            return rows
        if span.start is not None:
            rows = rows.filter(owes__gte=span.start)
        return rows.filter(owes__lte=span.stop) if span.stop is not None else rows

    def by_location(self, rows: QuerySet[Account], _name: str, pk: str) -> QuerySet[Account]:
        """With something open that was billed there."""
        billed = Charge.objects.filter(account=OuterRef("pk"), outstanding__gt=0, invoice__location=int(pk))
        return rows.filter(Exists(billed))
