"""Target 15: Retrieve beside the size of a clinic, and Apply All beside pressing Apply on each row."""

import re
import time
from html import unescape
from uuid import uuid4

from bench.debts import indebted
from bench.fill import as_owner, check
from bench.lists import in_turns_of
from bench.place import exchange
from bench.report import Result
from bench.visitor import Visitor
from clinicpay.clinics.commands import clinic_id, long_scope
from clinicpay.clinics.models import Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import ClinicPayItself
from deposits.plans import Plan, seal
from deposits.queries import Criteria, retrieve
from deposits.services import Shown, apply_all, apply_row

LIST = 1_000
"""Rows of the list that is applied."""
ONE_BY_ONE = 50
"""Rows on which Apply is pressed in the page; the others take as long."""
MARK = re.compile(rb'name="plan" value="([^"]*)"')


def deposits(rows: int, port: int, rounds: int) -> list[Result]:
    """All of it: `rows` deposits beside as many open invoices."""
    tag = f"{int(time.time()):x}"
    small, big = (_clinic(f"dep-{tag}-{size}", size) for size in (LIST, rows))
    as_owner("vacuum analyze")
    few, many = (Visitor.of(slug).get(_list_of(slug)) for slug in (small, big))
    rates = in_turns_of({"small": few, "big": many}, port, rounds)
    times = 1000 / rates.median("big"), 1000 / rates.median("small")
    name = f"Retrieve: {rows:,} deposits beside {LIST:,}"
    found = [Result(15, name, *times, "ms", at_most=1.5, given_ratio=rates.ratio("small", "big"))]
    bulk = _bulk(small)
    pressed, called = _pressed(_clinic(f"dep-{tag}-page", LIST), port), _called(_clinic(f"dep-{tag}-rows", LIST))
    return [
        *found,
        Result(15, f"Apply All of {LIST:,} rows beside Apply on each", bulk, pressed, "s", at_most=1 / 20),
        Result(15, "the same, beside the service alone row by row", bulk, called, "s"),
    ]


def _clinic(slug: str, size: int) -> str:
    return indebted(slug, size, charges=1, payments=1, one_deposit_in=1)


def _list_of(slug: str) -> str:
    with clinic_scope(clinic_id(slug)):
        return f"/c/{slug}/deposits/?location={_location().pk}&retrieve=1"


def _location() -> Location:
    return Location.objects.order_by("-pk")[0]


def _bulk(slug: str) -> float:
    """Seconds of one Apply All."""
    begin = time.perf_counter()
    with long_scope(clinic_id(slug)) as clinic:
        criteria = Criteria(_location())
        rows = retrieve(criteria, 200).rows
        run = apply_all(criteria, Shown(200, seal(rows)), by=ClinicPayItself(clinic, "Bench"))
    took = time.perf_counter() - begin
    check([slug])
    if run.done != LIST:
        raise RuntimeError(f"{run.done} of {LIST} deposits are through.")
    return took


def _pressed(slug: str, port: int) -> float:
    """Seconds of Apply on every row of the page, as many as are measured, for the whole list."""
    visitor, place = Visitor.of(slug), _list_of(slug)
    apply = place.replace("deposits/?", "deposits/apply/?")
    begin = time.perf_counter()
    for _ in range(ONE_BY_ONE):
        mark = MARK.search(exchange(port, visitor.get(place)))
        if not mark:
            raise RuntimeError("There is no row to apply.")
        exchange(port, visitor.post(apply, plan=unescape(mark[1].decode()), request_key=uuid4()))
    return (time.perf_counter() - begin) / ONE_BY_ONE * LIST


def _called(slug: str) -> float:
    """Seconds of the service on each row, each in a transaction of its own, without a page."""
    key, took = clinic_id(slug), 0.0
    with clinic_scope(key):
        rows = retrieve(Criteria(_location()), LIST).rows
        plans = [Plan.of(row) for row in rows if row.parts]
    for plan in plans:
        begin = time.perf_counter()
        with long_scope(key) as clinic:
            apply_row(plan, by=ClinicPayItself(clinic, "Bench"))
        took += time.perf_counter() - begin
    return took
