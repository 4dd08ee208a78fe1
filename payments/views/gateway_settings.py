"""Who takes cards for the clinic."""

from django.http import HttpResponse
from django.urls import reverse

from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import GatewayForm
from payments.services import gateway_settings, set_gateway
from payments.services.gateway_events import stuck_events
from payments.services.gateway_settings import is_trial
from payments.states import GatewayName

SHOWN = 20
"""Waiting events that are counted one by one."""


@allowed(Can.MANAGE_SETTINGS)
def settings_gateway(request: ClinicRequest) -> HttpResponse:
    """Choose it, and give it its secrets."""
    row, clinic = gateway_settings(), request.member.clinic
    form = GatewayForm(
        request.POST if request.method == "POST" else None,
        has_secrets=bool(row.secret),
        initial={"gateway": row.gateway},
    )
    if form.is_valid():
        try:
            set_gateway(by=request.member, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            notify(request, "Saved.")
            return redirect_after(request, address(clinic, "settings_gateway"))
    path = reverse("webhook", kwargs={"gateway": GatewayName.STRIPE, "slug": clinic.slug})
    context = {"form": form, "row": row, "webhook": request.build_absolute_uri(path), "is_trial": is_trial(row)}
    context["stuck"] = list(stuck_events()[:SHOWN])
    return render_page(request, "settings/gateway.html", context)
