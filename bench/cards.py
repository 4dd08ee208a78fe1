"""Targets 9 and 10: the search of the payments list and the cards over it, at any size, beside their plain forms."""

import statistics
import time
from collections.abc import Callable

from bench import naive
from bench.lists import in_turns_of
from bench.report import Result
from bench.visitor import Visitor
from clinicpay.clinics import clock
from clinicpay.clinics.commands import clinic_id, long_scope
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from payments.models import Payment
from payments.queries import cards

COMMON = "ka"
"""The beginning of one name in ten, where a look-up of each patient would be dear."""


def searching(small: str, big: str, port: int, rounds: int) -> list[Result]:
    """Target 9: the page that a search answers with, in a large clinic beside a small one, and beside ILIKE."""
    few, many = Visitor.of(small), Visitor.of(big)
    asked = {
        "a last name": (_name(small), _name(big)),
        f"names that begin with “{COMMON}”": (COMMON, COMMON),
        "a payment's number": ("PAY-777", "PAY-777"),
    }
    found = []
    for what, (here, there) in asked.items():
        pages = {"small": few.get(f"/c/{small}/payments/?q={here}"), "big": many.get(f"/c/{big}/payments/?q={there}")}
        rates = in_turns_of(pages, port, rounds)
        times = 1000 / rates.median("big"), 1000 / rates.median("small")
        name = f"search for {what}: the large clinic beside the small"
        found.append(Result(9, name, *times, "ms", at_most=1.5, given_ratio=rates.ratio("small", "big")))
    name = _name(big)
    pages = {
        "ours": many.get(f"/c/{big}/payments/?q={name}"),
        "naive": many.get(f"/c/{big}/bench/payments/?like={name}"),
    }
    rates = in_turns_of(pages, port, rounds)
    rate = rates.median("ours"), rates.median("naive")
    return [*found, Result(9, "the same, beside ILIKE", *rate, "/s", 1, given_ratio=rates.ratio("ours", "naive"))]


def _name(slug: str) -> str:
    """The last name of the patient in the middle."""
    with clinic_scope(clinic_id(slug)):
        return Patient.objects.get(number=max(Patient.objects.count() // 2, 1)).last_name.lower()


def figures(small: str, big: str, rounds: int) -> list[Result]:
    """Target 10: the cards' figures in a large clinic beside a small one, and beside live sums that must be equal."""
    few, many, live = (_seconds(one, slug, rounds) for one, slug in ((cards, small), (cards, big), (naive.cards, big)))
    with long_scope(clinic_id(big)) as clinic:
        today = clock.today(clinic)
        if cards(today) != naive.cards(today) or not Payment.objects.exists():
            raise RuntimeError("The cards differ from the live sums.")
    return [
        Result(10, "cards: the large clinic beside the small", many * 1000, few * 1000, "ms", at_most=2.5),
        Result(10, "cards of the large clinic, beside live sums", many * 1000, live * 1000, "ms", at_most=0.02),
    ]


def _seconds(figures_of: Callable, slug: str, rounds: int) -> float:
    """The middle of some tries, after one that warms up."""
    with long_scope(clinic_id(slug)) as clinic:
        today, tries = clock.today(clinic), []
        figures_of(today)
        for _ in range(rounds * 5 if figures_of is cards else 3):
            begin = time.perf_counter()
            figures_of(today)
            tries.append(time.perf_counter() - begin)
    return statistics.median(tries)
