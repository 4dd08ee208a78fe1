"""Batches of statements out of the filtered queue: foreseen, begun, watched, stopped, printed."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.downloads import download
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.paging import CURSORS
from clinicpay.ui.pdf import pdf_response
from followups.filters.queue import QueueFilter
from followups.forms.statements import BatchForm, RecentForm
from followups.models import StatementRun
from followups.queries import owing
from followups.queries.statement_batches import Batch, batch_of, newest_runs, run_lines, standing_of, statements_in
from followups.services.statement_files import merged, zipped
from followups.services.statement_runs import MOST, Receiver, ask_again, begin_run, stop_run
from followups.tables.statements import BatchTable, RunLineTable
from followups.views.statements import site_of
from payments.views.acts import number_made

OWN = {*CURSORS, "recent", "per"}
"""What of the address the form of left out days does not carry along."""


@allowed(Can.SEND_STATEMENT, shows="table")
def statement_batch(request: ClinicRequest) -> HttpResponse:
    """Who of the queue's filters gets a statement, and how; one click sends exactly this."""
    narrow, recent = QueueFilter.of(request, owing()), RecentForm(request.GET if "recent" in request.GET else None)
    batch = batch_of(narrow.qs, recent.days, MOST + 1)
    form = BatchForm(request.POST or None, seal=batch.seal)
    if request.method == "POST" and form.is_valid():
        number = _begun(request, form, batch)
        if number:
            return redirect_after(request, address(request.member.clinic, "statement_run", number=number))
    context = {"filter": narrow, "recent": recent, "batch": batch, "form": form, "most": MOST}
    context["kept"] = [(name, value) for name, values in request.GET.lists() if name not in OWN for value in values]
    context |= {"table": BatchTable.of(request, batch.planned), "runs": list(newest_runs())}
    return render_page(request, "followups/statement_batch.html", context, fragment="results")


def _begun(request: ClinicRequest, form: BatchForm, batch: Batch) -> int | None:
    """The number of the batch; None if it was refused."""
    receivers = [Receiver(one.account_id, one.to) for one in batch.given]
    asked = request.GET.urlencode()

    def begin() -> int:
        run = begin_run(receivers, asked=asked, site=site_of(request), by=request.member, once=form.once())
        notify(request, f"{run.ref} was begun: {len(receivers)} statements.")
        return run.number

    return number_made(form, begin, "run")


@allowed(Can.SEND_STATEMENT, shows="table")
def statement_run(request: ClinicRequest, number: int) -> HttpResponse:
    """How far a batch is, and what became of each account."""
    run = get_object_or_404(StatementRun.objects.select_related("asked_by__user"), number=number)
    context = _progress(request, run) | {"table": RunLineTable.of(request, run_lines(run))}
    return render_page(request, "followups/statement_run.html", context, fragment="results")


@allowed(Can.SEND_STATEMENT)
def statement_run_progress(request: ClinicRequest, number: int) -> HttpResponse:
    """How far it is, for its page to ask; once it is over that page is loaded again."""
    run = get_object_or_404(StatementRun, number=number)
    if not run.is_over and wants_part(request):
        return render_page(request, "ui/progress.html", _progress(request, run))
    return redirect_after(request, address(request.member.clinic, "statement_run", number=number))


def _progress(request: ClinicRequest, run: StatementRun) -> dict[str, Any]:
    clinic, standing = request.member.clinic, standing_of(run)
    stands = f"{run.problem} It stands at {standing.done} of {standing.total}, and goes on from there."
    text = stands if run.problem else "Statement by statement"
    job = {"done": standing.done, "total": max(standing.total, 1), "failed": bool(run.problem), "text": text}
    at = {name: address(clinic, f"statement_run_{name}", number=run.number) for name in ("progress", "again")}
    poll = "" if run.problem else at["progress"]
    return {"run": run, "standing": standing, "job": job, "poll": poll, "again": at["again"]}


@require_POST
@allowed(Can.SEND_STATEMENT)
def statement_run_stop(request: ClinicRequest, number: int) -> HttpResponse:
    """End a batch before its end."""
    return _acted(request, number, stop_run, "{ref} was stopped.")


@require_POST
@allowed(Can.SEND_STATEMENT)
def statement_run_again(request: ClinicRequest, number: int) -> HttpResponse:
    """Let a batch that stands still go on."""
    return _acted(request, number, ask_again, "{ref} goes on.")


def _acted(request: ClinicRequest, number: int, act: Callable[..., None], words: str) -> HttpResponse:
    run = get_object_or_404(StatementRun, number=number)
    try:
        act(run, by=request.member)
    except Refusal as refusal:
        notify(request, str(refusal), messages.WARNING)
    else:
        notify(request, words.format(ref=run.ref))
    return redirect_after(request, address(request.member.clinic, "statement_run", number=number))


@allowed(Can.SEND_STATEMENT, shows="statements")
def statement_run_pdf(request: ClinicRequest, number: int) -> HttpResponse:
    """All that goes by post, in one file for the printer."""
    run = get_object_or_404(StatementRun, number=number)
    statements = list(statements_in(run, printed=True))
    request.shown = {"statements": statements}
    return pdf_response(merged(statements), f"{run.ref} to print.pdf")


@allowed(Can.SEND_STATEMENT, shows="statements")
def statement_run_zip(request: ClinicRequest, number: int) -> HttpResponse:
    """Every statement of a batch, a PDF each."""
    run = get_object_or_404(StatementRun, number=number)
    statements = list(statements_in(run, printed=False))
    request.shown = {"statements": statements}
    return download(zipped(statements), f"{run.ref}.zip", "application/zip")
