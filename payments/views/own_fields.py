"""The two fields that a clinic names itself."""

from django.forms import model_to_dict
from django.http import HttpResponse

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import OwnFieldNamesForm
from payments.queries import own_field_use
from payments.services import name_own_fields


@allowed(Can.MANAGE_SETTINGS)
def settings_own_fields(request: ClinicRequest) -> HttpResponse:
    """What the clinic calls its own fields; empty is none, and then they are nowhere (S3.33, S3.34)."""
    clinic = Clinic.objects.get(pk=request.member.clinic.pk)
    form = OwnFieldNamesForm(request.POST or None, initial=model_to_dict(clinic, ["custom_1", "custom_2"]))
    if request.method == "POST" and form.is_valid():
        try:
            name_own_fields(by=request.member, **form.cleaned_data)
            notify(request, "The clinic’s own fields were saved.")
            return redirect_after(request, address(clinic, "settings_own_fields"))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return render_page(request, "settings/own_fields.html", {"form": form, "uses": own_field_use(clinic)})
