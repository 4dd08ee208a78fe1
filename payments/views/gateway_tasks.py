"""What gateways did that a person decides: late captures are kept or refunded, chargebacks are seen."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.requests import Once, Repeated
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.models import GatewayTask
from payments.services import keep_capture, refund_capture, see_chargeback
from payments.services.gateway_tasks import WAITING
from payments.services.gateway_tasks import gateway_tasks as all_tasks

DECIDED = 50
"""Decided ones that are still shown."""


@allowed(Can.SEE_MONEY, shows="tasks")
def gateway_tasks(request: ClinicRequest) -> HttpResponse:
    """Those to be decided first, then the latest that were."""
    rows = all_tasks().select_related("payment__patient", "payment__account")
    waiting = list(rows.filter(WAITING))
    decided = list(rows.exclude(WAITING)[:DECIDED])
    context = {"tasks": [*waiting, *decided], "waiting": waiting, "decided": decided, "request_key": uuid.uuid4()}
    return render_page(request, "payments/gateway_tasks.html", context)


@require_POST
@allowed(Can.REFUND)
def gateway_task_decide(request: ClinicRequest, task: int) -> HttpResponse:
    """Keep the money, refund it, or take note of a chargeback."""
    row = get_object_or_404(all_tasks(), pk=task)
    decision = request.POST.get("decision", "")
    try:
        notify(request, _decide(request, row, decision))
    except Repeated:
        notify(request, f"{row}: decided.")
    return redirect_after(request, address(request.member.clinic, "gateway_tasks"))


def _decide(request: ClinicRequest, task: GatewayTask, decision: str) -> str:
    if decision == "keep":
        keep_capture(task, by=request.member)
        return f"{task.payment.ref} is kept. Its money can be applied."
    if decision == "refund":
        refund = refund_capture(task, by=request.member, once=_once(request, task))
        return f"{refund.ref} is on its way back to the card."
    if decision == "seen":
        see_chargeback(task, by=request.member)
        return "Noted."
    raise Refusal("Choose to keep the money or to refund it.")


def _once(request: ClinicRequest, task: GatewayTask) -> Once:
    try:
        key = uuid.UUID(request.POST.get("request_key", ""))
    except ValueError:
        raise Refusal("This form is out of date. Load the page again.") from None
    return Once.of(key, act="refund capture", subject=task.pk)
