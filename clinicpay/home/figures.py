"""The figures of the overview, from rows that triggers keep; amounts are minor units until they are words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, Least

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.ui.charts import BarChart, monthly_bars
from followups.queries import BUCKETS, Totals, bucket_totals, owed_on, owing, totals_of
from payments.queries.cards import UNCOLLECTED, cards, collected_at

IN_HAND = F("unapplied") + F("deposits")


@dataclass(frozen=True)
class Collected:
    """What came in, net: this month, the month before, all twelve, drawn; and what is asked for but not collected."""

    month: str
    before: str
    year: str
    charts: list[tuple[str, BarChart]]
    asked: str = ""
    asked_url: str = ""
    late: str = ""
    late_url: str = ""


@dataclass(frozen=True)
class Share:
    """A bar: an amount as a part of the largest beside it, and the list of it."""

    label: str
    count: str
    url: str
    share: float
    tone: str


@dataclass(frozen=True)
class Ages:
    """What is owed on invoices, by age; of it what could be paid with money that is in hand already."""

    owed: str
    accounts: int
    bars: list[Share]
    usable: str = ""


def collected(clinic: Clinic, place: int | None) -> Collected:
    """Of the clinic, or of one location; what is asked for belongs to no location until it is paid. One question."""
    today, show = clock.today(clinic), _shown(clinic)
    if place is not None:
        return Collected(**_trend(clinic, collected_at(place, today)))
    figures = cards(today)
    asked, place_of = figures.outstanding, address(clinic, "payments")
    statuses = "&".join(f"status={status}" for status in UNCOLLECTED)
    return Collected(
        **_trend(clinic, figures.months),
        asked=show(asked.amount),
        asked_url=f"{place_of}?{statuses}",
        late=show(asked.late) if asked.late_count else "",
        late_url=f"{place_of}?due=overdue&{statuses}",
    )


def _trend(clinic: Clinic, months: tuple[tuple[Any, int], ...]) -> dict[str, Any]:
    show, net = _shown(clinic), [amount for _, amount in months]
    charts = [
        (css, monthly_bars([(f"{month:%b}"[:letters], minor) for month, minor in months], clinic.currency, width=width))
        for css, letters, width in (("desk-only", 3, 1300), ("phone-chart", 1, 360))
    ]
    return {"month": show(net[-1]), "before": show(net[-2]), "year": show(sum(net)), "charts": charts}


def aged(clinic: Clinic) -> Ages:
    """Of all locations, each account by its oldest open invoice (G3), as the queue has it. Two questions."""
    totals = bucket_totals(owing(), clock.today(clinic))
    usable: int = (
        owing()
        .filter(Q(unapplied__gt=0) | Q(deposits__gt=0))
        .aggregate(sum=Coalesce(Sum(Least(F("owes"), IN_HAND)), 0))["sum"]
    )
    place = address(clinic, "follow_ups")
    ages = _ages(clinic, totals, [f"{place}?age={_quoted(bucket.key)}" for bucket in BUCKETS])
    return Ages(ages.owed, ages.accounts, ages.bars, _shown(clinic)(usable) if usable else "")


def aged_at(clinic: Clinic, location: int) -> Ages:
    """Of what was billed at one location: some seconds where a million payments were made."""
    today = clock.today(clinic)
    place = f"{address(clinic, 'ageing')}?on={today.isoformat()}&location={location}"
    rows = owed_on(today, location=location, until=date.max)  # what came after a close stands on a day to come
    return _ages(clinic, totals_of(rows, today), [f"{place}&age={_quoted(bucket.key)}" for bucket in BUCKETS])


def _ages(clinic: Clinic, totals: list[Totals], urls: Iterable[str]) -> Ages:
    show, most = _shown(clinic), max((one.owed or 0 for one in totals), default=0) or 1
    bars = [
        Share(
            f"{one.bucket.key} days",
            show(one.owed or 0),
            url,
            round(100 * (one.owed or 0) / most, 1),
            "failed" if one.bucket is BUCKETS[-1] else "info",
        )
        for one, url in zip(totals, urls, strict=True)
    ]
    return Ages(show(sum(one.owed or 0 for one in totals)), sum(one.accounts or 0 for one in totals), bars)


def _quoted(key: str) -> str:
    """A bucket's name within an address."""
    return key.replace("+", "%2B")


def _shown(clinic: Clinic) -> Any:
    return lambda minor: money.show(minor, clinic.currency)
