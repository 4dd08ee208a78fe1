"""Taking money at the desk, from a patient or from a treatment."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from balances.queries import event_balances
from balances.requests import Repeated
from balances.services import suggest
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.db.arrays import CompiledRows
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import TakePaymentForm, filled_in
from payments.services import record_payment
from treatments.models import TreatmentEvent

_patients = CompiledRows(lambda numbers: Patient.objects.filter(number__among=numbers), "account")


@allowed(Can.TAKE_PAYMENT, shows="patient")
def pay_for_patient(request: ClinicRequest, number: int) -> HttpResponse:
    """Take money for whatever the patient's account owes."""
    found = _patients([number])
    if not found:
        raise Http404
    return _take(request, found[0], None)


@allowed(Can.TAKE_PAYMENT, shows="event")
def pay_for_treatment(request: ClinicRequest, number: int) -> HttpResponse:
    """Take money for one treatment, before the patient leaves."""
    events = TreatmentEvent.objects.select_related("patient__account", "location")
    event = get_object_or_404(events, number=number)
    return _take(request, event.patient, event)


def _take(request: ClinicRequest, patient: Patient, event: TreatmentEvent | None) -> HttpResponse:
    clinic = request.member.clinic
    owed = _owed(patient, event)
    suggested = suggest(patient.account, owed, event=event)
    form = TakePaymentForm(
        request.POST or None,
        account=patient.account,
        charges=[charge for charge, _ in suggested],
        currency=clinic.currency,
        patient=patient,
        initial=None if request.method == "POST" else _initial(owed, suggested, event),
    )
    if request.method == "POST" and form.is_valid():
        receipt = _record(request, form, patient, event)
        if receipt:
            return redirect_after(request, address(clinic, "receipt", number=receipt))
    status = 422 if form.is_bound else 200
    context = {"form": form, "patient": patient, "event": event, "owed": owed}
    return render_page(request, "payments/take_payment.html", context, status=status)


def _owed(patient: Patient, event: TreatmentEvent | None) -> int:
    """What the amount is pre-filled with: what the treatment owes, or else the whole account."""
    if event:
        balance = event_balances([event.pk]).get(event.pk)
        return balance.outstanding if balance else 0
    return patient.account.owes


def _initial(owed: int, suggested: list[tuple[Any, int]], event: TreatmentEvent | None) -> dict[str, Any]:
    location = event.location if event else Location.objects.filter(active=True).first()
    return {"amount": owed or None, "method": "card", "location": location, **filled_in(suggested)}


def _record(
    request: ClinicRequest, form: TakePaymentForm, patient: Patient, event: TreatmentEvent | None
) -> int | None:
    """Number of the receipt, also of the first one when the form arrives again; None when it was refused."""
    order = form.order(patient=patient, event=event)
    try:
        receipt = record_payment(patient.account, order, by=request.member, once=form.once(patient.account_id))
    except Repeated as repeated:
        return repeated.answer["receipt"]
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return None
    left = order.amount - sum(part for _, part in order.parts)
    unapplied = f" {money.show(left, request.member.clinic.currency)} stays unapplied." if left else ""
    notify(request, f"{money.show(order.amount, request.member.clinic.currency)} recorded.{unapplied}")
    return receipt.number
