"""Pages about a patient's insurance: what payers said, entering it, reading it from a file, withdrawing it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.eligibility.forms import CheckDaysForm, CheckForm, FileForm, WithdrawForm, carried, typed_again
from clinicpay.patients.eligibility.queries import checks_of, latest_check, shown, warnings
from clinicpay.patients.eligibility.services import Answer, keep_check, set_check_days, unsaved, withdraw_check
from clinicpay.patients.eligibility.x12 import X12Error
from clinicpay.patients.eligibility.x12_271 import read_271
from clinicpay.patients.models import EligibilityCheck, Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import INVALID

NEWEST = 50
"""Checks on the page of a patient's insurance."""


@allowed(Can.CHECK_BENEFITS, shows="patient")
def benefits(request: ClinicRequest, number: int) -> HttpResponse:
    """Everything that payers said about a patient, the newest first."""
    patient, today = get_object_or_404(Patient, number=number), clock.today(request.member.clinic)
    checks = list(checks_of(patient)[:NEWEST])
    latest = next((check for check in checks if not check.withdrawn_at), None)
    cards = [(check, shown(check.benefits.all())) for check in checks]
    context = {"patient": patient, "cards": cards, "latest": latest}
    context["warnings"] = warnings(latest, today) if latest else []
    return render_page(request, "patients/benefits.html", context)


@allowed(Can.CHECK_BENEFITS, shows="patient")
def benefits_new(request: ClinicRequest, number: int) -> HttpResponse:
    """Enter a check by hand, from an earlier one if the address names it (`?from=`)."""
    patient = get_object_or_404(Patient, number=number)
    earlier = _earlier(request, patient)
    form = CheckForm(
        request.POST or None,
        currency=request.member.clinic.currency,
        initial=_initial(request, patient, earlier),
        benefits=earlier.benefits.all() if earlier else (),
    )
    if request.method == "POST" and form.is_valid() and _kept(request, form, patient, form.answer()):
        return redirect_after(request, address(request.member.clinic, "patient", number=number))
    status = INVALID if form.is_bound else 200
    return render_page(request, "patients/benefits_form.html", {"patient": patient, "form": form}, status=status)


def _earlier(request: ClinicRequest, patient: Patient) -> EligibilityCheck | None:
    asked = request.GET.get("from", "")
    known = asked.isascii() and asked.isdigit() and len(asked) < 19
    return checks_of(patient).filter(pk=int(asked)).first() if known else None


def _initial(request: ClinicRequest, patient: Patient, earlier: EligibilityCheck | None) -> dict[str, object]:
    """Today, and the insurer of the last time; or all of an earlier check."""
    if earlier:
        return typed_again(earlier)
    last = latest_check(patient)
    named = {name: getattr(last, name) for name in ("payer", "plan", "member_number")} if last else {}
    return {"checked_on": clock.today(request.member.clinic), **named}


def _kept(request: ClinicRequest, form: CheckForm | FileForm, patient: Patient, answer: Answer) -> bool:
    """Keep the answer and say so; a refusal goes on the form."""
    try:
        check = keep_check(patient, answer, by=request.member)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    notify(request, f"The insurance check of {check.payer} was saved.")
    return True


@allowed(Can.CHECK_BENEFITS, shows="patient")
def benefits_read(request: ClinicRequest, number: int) -> HttpResponse:
    """Read a 271 file: first what it says is shown, then it is saved. Nothing is kept of any other file."""
    patient = get_object_or_404(Patient, number=number)
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    answer = None
    if request.method == "POST" and form.is_valid():
        answer = _read(request, form, patient)
        saves = answer is not None and "save" in request.POST
        if answer and saves and _kept(request, form, patient, answer):
            return redirect_after(request, address(request.member.clinic, "patient", number=number))
    context = {"patient": patient, "form": form, **_preview(request, form, answer)}
    status = INVALID if form.is_bound and form.errors else 200
    return render_page(request, "patients/benefits_read.html", context, status=status)


def _read(request: ClinicRequest, form: FileForm, patient: Patient) -> Answer | None:
    """What the file says; what is wrong with it stands under the field."""
    try:
        return read_271(form.held, patient, request.member.clinic.currency)
    except X12Error as error:
        form.add_error("file", str(error))
        return None


def _preview(request: ClinicRequest, form: FileForm, answer: Answer | None) -> dict[str, object]:
    if answer is None or form.errors:
        return {}
    check, said = unsaved(answer)
    today = clock.today(request.member.clinic)
    return {"check": check, "rows": shown(said), "content": carried(form.held), "warnings": warnings(check, today)}


@allowed(Can.CHECK_BENEFITS, shows="patient")
def benefits_withdraw(request: ClinicRequest, number: int, check: int) -> HttpResponse:
    """Withdraw a check that was kept in error, with the reason."""
    patient = get_object_or_404(Patient, number=number)
    found = get_object_or_404(checks_of(patient), pk=check)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_check(found, by=request.member, reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            notify(request, f"The insurance check of {found.payer} was withdrawn.")
            return redirect_after(request, address(request.member.clinic, "benefits", number=number))
    context = {"patient": patient, "check": found, "rows": shown(found.benefits.all()), "form": form}
    return render_page(request, "patients/benefits_withdraw.html", context)


@allowed(Can.MANAGE_SETTINGS)
def settings_checks(request: ClinicRequest) -> HttpResponse:
    """After how many days an insurance check counts as old."""
    clinic = request.member.clinic
    form = CheckDaysForm(request.POST or None, initial={"days": clinic.check_days})
    if request.method == "POST" and form.is_valid():
        set_check_days(form.cleaned_data["days"], by=request.member)
        notify(request, "Saved.")
        return redirect_after(request, address(clinic, "settings_checks"))
    return render_page(request, "settings/checks.html", {"form": form})
