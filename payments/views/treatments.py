"""Treatments with their payment state beside them: the list, adding one, marking complete."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.billable import to_credit
from balances.queries import with_balances
from balances.services import cancel_event, complete_event
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import typed
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import narrowed, patients
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can, who_may
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import trigger, wants_part
from payments.filters import TreatmentFilter, TreatmentMoneyFilter
from payments.tables import TreatmentMoneyTable, TreatmentTable
from treatments.forms import TreatmentForm
from treatments.models import TreatmentEvent
from treatments.queries import events
from treatments.services import schedule_event
from treatments.states import MOVES, EventState


@allowed(Can.SEE_TREATMENTS, shows="table")
def treatment_list(request: ClinicRequest) -> HttpResponse:
    """All treatment events; for those who see money, with payment state and balance (S0.3)."""
    sees_money = request.member.can(Can.SEE_MONEY)
    narrow = (TreatmentMoneyFilter if sees_money else TreatmentFilter).of(request, events())
    table = (TreatmentMoneyTable if sees_money else TreatmentTable).of(request, narrow.qs)
    if sees_money:
        with_balances(table.drawn)
    return render_page(
        request, "treatments/treatment_list.html", {"filter": narrow, "table": table}, fragment="results"
    )


@allowed(Can.SCHEDULE, shows="patient patients")
def treatment_new(request: ClinicRequest) -> HttpResponse:
    """Add a treatment: first the patient, then what is to be done."""
    patient = _chosen_patient(request)
    if patient is None:
        found = narrowed(patients(), request.GET.get("q", ""))[:20]
        return render_page(request, "treatments/choose_patient.html", {"patients": found}, fragment="found")
    form = TreatmentForm(request.POST or None, member=request.member, now=clock.local_now(request.member.clinic))
    if request.method == "POST" and form.is_valid():
        event = schedule_event(by=request.member, patient=patient, work=form.work(), **form.event())
        notify(request, f"{event.ref} was added for {patient.name}.")
        return redirect_after(request, address(request.member.clinic, "treatment", number=event.number))
    return render_page(request, "treatments/treatment_form.html", {"form": form, "patient": patient})


def _chosen_patient(request: ClinicRequest) -> Patient | None:
    number = typed(Patient.KIND, request.GET.get("patient", ""))
    return None if number is None else get_object_or_404(Patient, number=number)


@require_POST
@allowed(Can.MARK_COMPLETE)
def treatment_complete(request: ClinicRequest, number: int) -> HttpResponse:
    """Mark the clinical record complete: its procedures are charged and invoiced (S0.28)."""
    event = get_object_or_404(TreatmentEvent, number=number)
    invoice = complete_event(event, by=request.member)
    billed = f" {invoice.ref} was issued." if invoice and request.member.can(Can.SEE_MONEY) else ""
    notify(request, f"{event.ref} is complete.{billed}")
    if wants_part(request):  # in its row on Today, which draws itself anew
        response = HttpResponse(status=204)
        trigger(response, "today-changed")
        return response
    return redirect_after(request, address(request.member.clinic, "treatment", number=number))


@allowed(Can.SCHEDULE, shows="event")
def treatment_cancel(request: ClinicRequest, number: int) -> HttpResponse:
    """Cancel a treatment that will not happen, after asking; what was charged for it is named, to be credited first."""
    event = get_object_or_404(events(), number=number)
    if EventState.CANCELLED not in MOVES[event.state]:
        raise Refusal(f"{event.ref} is {event.get_state_display().lower()}: it can't be cancelled.")
    charged = to_credit(event)
    if request.method == "POST" and not charged:
        cancel_event(event, by=request.member)
        notify(request, f"{event.ref} was cancelled.")
        return redirect_after(request, address(request.member.clinic, "treatment", number=number))
    context = {"event": event, "charged": charged, "who_credits": who_may(Can.CREDIT)}
    status = 409 if request.method == "POST" else 200
    return render_page(request, "treatments/treatment_cancel.html", context, status=status)
