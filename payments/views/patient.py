"""The patient's own page: who they are, their treatments, what is owed and what was paid."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.queries import invoices_with_balance, open_credits, with_balances, with_events
from clinicpay.clinics import clock
from clinicpay.patients.eligibility.queries import latest_check, warnings
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import family
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from payments.held_rows import held_rows
from payments.queries import held_of_account, patient_timeline, receipts_in_colour, receipts_of
from payments.queries.packages import rows_of
from payments.queries.transactions import with_their_money
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
        kin, check = list(family(found.account)), latest_check(found)
        context |= {
            "family": [one for one in kin if one.pk != found.pk],
            "invoices": with_events(invoices[:RECENT]),
            "check": check,
            "check_warnings": warnings(check, clock.today(request.member.clinic)) if check else [],
            "credits": with_their_money(open_credits([found.account])),
            "holds": held_rows(held_of_account(found.account), request.member.clinic),
            "packages": rows_of(found),
            "timeline": patient_timeline(found, request.member.clinic.currency, kin if len(kin) > 1 else ()),
        }
    return render_page(request, "patients/patient.html", context)


@allowed(Can.SEE_MONEY, shows="patient")
def receipts(request: ClinicRequest, number: int) -> HttpResponse:
    """The receipts of the patient's account."""
    found = _patient(number)
    context = {"patient": found, "receipts": receipts_in_colour(receipts_of(found.account_id)[:200])}
    return render_page(request, "patients/receipts.html", context)
