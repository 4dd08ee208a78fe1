"""Deposits at a glance: money in hand that nobody has applied, by age, location and method, with its trend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import location_names
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.charts import monthly_bars
from clinicpay.ui.htmx import wants_part
from deposits.filters import GlanceFilter
from deposits.queries.glance import BUCKETS, CANCELLED, KINDS, OLDEST, Glance, Sums, glance, month_ends, open_money
from deposits.tables import GlanceTable
from payments.states import Method


@dataclass(frozen=True)
class Part:
    """A row of a drawing: how much of the kind is in it, and the list of that."""

    label: str
    count: str
    url: str
    share: float
    tone: str


@allowed(Can.RECONCILE_DEPOSITS, shows="table")
def deposits_overview(request: ClinicRequest) -> HttpResponse:
    """One kind of money in hand: how old it is, where and how it was taken, how it grew, and each payment."""
    narrow = GlanceFilter.of(request, open_money())
    context = {"filter": narrow, "table": GlanceTable.of(request, narrow.qs), "kind": narrow.kind}
    context |= {"is_part": wants_part(request), "noun": KINDS[narrow.kind]}
    if not context["is_part"]:
        context |= _figures(request.member.clinic, narrow.kind)
    return render_page(request, "deposits/glance.html", context, fragment="results")


def _figures(clinic: Clinic, kind: str) -> dict[str, Any]:
    """What stands over the list: tabs with their totals, three breakdowns, the trend."""
    today = clock.today(clinic)
    found, place = glance(kind, today), address(clinic, "deposits_overview")
    names = dict(location_names())
    breakdowns: list[tuple[str, str, Mapping[Any, Sums], Mapping[Any, Any]]] = [
        ("By age", "age", found.ages, BUCKETS),
        ("By location", "location", found.locations, names),
        ("By method", "method", found.methods, dict(Method.choices)),
    ]
    return {
        "tabs": _tabs(found, place),
        "total": found.total,
        "breakdowns": [
            (title, list(_parts(clinic, f"{place}?kind={kind}&{key}=", sums, words)))
            for title, key, sums, words in breakdowns
        ],
        "charts": [] if kind == CANCELLED else _trend(kind, clinic),
    }


def _tabs(found: Glance, place: str) -> list[dict[str, Any]]:
    """Each kind of money with how much of it there is; every one is an address."""
    return [
        {"label": label, "sums": found.totals[kind], "current": kind == found.kind, "url": f"{place}?kind={kind}"}
        for kind, label in KINDS.items()
    ]


def _parts(clinic: Clinic, place: str, sums: Mapping[Any, Sums], words: Mapping[Any, Any]) -> list[Part]:
    """What each bucket, location or method has, in the order of `words`, as a share of the largest."""
    most = max((one.amount for one in sums.values()), default=0) or 1
    return [
        Part(
            str(label),
            money.show(sums[key].amount, clinic.currency),
            f"{place}{key}",
            round(100 * sums[key].amount / most, 1),
            "waiting" if key == OLDEST else "info",
        )
        for key, label in words.items()
        if sums[key].count or key in BUCKETS
    ]


def _trend(kind: str, clinic: Clinic) -> list[tuple[str, Any]]:
    """What was in hand at each month's end, as wide as a desk and as a phone show it."""
    ends = month_ends(kind, clock.today(clinic))
    return [
        (css, monthly_bars([(f"{month:%b}"[:letters], left) for month, left in ends], clinic.currency, width=width))
        for css, letters, width in (("desk-only", 3, 1300), ("phone-chart", 1, 360))
    ]
