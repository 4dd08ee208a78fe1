"""Who owed what on a past day (G1–G3): computed from the ledger, and read only."""

from typing import Any

from django.http import HttpResponse

from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.htmx import wants_part
from followups.queries import totals_of
from followups.reports.ageing import EXPORTED, AgeingFilter, AgeingTable, exported
from followups.views.export import sent
from followups.views.queue import tabs_of


@allowed(Can.FOLLOW_UP, shows="table")
def ageing(request: ClinicRequest) -> HttpResponse:
    """The queue as it stood at the end of a day."""
    narrow = AgeingFilter.of(request, Account.objects.none())
    rows = narrow.rows()
    table = AgeingTable.of(request, narrow.of_age(rows))
    table.day = narrow.day
    context: dict[str, Any] = {"filter": narrow, "table": table, "is_part": wants_part(request)}
    context["tabs"] = tabs_of(request, totals_of(rows, narrow.day))
    return render_page(request, "followups/ageing.html", context, fragment="results")


@allowed(Can.FOLLOW_UP, shows="rows")
def ageing_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """The same accounts in the same order, as a file."""
    clinic, narrow = request.member.clinic, AgeingFilter.of(request, Account.objects.none())
    rows = list(AgeingTable.of(request, narrow.of_age(narrow.rows())).ordered())
    request.shown = {"rows": rows}
    name = f"ageing-{clinic.slug}-{narrow.day}"
    return sent(name, kind, EXPORTED, iter([exported(rows, narrow.day, clinic)]))
