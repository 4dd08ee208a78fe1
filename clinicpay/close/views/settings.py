"""At which hour a clinic's business day begins."""

from django.http import HttpResponse

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.close.forms import DayStartForm
from clinicpay.close.services.day_start import set_day_start
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page


@allowed(Can.MANAGE_SETTINGS)
def settings_day(request: ClinicRequest) -> HttpResponse:
    """Midnight, or some hours after it for a clinic that works late."""
    clinic = request.member.clinic
    form = DayStartForm(request.POST or None, initial={"hour": clinic.day_starts_at})
    if request.method == "POST" and form.is_valid():
        set_day_start(form.cleaned_data["hour"], by=request.member)
        notify(request, "The business day was saved.")
        return redirect_after(request, address(clinic, "settings_day"))
    return render_page(request, "settings/day.html", {"form": form, "today": clock.today(clinic)})
