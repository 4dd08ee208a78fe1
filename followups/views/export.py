"""The queue as a file: exactly what the address filters, in its order."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from followups.filters.queue import QueueFilter
from followups.queries import owing
from followups.tables.queue import EXPORTED, QueueTable, exported
from payments.views.export import CHUNK, KINDS, MOST


@allowed(Can.FOLLOW_UP, shows="rows")
def follow_ups_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """All accounts that the queue shows with this address; sent while they are read."""
    clinic = request.member.clinic
    rows = QueueTable.of(request, QueueFilter.of(request, owing()).qs).ordered()
    count = rows.count()
    if count > MOST:
        raise Refusal(f"These are {count:,} accounts. Narrow the queue to {MOST:,} at most before you export it.")
    request.shown = {"rows": range(count)}
    return sent(f"follow-ups-{clinic.slug}-{clock.today(clinic)}", kind, EXPORTED, _chunks(rows, clinic))


def sent(name: str, kind: str, header: tuple[str, ...], chunks: Iterator[Any]) -> HttpResponse:
    """A download in pieces; `name` is ours, never what somebody typed."""
    content_type, pieces = KINDS[kind]
    response = StreamingHttpResponse(pieces(header, chunks), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return cast(HttpResponse, response)  # as Django itself has it, a view may answer in pieces


def _chunks(rows: QuerySet[Account], clinic: Clinic) -> Iterator[Iterator[tuple[Any, ...]]]:
    """By the thousand: keys from one cursor, what is shown of them by those keys."""
    keys = rows.values_list("pk", flat=True).iterator(CHUNK)
    while chunk := list(islice(keys, CHUNK)):
        yield exported(chunk, clinic)
