"""Lists of deposits and bank slips as files, for spreadsheets."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from balances.models import Credit
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.export import csv_chunks
from clinicpay.ui.paging import shaped
from clinicpay.ui.xlsx import TYPE, xlsx_chunks
from deposits.filters import GlanceFilter, SlipFilter
from deposits.models import BankSlip
from deposits.queries.glance import glanced, open_money
from deposits.queries.slips import items_on, printed_slips
from deposits.states import NUMBERED
from deposits.tables import (
    GLANCE_COLUMNS,
    LINE_COLUMNS,
    SLIP_COLUMNS,
    GlanceTable,
    SlipTable,
    exported_items,
    exported_line,
    exported_slips,
)

FILES = {"csv": ("text/csv; charset=utf-8", csv_chunks), "xlsx": (TYPE, xlsx_chunks)}
CHUNK, MOST = 1_000, 200_000


@allowed(Can.RECONCILE_DEPOSITS, shows="rows")
def deposits_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """All money in hand that the address filters, in its order; sent while it is read."""
    rows = GlanceTable.of(request, GlanceFilter.of(request, open_money()).qs).ordered()
    count = rows.count()
    if count > MOST:
        raise Refusal(f"These are {count:,} payments. Narrow the list to {MOST:,} at most before you export it.")
    request.shown = {"rows": range(count)}
    return _file(request, f"deposits.{kind}", GLANCE_COLUMNS, _chunks(request, rows))


def _chunks(request: ClinicRequest, rows: QuerySet[Credit]) -> Iterator[Iterable[Sequence[Any]]]:
    """The rows by the thousand: their keys from one cursor, what is shown of them by those keys."""
    clinic = request.member.clinic
    today, keys = clock.today(clinic), rows.values_list("pk", flat=True).iterator(CHUNK)
    while chunk := list(islice(keys, CHUNK)):
        yield [exported_line(line, clinic, today) for line in shaped(chunk, glanced)]


@allowed(Can.BANK)
def slips_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """The bank slips that the address filters."""
    rows = SlipTable.of(request, SlipFilter.of(request, printed_slips()).qs).ordered()
    return _file(request, f"bank-slips.{kind}", SLIP_COLUMNS, [exported_slips(rows, request.member.clinic)])


@allowed(Can.BANK, shows="rows")
def slip_export(request: ClinicRequest, number: int, kind: str) -> HttpResponse:
    """The lines of one slip."""
    slip = get_object_or_404(BankSlip.objects.select_related("location"), number=number, state__in=NUMBERED)
    items = items_on(slip)
    request.shown = {"rows": items}
    return _file(request, f"{slip.ref}.{kind}", LINE_COLUMNS, [exported_items(items, request.member.clinic)])


def _file(
    request: ClinicRequest, what: str, header: Sequence[str], chunks: Iterable[Iterable[Sequence[Any]]]
) -> HttpResponse:
    """The table as a download; `what` ends in the kind of file, such as "deposits.csv"."""
    name, _, kind = what.rpartition(".")
    content_type, written = FILES[kind]
    clinic = request.member.clinic
    response = StreamingHttpResponse(written(header, chunks), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-{clinic.slug}-{clock.today(clinic)}.{kind}"'
    return cast(HttpResponse, response)  # as Django itself has it, a view may answer in pieces
