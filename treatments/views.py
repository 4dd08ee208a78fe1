"""The clinic's price list."""

from django.http import HttpResponse

from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from treatments.forms import PriceForm
from treatments.models import PriceItem
from treatments.services import set_price


@allowed(Can.MANAGE_SETTINGS)
def prices(request: ClinicRequest) -> HttpResponse:
    """What procedures cost; a code that exists already gets the new fee for treatments to come."""
    form = PriceForm(request.POST or None, currency=request.member.clinic.currency)
    if request.method == "POST" and form.is_valid():
        price = set_price(by=request.member, **form.cleaned_data)
        notify(request, f"{price.code} was saved.")
        return redirect_after(request, address(request.member.clinic, "settings_prices"))
    return render_page(request, "settings/prices.html", {"form": form, "prices": PriceItem.objects.filter(active=True)})
