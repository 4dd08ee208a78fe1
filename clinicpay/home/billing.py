"""What waits for billing beside the debt itself: a strip above the queue, which does not wait for it."""

from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpResponse

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from followups.models import Promise
from followups.queries.calls import planned
from followups.queries.plans import plan_totals
from followups.states import PromiseStatus
from payments.models import Refund
from payments.states import REFUND_OPEN


@allowed(Can.FOLLOW_UP)
def billing_work(request: ClinicRequest) -> HttpResponse:
    """Callbacks, promises due, plans at risk and refunds waiting; each figure leads to its rows."""
    return render_page(request, "home/billing_work.html", {"figures": _figures(request.member)}, fragment="work")


def _figures(member: Membership) -> list[dict[str, Any]]:
    """Five questions, of the few rows that wait."""
    clinic = member.clinic
    today = clock.today(clinic)
    tonight = clock.day_bounds(clinic, today)[1]
    calls = planned(member, tonight).count()
    promises, promised = _sum(Promise.objects.filter(status=PromiseStatus.OPEN, due_date__lte=today))
    plans = plan_totals(today)
    refunds, going = _sum(Refund.objects.filter(status__in=REFUND_OPEN))

    def figure(label: str, count: int, note: str, url: str, *, danger: bool = False) -> dict[str, Any]:
        return {"label": label, "value": f"{count:,}", "note": note, "url": url, "danger": danger and count > 0}

    def show(minor: int) -> str:
        return money.show(minor, clinic.currency)

    queue = address(clinic, "follow_ups")
    return [
        figure("Callbacks due", calls, "until tonight, yours and nobody’s", address(clinic, "calendar")),
        figure("Promises due", promises, f"{show(promised)} by today", f"{queue}?next=promised"),
        figure(
            *("Plans at risk", plans.late, f"{show(plans.late_amount)} late", f"{address(clinic, 'plans')}?late=yes"),
            danger=True,
        ),
        figure("Refunds waiting", refunds, show(going), f"{address(clinic, 'refunds')}?status=waiting"),
    ]


def _sum(rows: QuerySet[Any]) -> tuple[int, int]:
    found = rows.aggregate(count=Count("pk"), sum=Coalesce(Sum("amount"), 0))
    return found["count"], found["sum"]
