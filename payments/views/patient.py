"""The patient's own page: who they are, their treatments, what is owed and what was paid."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.queries import invoices_with_balance, open_credits, with_balances
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import family
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from payments.queries import patient_timeline, receipts_of
from treatments.queries import events

RECENT = 10
"""Rows of each part of the page; the lists have the rest."""


def _patient(number: int) -> Patient:
    return get_object_or_404(Patient.objects.select_related("account"), number=number)


@allowed(Can.SEE_PATIENTS, shows="patient")
def patient(request: ClinicRequest, number: int) -> HttpResponse:
    """One patient; practitioners get the clinical half alone (S0.27)."""
    found = _patient(number)
    treatments = list(events().filter(patient=found)[:RECENT])
    context = {"patient": found, "treatments": treatments, "payers": found.payers.select_related("account")}
    if request.member.can(Can.SEE_MONEY):
        with_balances(treatments)
        invoices = invoices_with_balance(account=found.account_id).filter(outstanding__gt=0)
        kin = list(family(found.account))
        context |= {
            "family": [one for one in kin if one.pk != found.pk],
            "invoices": invoices[:RECENT],
            "credits": open_credits([found.account]),
            "timeline": patient_timeline(found, request.member.clinic.currency, kin if len(kin) > 1 else ()),
        }
    return render_page(request, "patients/patient.html", context)


@allowed(Can.SEE_MONEY, shows="patient")
def receipts(request: ClinicRequest, number: int) -> HttpResponse:
    """The receipts of the patient's account."""
    found = _patient(number)
    return render_page(
        request, "patients/receipts.html", {"patient": found, "receipts": receipts_of(found.account_id)[:200]}
    )
