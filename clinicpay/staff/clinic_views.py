"""Settings → Clinic and Sign-in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed, signed_in
from clinicpay.staff.clinic_forms import ClinicSettingsForm, SignInForm
from clinicpay.staff.clinic_settings import FIELDS, change_clinic, set_sign_in
from clinicpay.staff.roles import Can
from clinicpay.staff.second_step import AFTER_SECOND_STEP
from clinicpay.ui.answers import notify, redirect_after, render_page


@allowed(Can.MANAGE_SETTINGS)
def settings_clinic(request: ClinicRequest) -> HttpResponse:
    """How the clinic is called and reached, its clock and its paper."""
    clinic = Clinic.objects.get(pk=request.member.clinic.pk)
    form = ClinicSettingsForm(request.POST or None, instance=Clinic.objects.get(pk=clinic.pk))
    if request.method == "POST" and form.is_valid():
        change_clinic(clinic, by=request.member, **{name: form.cleaned_data[name] for name in FIELDS})
        notify(request, "Saved.")
        return redirect_after(request, address(clinic, "settings_clinic"))
    context = {"form": form, "row": clinic, "sample": money.show(1234567, clinic.currency)}
    return render_page(request, "settings/clinic.html", context)


@allowed(Can.MANAGE_SETTINGS)
def settings_sign_in(request: ClinicRequest) -> HttpResponse:
    """Who needs a second step, and when rest ends a sign-in."""
    clinic = request.member.clinic
    now: dict[str, Any] = {"two_step": clinic.two_step, "idle_minutes": clinic.idle_minutes}
    form = SignInForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        try:
            set_sign_in(clinic, by=request.member, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("two_step", str(refusal))
        else:
            notify(request, "Saved.")
            return redirect_after(request, address(clinic, "settings_sign_in"))
    context = {"form": form, "server_minutes": settings.SESSION_IDLE_SECONDS // 60}
    context |= {"day_hours": settings.SESSION_COOKIE_AGE // 3600, "is_on": clinic.two_step != Clinic.TwoStep.NOBODY}
    return render_page(request, "settings/sign_in.html", context | {"mine": request.member.has_second_step})


@signed_in
def after_second_step(request: HttpRequest) -> HttpResponse:
    """Back to the page that had asked for the second step."""
    return redirect(request.session.pop(AFTER_SECOND_STEP, "/"))
