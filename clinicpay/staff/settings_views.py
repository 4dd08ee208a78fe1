"""Settings of a clinic that concern people and places: team, practitioners, locations."""

from django.http import HttpResponse

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, Refused, allowed
from clinicpay.staff.forms import InviteForm, LocationForm, PractitionerForm
from clinicpay.staff.models import Membership, Practitioner
from clinicpay.staff.roles import Can
from clinicpay.staff.services import add_location, add_practitioner, invite
from clinicpay.ui.answers import notify, redirect_after, render_page


@allowed(Can.MANAGE_SETTINGS)
def team(request: ClinicRequest) -> HttpResponse:
    """Who is a member and as what; invite somebody. The link is shown once, to be sent to them."""
    form, link = InviteForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            invited = invite(form.cleaned_data["email"], role=form.cleaned_data["role"], by=request.member)
            link = request.build_absolute_uri(invited.path)
        except (Refusal, Refused) as refusal:
            form.add_error("role" if isinstance(refusal, Refused) else "email", str(refusal))
    members = Membership.objects.select_related("user").order_by("user__name", "pk")
    return render_page(request, "settings/team.html", {"form": form, "members": members, "link": link})


@allowed(Can.MANAGE_SETTINGS)
def practitioners(request: ClinicRequest) -> HttpResponse:
    """Who treats patients here."""
    form = PractitionerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        added = add_practitioner(by=request.member, **form.cleaned_data)
        notify(request, f"{added.name} was added.")
        return redirect_after(request, address(request.member.clinic, "settings_practitioners"))
    return render_page(
        request, "settings/practitioners.html", {"form": form, "practitioners": Practitioner.objects.all()}
    )


@allowed(Can.MANAGE_SETTINGS)
def locations(request: ClinicRequest) -> HttpResponse:
    """The clinic's sites."""
    form = LocationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        added = add_location(by=request.member, **form.cleaned_data)
        notify(request, f"{added.name} was added.")
        return redirect_after(request, address(request.member.clinic, "settings_locations"))
    return render_page(request, "settings/locations.html", {"form": form, "locations": Location.objects.all()})
