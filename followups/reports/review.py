"""The review of follow-up work: which period, whose figures, and how they are drawn."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.staff.models import Membership
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.charts import BarChart, monthly_bars
from clinicpay.ui.days import DayField
from clinicpay.ui.export import Amount
from clinicpay.ui.forms import ClinicForm
from followups.queries import followers
from followups.queries.review import Recovered, Review, Span, recovered, reviews

LONGEST = 731
"""Days of a period: two years."""

WEEKLY = 100
"""Days up to which the chart has a column for each week, and beyond which for each month."""


class ReviewForm(ClinicForm):
    """From and to, and whose figures; without the right to see colleagues' there is no choice."""

    since = DayField(label="From", widget=forms.DateInput)
    until = forms.DateField(label="To", widget=forms.DateInput)
    who = forms.ChoiceField(label="Who", required=False)

    def __init__(self, *args: Any, member: Membership, today: date, **options: Any) -> None:
        self.today = today
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        if member.can(Can.SEE_REVIEWS):
            fields["who"].choices = [("", "Everybody"), *((str(one.user_id), str(one.user)) for one in followers())]
        else:
            del fields["who"]

    def clean(self) -> dict[str, Any]:
        """The days are in order, not to come, and not too many."""
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("since", "The first day is after the last.")
        elif until and until > self.today:
            self.add_error("until", "Choose today or an earlier day.")
        elif since and until and (until - since).days >= LONGEST:
            self.add_error("since", "Choose two years at most.")
        return cleaned


@dataclass(frozen=True)
class Preset:
    """A period that has a name."""

    label: str
    first: date
    last: date

    @property
    def query(self) -> str:
        """As an address asks for it."""
        return f"since={self.first}&until={self.last}"


def presets(today: date) -> list[Preset]:
    """The usual periods; the first is shown when nobody asks for another."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    return [
        Preset("This month", month, today),
        Preset("Last month", before.replace(day=1), before),
        Preset("Last 90 days", today - timedelta(days=89), today),
        Preset("This year", today.replace(month=1, day=1), today),
    ]


@dataclass(frozen=True)
class Line:
    """A person with their figures."""

    name: str
    review: Review


@dataclass(frozen=True)
class Report:
    """The whole of a review: lines by name, their sum, and the money behind them."""

    span: Span
    lines: list[Line]
    total: Review
    money: list[Recovered]

    @property
    def chart(self) -> BarChart:
        """Money recovered by week, or by month in a long period."""
        days = _weeks(self.span) if (self.span.last - self.span.first).days < WEEKLY else _months(self.span)
        sums = dict.fromkeys(days, 0)
        for one in self.money:
            sums[days[bisect_right(days, one.day) - 1]] += one.minor
        is_long = (self.span.last - self.span.first).days >= WEEKLY
        points = [(f"{day:%b %y}" if is_long else f"{day:%b} {day.day}", sums[day]) for day in days]
        return monthly_bars(points, self.span.clinic.currency, width=1280, height=190)


def report(span: Span, *, only: int | None = None) -> Report:
    """The review of a period; `only` is the user to whom it keeps, or it is everybody's."""
    came = [one for one in recovered(span) if only is None or one.who == only]
    found = {who: one for who, one in reviews(span, came).items() if only is None or who == only}
    names = names_of(found)
    lines = sorted(
        (Line(names.get(who or 0, "ClinicPay"), one) for who, one in found.items()), key=lambda one: one.name
    )
    total = Review()
    for line in lines:
        total.add(line.review)
    return Report(span, lines, total, came)


def _weeks(span: Span) -> list[date]:
    return [span.first + timedelta(days=back) for back in range(0, (span.last - span.first).days + 1, 7)]


def _months(span: Span) -> list[date]:
    days, day = [span.first], span.first
    while (day := (day.replace(day=1) + timedelta(days=32)).replace(day=1)) <= span.last:
        days.append(day)
    return days


def span_of(form: ReviewForm, clinic: Clinic) -> Span:
    """What the form asks for; the usual period where it asks for none that can be."""
    if form.is_bound and form.is_valid():
        return Span(clinic, form.cleaned_data["since"], form.cleaned_data["until"])
    usual = presets(clock.today(clinic))[0]
    return Span(clinic, usual.first, usual.last)


EXPORTED = (
    *("From", "To", "Who", "Attempts", "Reached", "Contact rate, %", "Promises", "Promised", "Kept", "Partly kept"),
    *("Broken", "Recovered", "Callbacks due", "Kept on time"),
)


def exported(found: Report) -> Iterator[tuple[Any, ...]]:
    """The lines as cells of a file, their sum last."""
    yield from (_cells(found.span, line.name, line.review) for line in _with_total(found))


def _with_total(found: Report) -> Iterable[Line]:
    return [*found.lines, Line("All", found.total)] if len(found.lines) > 1 else found.lines


def _cells(span: Span, name: str, one: Review) -> tuple[Any, ...]:
    promised, got = (Amount(money.plain(minor, span.clinic.currency)) for minor in (one.promised, one.recovered))
    rate = "" if one.contact_rate is None else one.contact_rate
    said = (span.first, span.last, name, one.attempts, one.reached, rate, one.promises, promised)
    return (*said, one.kept, one.partly, one.broken, got, one.callbacks, one.on_time)
