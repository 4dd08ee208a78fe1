"""Settings of a clinic that concern its roster and places: practitioners, locations."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.forms import LocationForm, PractitionerForm
from clinicpay.staff.models import Practitioner
from clinicpay.staff.roles import Can
from clinicpay.staff.roster import (
    add_location,
    add_practitioner,
    change_location,
    change_practitioner,
    reactivate,
    retire,
)
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.forms import ClinicModelForm


@allowed(Can.MANAGE_SETTINGS)
def practitioners(request: ClinicRequest) -> HttpResponse:
    """Who treats patients here."""
    form = PractitionerForm(request.POST or None)
    if _saved(request, form, add_practitioner, "was added"):
        return redirect_after(request, address(request.member.clinic, "settings_practitioners"))
    rows = Practitioner.objects.select_related("member__user").order_by("-active", "name", "pk")
    return render_page(request, "settings/practitioners.html", {"form": form, "practitioners": rows})


@allowed(Can.MANAGE_SETTINGS)
def practitioner_edit(request: ClinicRequest, practitioner: int) -> HttpResponse:
    """Correct a practitioner's name or discipline."""
    row = get_object_or_404(Practitioner, pk=practitioner)
    form = PractitionerForm(request.POST or None, instance=row)
    if _saved(request, form, change_practitioner, "was saved", row):
        return redirect_after(request, address(request.member.clinic, "settings_practitioners"))
    keeps = "Treatments keep the name; new ones don’t offer it."
    return _edit_page(request, form, Practitioner.objects.get(pk=practitioner), keeps)


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def practitioner_active(request: ClinicRequest, practitioner: int) -> HttpResponse:
    """Retire a practitioner, or take them back."""
    _set_active(request, get_object_or_404(Practitioner, pk=practitioner))
    return redirect_after(request, address(request.member.clinic, "settings_practitioners"))


@allowed(Can.MANAGE_SETTINGS)
def locations(request: ClinicRequest) -> HttpResponse:
    """The clinic's sites."""
    form = LocationForm(request.POST or None)
    if _saved(request, form, add_location, "was added"):
        return redirect_after(request, address(request.member.clinic, "settings_locations"))
    rows = Location.objects.order_by("-active", "name", "pk")
    return render_page(request, "settings/locations.html", {"form": form, "locations": rows})


@allowed(Can.MANAGE_SETTINGS)
def location_edit(request: ClinicRequest, location: int) -> HttpResponse:
    """Correct a site's name or address."""
    row = get_object_or_404(Location, pk=location)
    form = LocationForm(request.POST or None, instance=row)
    if _saved(request, form, change_location, "was saved", row):
        return redirect_after(request, address(request.member.clinic, "settings_locations"))
    keeps = "Treatments and payments keep it; new ones don’t offer it."
    return _edit_page(request, form, Location.objects.get(pk=location), keeps)


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def location_active(request: ClinicRequest, location: int) -> HttpResponse:
    """Retire a site, or take it back."""
    _set_active(request, get_object_or_404(Location, pk=location))
    return redirect_after(request, address(request.member.clinic, "settings_locations"))


def _saved(request: ClinicRequest, form: ClinicModelForm, act: Callable[..., Any], words: str, *row: Any) -> bool:
    """Do what a valid form asks for; a refusal goes to the name, which is what is refused."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        saved = act(*row, by=request.member, **form.cleaned_data)
    except Refusal as refusal:
        form.add_error("name", str(refusal))
        return False
    notify(request, f"{saved.name} {words}.")
    return True


def _edit_page(request: ClinicRequest, form: ClinicModelForm, row: Practitioner | Location, keeps: str) -> HttpResponse:
    noun = str(row._meta.model_name)
    clinic, chosen = request.member.clinic, {noun: row.pk}
    context = {
        "form": form,
        "row": row,
        "keeps": keeps,
        "list_label": f"{noun.capitalize()}s",
        "list_url": address(clinic, f"settings_{noun}s"),
        "active_url": address(clinic, f"settings_{noun}_active", **chosen),
    }
    return render_page(request, "settings/edit.html", context)


def _set_active(request: ClinicRequest, row: Practitioner | Location) -> None:
    """A refusal is said on the page of trouble, which leads back to the list."""
    back = request.POST.get("active") == "1"
    (reactivate if back else retire)(row, by=request.member)
    notify(request, f"{row.name} {'is offered again' if back else 'was retired'}.")
