"""Auto-Apply Payments: previews, runs, and the rules that they follow."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.filters import DecisionFilter
from balances.forms import RulesForm, RunForm, UndoRunForm
from balances.models import AllocationRules, AutoApplyRun, Decision
from balances.queries import clinic_totals, last_night, live_allocations, runs, standing_of
from balances.requests import Repeated
from balances.services import (
    apply_preview,
    ask_again,
    begin_undo,
    change_rules,
    preview_run,
    stop_run,
    what_would_change,
)
from balances.services.runs import to_undo, touched_of
from balances.services.undoing import LONG
from balances.states import RunState
from balances.tables import DecisionTable, RunTable
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.queries import managers
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import wants_part


@allowed(Can.AUTO_APPLY)
def auto_apply(request: ClinicRequest) -> HttpResponse:
    """The utility: what there is to apply, and the runs so far, newest first (S3.8)."""
    table = RunTable.of(request, runs())
    context = {"table": table, "totals": clinic_totals(), "managers": managers(besides=request.member)}
    return render_page(request, "balances/auto_apply.html", context, fragment="results")


@require_POST
@allowed(Can.AUTO_APPLY)
def auto_apply_preview(request: ClinicRequest) -> HttpResponse:
    """Decide for every account, and move nothing."""
    run = preview_run(by=request.member)
    return redirect_after(request, address(request.member.clinic, "auto_apply_run", number=run.number))


@allowed(Can.AUTO_APPLY, shows="table run")
def auto_apply_run(request: ClinicRequest, number: int) -> HttpResponse:
    """One run or preview: every decision and skip with its reason. A preview is applied from here, as it is shown."""
    run = get_object_or_404(AutoApplyRun, number=number)
    form = RunForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _done(request, form, partial(apply_preview, run), number):
        run.refresh_from_db()
        applied = money.show(run.allocated, request.member.clinic.currency)
        notify(request, f"{run.ref} applied {applied}." if run.is_over else f"{run.ref} is being applied.")
        return redirect_after(request, address(request.member.clinic, "auto_apply_run", number=number))
    if run.is_at_work:
        return render_page(request, "balances/auto_apply_at_work.html", _progress(request, run) | {"form": form})
    rows = (
        Decision.objects.filter(run=run)
        .select_related("credit__payment", "credit__account", "charge__invoice")
        .order_by("pk")
    )
    narrow = DecisionFilter.of(request, rows)
    context = {"run": run, "form": form, "filter": narrow, "table": DecisionTable.of(request, narrow.qs)}
    context |= {"standing": standing_of(run), "is_preview": run.state == RunState.PREVIEW}
    return render_page(request, "balances/auto_apply_run.html", context, fragment="results")


@allowed(Can.AUTO_APPLY)
def auto_apply_progress(request: ClinicRequest, number: int) -> HttpResponse:
    """How far a long run is, for its page to ask; once it is over that page is loaded again."""
    run = get_object_or_404(AutoApplyRun, number=number)
    if run.is_at_work and wants_part(request):
        return render_page(request, "ui/progress.html", _progress(request, run))
    return redirect_after(request, address(request.member.clinic, "auto_apply_run", number=number))


@require_POST
@allowed(Can.AUTO_APPLY)
def auto_apply_stop(request: ClinicRequest, number: int) -> HttpResponse:
    """End a long run before its end."""
    run = get_object_or_404(AutoApplyRun, number=number)
    try:
        stop_run(run, by=request.member)
    except Refusal as refusal:
        notify(request, str(refusal), messages.WARNING)
    else:
        notify(request, f"{run.ref} was stopped.")
    return redirect_after(request, address(request.member.clinic, "auto_apply_run", number=number))


@require_POST
@allowed(Can.AUTO_APPLY)
def auto_apply_again(request: ClinicRequest, number: int) -> HttpResponse:
    """Let a long run that stands still go on where it stopped."""
    run = get_object_or_404(AutoApplyRun, number=number)
    ask_again(run, by=request.member)
    return redirect_after(request, address(request.member.clinic, "auto_apply_run", number=number))


def _progress(request: ClinicRequest, run: AutoApplyRun) -> dict[str, Any]:
    """What `ui/progress.html` needs of a run that is not over."""
    clinic, (doing, what, done, total) = request.member.clinic, _at(run)
    text = f"{run.problem} It stands at {done} of {total} {what}s, and goes on from there." if run.problem else doing
    job = {"done": done, "total": max(total, 1), "failed": bool(run.problem), "text": text}
    at = {name: address(clinic, f"auto_apply_{name}", number=run.number) for name in ("progress", "again")}
    return {"run": run, "job": job, "poll": "" if run.problem else at["progress"], "again": at["again"]}


def _at(run: AutoApplyRun) -> tuple[str, str, int, int]:
    """What a run is doing, in words, what is counted, how far it is, and of how many."""
    if run.undoing_since:
        return "Undoing, the newest application first", "application", run.undone, run.undone + to_undo(run).count()
    doing = "Deciding" if run.state == RunState.PREVIEW else "Applying"
    return f"{doing}, account by account", "account", run.done, run.accounts


@allowed(Can.AUTO_APPLY, shows="touched")
def auto_apply_undo(request: ClinicRequest, number: int) -> HttpResponse:
    """Undo all that a run applied, exactly, or nothing where any of it was undone since: that is named before."""
    run = get_object_or_404(AutoApplyRun, number=number)
    form = UndoRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = partial(begin_undo, run, reason=form.cleaned_data["reason"])
        if _done(request, form, act, number):
            run.refresh_from_db()
            is_over = run.state == RunState.UNDONE
            was_undone = f"{run.ref} was undone. Every balance is as before it."
            notify(request, was_undone if is_over else f"{run.ref} is being undone.")
            return redirect_after(request, address(request.member.clinic, "auto_apply_run", number=number))
    left = to_undo(run).count()
    context = {"run": run, "form": form, "standing": standing_of(run), "left": left, "is_long": left > LONG}
    return render_page(request, "balances/auto_apply_undo.html", context | _in_the_way(run))


NAMED = 20
"""Applications that the undo page names of what is in its way, and of what may be undone singly instead."""


def _in_the_way(run: AutoApplyRun) -> dict[str, Any]:
    """What of a run was undone since, with the act that did it, and what still stands beside."""
    gone = touched_of(run).prefetch_related("reversed_by__posting")
    touched = list(gone[:NAMED])
    if not touched:
        return {"touched": touched}
    standing = live_allocations(posting__run=run)[:NAMED]
    return {"touched": touched, "touched_count": gone.count(), "still_there": standing}


@allowed(Can.AUTO_APPLY, post=Can.MANAGE_SETTINGS)
def allocation_rules(request: ClinicRequest) -> HttpResponse:
    """What all automatic runs follow; what a change would do to today's money is shown before it is saved (S3.10)."""
    chosen = AllocationRules.objects.first()
    form = RulesForm(request.POST or None, initial=RulesForm.initial_of(chosen))
    context: dict[str, Any] = {"form": form, "managers": managers()}
    if request.method == "POST" and form.is_valid():
        if "save" in request.POST:
            change_rules(by=request.member, **form.values())
            notify(request, "The rules were saved. The next run follows them.")
            return redirect_after(request, address(request.member.clinic, "auto_apply"))
        context["change"] = what_would_change(request.member.clinic, form.values())
        context["last_night"] = last_night()
    return render_page(request, "balances/allocation_rules.html", context)


def _done(request: ClinicRequest, form: RunForm, act: Any, number: int) -> bool:
    """Whether the act is done, now or by an earlier click; a refusal stands on the form."""
    try:
        act(by=request.member, once=form.once(number))
    except Repeated:
        return True
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
