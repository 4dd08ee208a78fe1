"""The list of payment plans, and the list as a file."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.htmx import wants_part
from followups.filters.plans import PlanFilter
from followups.queries import Money, money_of, plan_lines, plan_totals
from followups.queries import plans as all_plans
from followups.states import PlanStatus
from followups.tables.plans import COLUMNS, PlanTable, exported
from payments.views.export import CHUNK, KINDS


@allowed(Can.SEE_MONEY, shows="table")
def plans(request: ClinicRequest) -> HttpResponse:
    """Payment plans (S2.3): what is agreed, paid, late, still to be billed."""
    narrow = PlanFilter.of(request, all_plans())
    context = {"filter": narrow, "table": PlanTable.of(request, narrow.qs), "is_part": wants_part(request)}
    if not context["is_part"]:
        context["figures"] = _figures(request.member.clinic)
    return render_page(request, "followups/plan_list.html", context, fragment="results")


def _figures(clinic: Clinic) -> list[dict[str, Any]]:
    """The figures above the list, each the way to its rows."""
    url, totals = address(clinic, "plans"), plan_totals(clock.today(clinic))
    return [
        {"label": "Active plans", "value": str(totals.active), "url": f"{url}?status={PlanStatus.ACTIVE}"},
        {"label": "Not billed yet", "value": money.show(totals.unbilled, clinic.currency)},
        {
            "label": "Late",
            "value": money.show(totals.late_amount, clinic.currency),
            "note": f"on {totals.late} plan{'' if totals.late == 1 else 's'}",
            "danger": bool(totals.late),
            "url": f"{url}?late=yes",
        },
    ]


@allowed(Can.SEE_MONEY, shows="rows")
def plans_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """All that the address filters, in its order; sent while it is read."""
    clinic = request.member.clinic
    rows = PlanTable.of(request, PlanFilter.of(request, all_plans()).qs).ordered()
    keys = list(rows.values_list("pk", flat=True))
    request.shown = {"rows": keys}
    content_type, chunks = KINDS[kind]
    response = StreamingHttpResponse(chunks(COLUMNS, _chunks(keys, clinic)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="plans-{clinic.slug}-{clock.today(clinic)}.{kind}"'
    return cast(HttpResponse, response)  # as Django itself has it, a view may answer in pieces


def _chunks(keys: list[int], clinic: Clinic) -> Iterator[list[tuple[Any, ...]]]:
    left = iter(keys)
    while some := list(islice(left, CHUNK)):
        lines, sums = {line["pk"]: line for line in plan_lines(some)}, money_of(some, clock.today(clinic))
        yield [exported(lines[pk], sums.get(pk, Money()), clinic) for pk in some]
