"""Target 16: Today of 300 treatments, and the close of a day of 2,000 payments, beside bare lists of the same rows."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bench import processor
from bench.fill import Filled, as_owner, check, fill
from bench.lists import in_turns_of
from bench.place import exchange
from bench.report import Result
from bench.visitor import Visitor
from clinicpay.clinics import clock
from clinicpay.clinics.commands import clinic_id, long_scope
from payments.models import Payment

ZONE = ZoneInfo("America/New_York")
"""That of the clinics of bench.fill."""
EVENTS, PAYMENTS = 300, 2_000
A_LITTLE_MORE = 1.15
"""Payments of so many treatments."""
A_LOT_MORE = 2.4
"""Payments of a day at two locations, some of them only asked for."""


class Server(NamedTuple):
    """Where the pages are asked for, and the first processes of what answers."""

    port: int
    processes: list[int]


def days(server: Server, rounds: int) -> list[Result]:
    """Both, each in a clinic of its own whose only day is today."""
    tag = f"{int(time.time()):x}"
    few = _filled(f"day-{tag}-few", int(EVENTS * A_LITTLE_MORE))
    many = _filled(f"day-{tag}-many", int(PAYMENTS * A_LOT_MORE))
    as_owner("vacuum analyze")
    check([few.slug, many.slug])
    return [*_beside(few.slug, ("Today", "today/", "events/"), server, rounds), *_closed(many.slug, server, rounds)]


def _filled(slug: str, payments: int) -> Filled:
    midnight = datetime.now(ZONE).replace(hour=0, minute=0, second=1, microsecond=0).astimezone(UTC)
    ends = min(datetime.now(UTC), midnight + timedelta(hours=18, minutes=50))  # receipts take the date of UTC
    return fill(slug, payments, span=(midnight, ends))


def _closed(slug: str, server: Server, rounds: int) -> list[Result]:
    """The close at that of both locations which took more."""
    with long_scope(clinic_id(slug)) as clinic:
        today = clock.today(clinic)
        places = Counter[int](
            Payment.objects.filter(receipt__business_date=today).values_list("location_id", flat=True)
        )
    [(place, took)] = places.most_common(1)
    if took < PAYMENTS * 0.9:
        raise RuntimeError(f"Only {took} payments of the day are of today.")
    page = f"the close of {PAYMENTS:,} payments", f"close/{place}/{today}/", f"payments/?location={place}"
    return _beside(slug, page, server, rounds)


def _beside(slug: str, page: tuple[str, str, str], server: Server, rounds: int) -> list[Result]:
    """A page (name, address, what it lists) beside the bare list of the same rows, and beside page one of payments."""
    name, path, rows = page
    visitor, at = Visitor.of(slug), f"/c/{slug}/"
    pages = {
        "ours": visitor.get(at + path),
        "bare": visitor.get(f"{at}bench/day/{rows}"),
        "list": visitor.get(f"{at}payments/"),
    }
    if exchange(server.port, pages["bare"]).count(b"<tr>") < EVENTS:
        raise RuntimeError("The bare list has too few rows.")
    rates = in_turns_of(pages, server.port, rounds)
    ours, bare, first = (1000 / rates.median(side) for side in pages)
    beside, first_page = f"{name}, beside a bare list of them", "the same, beside page one of the payments"
    requests = {name: repeat(page) for name, page in pages.items()}
    computed = processor.beside(requests, server.port, server.processes, rounds)
    ratios = rates.ratio("bare", "ours"), rates.ratio("list", "ours")
    return [
        Result(16, beside, ours, bare, "ms", at_most=2, given_ratio=ratios[0]),
        Result(16, f"{name}, by processor time", computed["ours"], computed["bare"], "ms"),
        Result(16, first_page, ours, first, "ms", given_ratio=ratios[1]),
    ]
