"""The page "What needs attention", and the flag that one of its groups sets."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import IntegerField, Value
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from balances.queries import event_balances
from clinicpay import money
from clinicpay.attention.filters import GapFilter
from clinicpay.attention.groups import GROUPS, Group
from clinicpay.attention.tables import GapTable
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import location_names
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.today.views import PLACE
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.links import with_query
from clinicpay.ui.paging import CAP, HowMany
from followups.services import open_case
from treatments.models import TreatmentEvent


@allowed(Can.SEE_MONEY, shows="table")
def attention(request: ClinicRequest) -> HttpResponse:
    """Every gap between treatments and money, by group, with its one action (S0.4, S0.12, S0.13, S0.22)."""
    if not request.GET and (place := request.session.get(f"{PLACE}_{request.member.clinic.slug}")):
        return redirect(
            f"{address(request.member.clinic, 'attention')}?show=&location={place}"
        )  # where they work today
    places = cache(location_names)  # asked once for the filters of all groups
    narrow = {group.key: _narrowed(request, group, places) for group in GROUPS}
    counts = _counts(request.member.clinic, narrow)
    group = _chosen(request, counts)
    table = GapTable.of_group(request, narrow[group.key].qs, group, is_all_clear=not any(counts.values()))
    context = {"group": group, "filter": narrow[group.key], "table": table, "tabs": _tabs(request, counts, group)}
    return render_page(
        request, "attention/attention.html", context | {"is_part": wants_part(request)}, fragment="results"
    )


def _narrowed(request: ClinicRequest, group: Group, places: Callable[[], list[tuple[int, str]]]) -> GapFilter:
    narrow = GapFilter.of(request, group.rows(request.member))
    narrow.group, narrow.places = group, places
    return narrow


def _counts(clinic: Clinic, narrow: dict[str, GapFilter]) -> dict[str, int]:
    """How many rows each group has, up to one more than is counted; one question for all."""
    asked: list[Any] = [HowMany(one.qs.order_by()[: CAP + 1].values("pk")) for one in narrow.values()]
    found = Clinic.objects.filter(pk=clinic.pk).values_list(*asked, Value(0, IntegerField())).get()
    return dict(zip(narrow, found, strict=False))


def _chosen(request: ClinicRequest, counts: dict[str, int]) -> Group:
    """The group that the address names; else the first with rows, so that the page opens at work."""
    asked = request.GET.get("show", "")
    named = next((group for group in GROUPS if group.key == asked), None)
    return named or next((group for group in GROUPS if counts[group.key]), GROUPS[0])


def _tabs(request: ClinicRequest, counts: dict[str, int], chosen: Group) -> list[dict[str, Any]]:
    gone = {"page": None, "after": None, "before": None, "at": None, "sort": None}
    return [
        {
            "label": group.label,
            "count": f"{CAP:,}+" if counts[group.key] > CAP else counts[group.key],
            "current": group is chosen,
            "url": with_query(request.GET, show=group.key, **gone),
        }
        for group in GROUPS
    ]


@require_POST
@allowed(Can.FLAG_FOLLOW_UP)
def event_flag(request: ClinicRequest, number: int) -> HttpResponse:
    """Flag what a treatment's account owes for follow-up (S0.7); what is followed up already is not flagged again."""
    event = get_object_or_404(TreatmentEvent.objects.select_related("patient__account"), number=number)
    left, clinic = event_balances([event.pk]).get(event.pk), request.member.clinic
    owed = f"{event.ref}: {money.show(left.outstanding, clinic.currency)} left to pay" if left else event.ref
    open_case(event.patient.account, by=request.member, reason=owed)
    notify(request, f"{event.patient.account.name} is flagged for follow-up.")
    if request.POST.get("back") == "treatment":
        return redirect_after(request, address(clinic, "treatment", number=number))
    return redirect_after(request, address(clinic, "attention") + "?show=balances")
