"""The list of write-offs, the auditor's report, and both as files (S2.49)."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse

from balances.queries import recovered_between
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.links import with_query
from followups.models import WriteOff
from followups.queries.write_offs import all_write_offs, invoices_of, written_off_between
from followups.reports.write_offs import PeriodForm, sums
from followups.tables.write_offs import HEADER, TABS, WriteOffFilter, WriteOffTable, counted, exported, leave_words
from followups.tables.write_offs import with_people as with_names
from payments.views.export import CHUNK, KINDS, MOST

LISTED = 1000
"""Lines of the report on its page; the files have all."""


@allowed(Can.FOLLOW_UP, shows="table")
def write_offs(request: ClinicRequest) -> HttpResponse:
    """Write-offs by status, what waits first."""
    narrow = WriteOffFilter.of(request, all_write_offs())
    table, counts = WriteOffTable.of(request, narrow.qs), counted(narrow.every)
    tabs = [
        {
            "label": label,
            "count": counts.get(key, 0),
            "current": key == narrow.tab,
            "url": with_query(request.GET, status=key, page=None, after=None, before=None, at=None),
        }
        for key, label in TABS
    ]
    context = {"filter": narrow, "table": table, "tabs": tabs, "is_part": wants_part(request)}
    return render_page(request, "followups/write_off_list.html", context, fragment="results")


@allowed(Can.FOLLOW_UP, shows="rows")
def write_offs_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """All that the address filters, in its order."""
    rows = WriteOffTable.of(request, WriteOffFilter.of(request, all_write_offs()).qs).ordered()
    return _file(request, rows, kind, "write-offs")


@allowed(Can.FOLLOW_UP, shows="rows")
def write_off_report(request: ClinicRequest) -> HttpResponse:
    """What was written off in a period: who asked, who approved by what right, when, why, and what was reversed."""
    clinic = request.member.clinic
    form = PeriodForm.of(request.GET, clock.today(clinic))
    rows = with_names(list(written_off_between(form.first, form.last)))
    added, recovered = sums(rows), recovered_between(form.first, form.last)
    context = {
        "form": form,
        "is_cut": len(rows) > LISTED,
        "rows": _lines(rows[:LISTED], clinic),
        "sums": added,
        "recovered": recovered,
        "expense": added.all.net - recovered,
        "files": {kind: f"{address(clinic, f'write_off_report_{kind}')}?{form.query}" for kind in KINDS},
    }
    return render_page(request, "followups/write_off_report.html", context)


@allowed(Can.FOLLOW_UP, shows="rows")
def write_off_report_file(request: ClinicRequest, kind: str) -> HttpResponse:
    """The lines of the report."""
    clinic = request.member.clinic
    form = PeriodForm.of(request.GET, clock.today(clinic))
    return _file(request, written_off_between(form.first, form.last), kind, "write-off-report")


def _lines(rows: list[Any], clinic: Clinic) -> list[Any]:
    """The rows with their invoices and the words of their leave."""
    invoices = invoices_of(rows)
    for row in rows:
        row.invoices, row.leave = invoices.get(row.pk, []), leave_words(row, clinic)
    return rows


def _file(request: ClinicRequest, rows: QuerySet[WriteOff], kind: str, name: str) -> HttpResponse:
    """Sent while it is read; what is more than one request may take is refused."""
    clinic, count = request.member.clinic, rows.count()
    if count > MOST:
        raise Refusal(f"These are {count:,} write-offs. Narrow the list to {MOST:,} at most before you export it.")
    request.shown = {"rows": range(count)}
    content_type, chunks = KINDS[kind]
    response = StreamingHttpResponse(chunks(HEADER, _chunks(rows, clinic)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-{clinic.slug}-{clock.today(clinic)}.{kind}"'
    return cast(HttpResponse, response)  # as Django itself has it, a view may answer in pieces


def _chunks(rows: QuerySet[WriteOff], clinic: Clinic) -> Iterator[Iterable[tuple[Any, ...]]]:
    found = rows.iterator(CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield exported(chunk, clinic)
