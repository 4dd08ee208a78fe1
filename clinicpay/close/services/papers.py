"""The day sheet of a closed version on paper: of a large day a worker draws it (clinicpay.papers)."""

from datetime import datetime
from typing import Any

from django.db.models import F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from clinicpay.close.models import DailyClose, SheetPaper
from clinicpay.close.queries.sheet import proof_of
from clinicpay.close.sheets import Sheet
from clinicpay.papers import RECENT, Facts, Papers
from clinicpay.staff.queries import names_of
from clinicpay.ui.pdf import render_pdf

LONG = ("money", "events", "notable")
"""Lists of a snapshot that are long on a large day."""


class SheetPapers(Papers[DailyClose]):
    """Papers of day sheets; a version that was opened again has another one that says so."""

    kept, of, task = SheetPaper, "close", "draw_sheet"

    def read(self, pk: int) -> Facts:
        close = DailyClose.objects.select_related("location", "clinic").get(pk=pk)
        return facts_of(close) | {"clinic": close.clinic}

    def size(self, facts: Facts) -> int:
        sheet: Sheet = facts["sheet"]
        return sheet.lines

    def draw(self, facts: Facts) -> bytes:
        return render_pdf("close/sheet_document.html", facts, paper=facts["clinic"].paper)

    def since(self, moment: datetime) -> QuerySet[DailyClose]:
        rows = DailyClose.objects.filter(Q(closed_at__gte=moment) | Q(reopened_at__gte=moment), number__isnull=False)
        return _sized(rows)


sheet_papers = SheetPapers()


def facts_of(close: DailyClose) -> Facts:
    """What the page and the paper say of a closed version."""
    people = names_of([close.closed_by_id, close.reopened_by_id])
    return {
        "close": close,
        "location": close.location,
        "sheet": Sheet(close),
        "proof": proof_of(close),
        "closed_by": people.get(close.closed_by_id or 0, "ClinicPay"),
        "reopened_by": people.get(close.reopened_by_id or 0, "ClinicPay"),
    }


def lines_of(close: DailyClose) -> int:
    """How many lines a version has on paper, or more, without reading what it kept."""
    return int(_sized(DailyClose.objects.filter(pk=close.pk)).values_list("size", flat=True)[0])


def is_coming(close: DailyClose) -> bool:
    """Whether beat sees to its paper if nobody else does; an older version's is drawn when somebody asks for it."""
    return max(filter(None, (close.closed_at, close.reopened_at))) >= timezone.now() - RECENT


def _sized(rows: QuerySet[DailyClose]) -> QuerySet[Any]:
    size: Any = Value(0)
    for name in LONG:
        size += Coalesce(Func(F(f"snapshot__{name}"), function="jsonb_array_length", output_field=IntegerField()), 0)
    return rows.annotate(size=size)
