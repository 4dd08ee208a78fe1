"""The payments list as a file."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse

from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.export import csv_chunks
from clinicpay.ui.xlsx import TYPE, xlsx_chunks
from payments.filters import PaymentFilter
from payments.models import Payment
from payments.queries import lines, payments
from payments.tables import PaymentTable, exported

KINDS = {"csv": ("text/csv; charset=utf-8", csv_chunks), "xlsx": (TYPE, xlsx_chunks)}
CHUNK = 1000
MOST = 200_000
"""Rows of one file: more would take longer than a web process may be busy with one request."""


@allowed(Can.SEE_MONEY, shows="rows")
def payments_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """All that the address filters, in its order, with the columns of the list; sent while it is read."""
    clinic = request.member.clinic
    table = PaymentTable.of(request, PaymentFilter.of(request, payments()).qs)
    rows = table.ordered()
    count = rows.count()
    if count > MOST:
        raise Refusal(f"These are {count:,} payments. Narrow the list to {MOST:,} at most before you export it.")
    request.shown = {"rows": range(count)}
    content_type, chunks = KINDS[kind]
    header = [str(column.header) for column in table.columns]
    response = StreamingHttpResponse(chunks(header, _chunks(rows, request)), content_type=content_type)
    name = f"payments-{clinic.slug}-{clock.today(clinic)}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast(HttpResponse, response)  # as Django itself has it, a view may answer in pieces


def _chunks(rows: QuerySet[Payment], request: ClinicRequest) -> Iterator[Iterator[tuple[Any, ...]]]:
    """The rows by the thousand: their keys from one cursor, what is shown of them by those keys."""
    cells = partial(exported, clinic=request.member.clinic)
    keys = rows.values_list("pk", flat=True).iterator(CHUNK)
    while chunk := list(islice(keys, CHUNK)):
        found = {line["pk"]: line for line in lines(chunk)}
        yield (cells(found[key]) for key in chunk)
