"""Targets 7 and 8: the list of payments beside a bare page, beside django-tables2's own cells, and at any size."""

import html
import re
from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.load import Pages, Rates, in_turns
from bench.place import exchange
from bench.report import Result
from bench.visitor import Visitor
from clinicpay.clinics.commands import clinic_id
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import User
from clinicpay.ui.paging import make_cursor, sort_keys
from payments.models import Payment
from payments.queries import payments

OURS, BARE, NAIVE = "ours", "bare", "naive"
SORTS = ("number", "-amount", "status", "created", "patient", "-patient", "due", "-due")
_ROW = re.compile(r"<tr[^>]*>.*?(PAY-\d+)</a>(.*?)</tr>", re.DOTALL)
_CELLS = re.compile(r"\$[\d,.]+|TE-\d+|Paid at the desk|Paid|Pending|Voided")


def rendering(slug: str, port: int, rounds: int) -> list[Result]:
    """Target 7, on the first page of a clinic; ours and the plain one must show the same rows."""
    visitor = Visitor.of(slug)
    paths = {
        OURS: f"/c/{slug}/payments/",
        BARE: "/bench/bare/",
        NAIVE: f"/c/{slug}/bench/payments/",
    }
    ours, naive = (_shown(exchange(port, visitor.get(paths[name]))) for name in (OURS, NAIVE))
    if not ours or ours != naive:
        raise RuntimeError(f"Ours shows {ours}, the plain page {naive}.")
    rates = in_turns([Pages(name, port, [visitor.get(path)]) for name, path in paths.items()], rounds=rounds)
    pairs = [
        ("payments list, beside a bare page behind the login", BARE, 0.18),
        ("payments list, beside django-tables2's own cells", NAIVE, 2.8),
    ]
    return [
        Result(7, name, rates.median(OURS), rates.median(other), "/s", bound, given_ratio=rates.ratio(OURS, other))
        for name, other, bound in pairs
    ]


def _shown(page: bytes) -> list[tuple[str, ...]]:
    """What the rows of a page say: number, amount, status, treatment, memo."""
    rows = _ROW.findall(html.unescape(page.decode()))
    return [
        (number, *_once(_CELLS.findall(re.sub(r'title="[^"]*"|class="visually-hidden".*?</span>', "", rest))))
        for number, rest in rows
    ]


def _once(words: list[str]) -> Iterator[str]:
    yield from dict.fromkeys(words)


def in_turns_of(pages: dict[str, bytes], port: int, rounds: int) -> Rates:
    """Some requests against each other, by name."""
    return in_turns([Pages(name, port, [request]) for name, request in pages.items()], rounds=rounds, seconds=1)


def sizes(small: str, big: str, port: int, rounds: int) -> list[Result]:
    """Target 8: the first page of a large clinic beside that of a small one, and its far pages beside its first."""
    few, many = Visitor.of(small), Visitor.of(big)
    first = f"/c/{big}/payments/"
    sides = [
        Pages("small", port, [few.get(f"/c/{small}/payments/")]),
        Pages("first", port, [many.get(first)]),
        Pages("deepest", port, [many.get(f"{first}?before=")]),
        Pages("middle", port, [many.get(f"{first}?after={cursor}") for cursor in _cursors(big)]),
    ]
    rates = in_turns(sides, rounds=rounds)
    found = [_rate("payments list, page one: the large clinic beside the small", rates, "first", "small")]
    for name, page in (("the deepest page", "deepest"), ("pages in the middle", "middle")):
        found.append(_time(f"time of {name} beside page one", rates, page, "first"))
    return [*found, *_sorted(few, many, port, max(rounds // 2, 3)), *_queries([small, big])]


def _rate(name: str, rates: Rates, one: str, other: str) -> Result:
    return Result(8, name, rates.median(one), rates.median(other), "/s", 0.8, given_ratio=rates.ratio(one, other))


def _time(name: str, rates: Rates, one: str, other: str) -> Result:
    """As a share of the clock: with some clients at once a page takes longer than this."""
    ours, anchor = 1000 / rates.median(one), 1000 / rates.median(other)
    return Result(8, name, ours, anchor, "ms", at_most=2, given_ratio=rates.ratio(other, one))


def _sorted(few: Visitor, many: Visitor, port: int, rounds: int) -> list[Result]:
    """Page one in each order that the headers offer."""
    found = []
    for sort in SORTS:
        path = f"payments/?sort={sort}"
        sides = [
            Pages("small", port, [few.get(f"/c/{few.slug}/{path}")]),
            Pages("big", port, [many.get(f"/c/{many.slug}/{path}")]),
        ]
        found.append(_rate(f"the same, sorted by {sort}", in_turns(sides, rounds=rounds, seconds=1), "big", "small"))
    return found


def _cursors(slug: str) -> list[str]:
    """Cursors of pages a tenth, two tenths … into the list."""
    with clinic_scope(clinic_id(slug)):
        last = Payment.objects.latest("number").number
        keys = sort_keys(payments())
        rows = payments().filter(number__in=[last * tenth // 10 for tenth in range(1, 10)])
        return [make_cursor(keys, row) for row in rows]


LISTS = (
    "payments",
    "payments/?sort=-amount",
    "payments/?before=",
    "payments/?status=pending",
    "payments/?q=ka",
    "payments/?due=overdue",
    "payments/?sort=patient&before=",
    "patients",
    "treatments",
    "treatments/?sort=patient",
    "treatments/?money=open",
    "treatments/?q=ka",
    "transactions",
    "transactions/?q=ka",
    "followups",
    "followups/?q=ka",
    "plans",
    "write-offs",
    "refunds",
    "pre-payments",
    "packages",
    "deposits",
)
BOARDS = ("today", "attention")
"""Several lists on one page, which no bound is for (decision 195)."""

ALWAYS = 4
"""The session, the user and the memberships are asked for on every page, and the trail gets its line."""


def _queries(slugs: list[str]) -> list[Result]:
    """The most queries of any list page, and of any board, beyond those of every page."""
    lists, boards = (
        max(len(asked(slug, page)) for slug in slugs for page in pages) - ALWAYS for pages in (LISTS, BOARDS)
    )
    return [
        Result(8, "queries of a list page, at most", lists, 6, "", at_most=1),
        Result(8, "queries of a page of several lists, at most", boards, 6, ""),
    ]


def asked(slug: str, page: str) -> list[str]:
    """The SQL that a page sends, as the application's role."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(email=f"owner@{slug}.test"))
    path, _, query = page.partition("?")
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"/c/{slug}/{path.rstrip('/')}/?{query}")
    if answer.status_code != 200:
        raise RuntimeError(f"{page} answered {answer.status_code}")
    return [one["sql"] for one in queries if not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
