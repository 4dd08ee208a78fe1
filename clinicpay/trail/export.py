"""The trail as a file, which itself leaves a line of the trail."""

from collections.abc import Iterator
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.trail.filters import TrailFilter
from clinicpay.trail.tables import EXPORTED, exported
from clinicpay.ui.export import csv_chunks

CHUNK, MOST = 1_000, 200_000


@allowed(Can.SEE_TRAIL, shows="rows")
def trail_csv(request: ClinicRequest) -> HttpResponse:
    """All lines that the address filters, newest first, up to when it was asked for; sent while they are read."""
    rows = TrailFilter.of(request, AuditEvent.objects.order_by("-pk")).qs
    count = rows.order_by()[: MOST + 1].count()
    if count > MOST:
        raise Refusal(f"These are more than {MOST:,} lines. Narrow the trail down before you export it.")
    newest = rows.values_list("pk", flat=True).first() or 0
    request.shown = {"rows": range(count)}
    chunks = csv_chunks(EXPORTED, _chunks(rows.filter(pk__lte=newest), request.member))
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    name = f"trail-{request.member.clinic.slug}-{clock.today(request.member.clinic)}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast(HttpResponse, response)  # as Django itself has it, a view may answer in pieces


def _chunks(rows: QuerySet[AuditEvent], reader: Membership) -> Iterator[list[tuple[Any, ...]]]:
    """The lines by the thousand, from one cursor."""
    found: list[tuple[Any, ...]] = []
    for row in rows.iterator(CHUNK):
        found.append(exported(row, reader))
        if len(found) == CHUNK:
            yield found
            found = []
    yield found
