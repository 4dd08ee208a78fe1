"""The list of patients, and adding one."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.addresses import address
from clinicpay.patients.filters import PatientFilter, PatientMoneyFilter
from clinicpay.patients.forms import NewPatientForm, PatientForm
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import narrowed, patients
from clinicpay.patients.services import change_patient, register_patient
from clinicpay.patients.tables import PatientMoneyTable, PatientTable
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.words import day_words


@allowed(Can.SEE_PATIENTS, shows="table")
def patient_list(request: ClinicRequest) -> HttpResponse:
    """Everyone who is treated, found by name or number."""
    sees_money = request.member.can(Can.SEE_MONEY)
    narrow = (PatientMoneyFilter if sees_money else PatientFilter).of(request, patients())
    table = (PatientMoneyTable if sees_money else PatientTable).of(request, narrow.qs)
    return render_page(request, "patients/patient_list.html", {"filter": narrow, "table": table}, fragment="results")


FOUND = 20
"""Patients that a field to type into offers."""


@allowed(Can.SEE_PATIENTS, shows="found")
def patient_lookup(request: ClinicRequest) -> JsonResponse:
    """Patients for a field that one types into (static/lookup.js): by name, birth, phone or number."""
    asked = request.GET.get("q", "").strip()
    found = list(narrowed(patients(), asked)[:FOUND]) if asked else []
    request.shown = {"found": found}
    notes = ((one, [one.ref, *([f"born {day_words(one.birth_date)}"] if one.birth_date else [])]) for one in found)
    return JsonResponse(
        {"results": [{"value": one.ref, "text": one.name, "note": ", ".join(note)} for one, note in notes]}
    )


@allowed(Can.EDIT_PATIENTS)
def patient_new(request: ClinicRequest) -> HttpResponse:
    """Add a patient, with an account of their own, on that of their family or on a guardian's."""
    form = NewPatientForm(request.POST or None, lookup=address(request.member.clinic, "account_lookup"))
    if request.method == "POST" and form.is_valid():
        patient = register_patient(by=request.member, **form.cleaned_data)
        notify(request, f"{patient.name} was added as {patient.ref}.")
        return redirect_after(request, address(request.member.clinic, "patient", number=patient.number))
    return render_page(request, "patients/patient_form.html", {"form": form})


@allowed(Can.EDIT_PATIENTS, shows="patient")
def patient_edit(request: ClinicRequest, number: int) -> HttpResponse:
    """Change a patient's details."""
    patient = get_object_or_404(Patient, number=number)
    form = PatientForm(request.POST or None, instance=patient)
    if request.method == "POST" and form.is_valid():
        change_patient(patient, by=request.member, **form.cleaned_data)
        notify(request, f"The details of {patient.name} were saved.")
        return redirect_after(request, address(request.member.clinic, "patient", number=number))
    return render_page(request, "patients/patient_form.html", {"form": form, "patient": patient})
