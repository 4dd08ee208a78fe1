"""Allocation History: what was applied by deposits reconciliation, and undoing one of it."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.services import undo_allocation
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import shown, typed
from clinicpay.patients.models import Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from deposits.forms.history import FAMILY, HistoryForm, UndoForm
from deposits.queries.history import Span, made_here
from deposits.tables import HistoryTable
from payments.views.acts import done


def history(request: ClinicRequest, patient: Patient | None) -> HttpResponse:
    """The tab of allocations that were made here, newest first."""
    form = HistoryForm(request.GET, patient=patient)
    rows = made_here(Span()).none()
    if form.is_valid():
        whose = form.cleaned_data["whose"]
        span = form.span(clock.today(request.member.clinic))
        rows = made_here(span, patient=patient if whose else None, is_family=whose == FAMILY)
    table = HistoryTable.of(request, rows)
    context = {"patient": patient, "form": form, "table": table, "told": form.told()}
    return render_page(request, "deposits/history.html", context, fragment="results")


def _back(request: ClinicRequest) -> str:
    """The history from which an allocation is undone: that of a patient's receipts keeps its patient (S4.26)."""
    number = typed(Patient.KIND, request.GET.get("patient", ""))
    whose = "" if number is None else f"&patient={shown(Patient.KIND, number)}"
    return f"{address(request.member.clinic, 'deposits')}?tab=history{whose}"


@allowed(Can.RECONCILE_DEPOSITS, shows="charge")
def deposit_undo(request: ClinicRequest, entry: int) -> HttpResponse:
    """Undo one allocation that was made here: the money returns to the same deposit."""
    allocation: Any = get_object_or_404(made_here(Span()), pk=entry)
    back = _back(request)
    if request.method == "GET" and allocation.is_undone:
        notify(request, "This allocation was undone already.")
        return redirect_after(request, back)
    form = UndoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = partial(undo_allocation, entry, by=request.member, reason=form.cleaned_data["reason"])
        words = f"Undone. The money is back on {allocation.credit.payment.ref}."
        if done(request, form, partial(act, once=form.once(entry)), words):
            return redirect_after(request, back)
    context = {"allocation": allocation, "charge": allocation.charge, "form": form, "back": back}
    return render_page(request, "deposits/undo.html", context, status=422 if form.is_bound else 200)
