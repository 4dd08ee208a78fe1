"""The run of an Apply All: how far it is, and what came of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.models import AutoApplyRun
from balances.queries import standing_of
from balances.states import Source
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.tables import Empty
from deposits.models import Reconciliation
from deposits.queries.runs import LISTS, counts_of, decisions_of, list_address, tabs_of
from deposits.services import ask_again, stop
from deposits.tables import RunTable

NONE_LEFT = Empty("Everything was applied", "Nothing of this list was left out.", icon="circle-check")


def _run(number: int) -> AutoApplyRun:
    return get_object_or_404(AutoApplyRun, number=number, source=Source.DEPOSIT_RECON)


def _at(request: ClinicRequest, name: str, number: int) -> str:
    return address(request.member.clinic, name, number=number)


@allowed(Can.RECONCILE_DEPOSITS, shows="table run")
def deposit_run(request: ClinicRequest, number: int) -> HttpResponse:
    """What a run applied, and what it did not, each with its reason; while it is at work, how far it is."""
    run = _run(number)
    asked = Reconciliation.objects.select_related("location", "party").get(run=run)
    context: dict[str, Any] = {"run": run, "asked": asked, "list_query": list_address(asked)}
    if not run.is_over:
        return render_page(request, "deposits/run_at_work.html", context | _progress(request, run))
    kind = request.GET.get("show", "")
    rows = (
        decisions_of(run, kind).order_by("pk").select_related("credit__payment", "credit__account", "charge__invoice")
    )
    table = RunTable.of(request, rows)
    table.empty = NONE_LEFT if kind == "left" else table.empty
    context |= {"table": table, "standing": standing_of(run), "counts": counts_of(run)}
    context |= {"tabs": tabs_of(run), "shown": kind if kind in LISTS else ""}
    return render_page(request, "deposits/run.html", context, fragment="results")


@allowed(Can.RECONCILE_DEPOSITS)
def deposit_run_progress(request: ClinicRequest, number: int) -> HttpResponse:
    """How far a run is, for its page to ask; once it is over that page is loaded again."""
    run = _run(number)
    if not run.is_over and wants_part(request):
        return render_page(request, "ui/progress.html", _progress(request, run))
    return redirect_after(request, _at(request, "deposit_run", number))


@require_POST
@allowed(Can.RECONCILE_DEPOSITS)
def deposit_run_stop(request: ClinicRequest, number: int) -> HttpResponse:
    """End a run before its end; what it applied stays."""
    run = _run(number)
    try:
        stop(run, by=request.member)
        notify(request, f"{run.ref} was stopped.")
    except Refusal as refusal:
        notify(request, str(refusal), messages.WARNING)
    return redirect_after(request, _at(request, "deposit_run", number))


@require_POST
@allowed(Can.RECONCILE_DEPOSITS)
def deposit_run_again(request: ClinicRequest, number: int) -> HttpResponse:
    """Let a run that stands still go on where it stopped."""
    run = _run(number)
    ask_again(run, by=request.member)
    return redirect_after(request, _at(request, "deposit_run", number))


def _progress(request: ClinicRequest, run: AutoApplyRun) -> dict[str, Any]:
    """What `ui/progress.html` needs of a run that is not over."""
    stands = f"{run.problem} It stands at {run.done:,} of {run.accounts:,} deposits, and goes on from there."
    text = stands if run.problem else "Applying, deposit by deposit"
    job = {"done": run.done, "total": max(run.accounts, 1), "failed": bool(run.problem), "text": text}
    poll = "" if run.problem else _at(request, "deposit_run_progress", run.number)
    return {"job": job, "poll": poll, "again": _at(request, "deposit_run_again", run.number)}
