"""Pages before a clinic is entered: the choice of clinics, and accepting an invitation."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clinicpay.staff.access import public, signed_in
from clinicpay.staff.forms import InvitationForm, JoinForm
from clinicpay.staff.models import Invitation, User
from clinicpay.staff.queries import memberships_of
from clinicpay.staff.roles import Role
from clinicpay.staff.services import InvitationRefused, accept_invitation, invitation_of
from clinicpay.ui.answers import notify, render_page


@signed_in
def my_clinics(request: HttpRequest) -> HttpResponse:
    """Straight to the person's clinic; a choice if there are several."""
    members = memberships_of(request.user)  # type: ignore[arg-type]
    if len(members) == 1:
        return redirect("home", slug=members[0].clinic.slug)
    return render_page(request, "staff/my_clinics.html", {"members": members})


@public
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Become a member of the clinic that invited; a link that is over says so before anything is filled in."""
    try:
        return _join(request, token, invitation_of(token))
    except InvitationRefused as refused:
        return render(request, "staff/invitation_over.html", {"reason": refused}, status=410)


def _join(request: HttpRequest, token: str, asked: Invitation) -> HttpResponse:
    """With a new name and password, or as who has signed in."""
    user = request.user if isinstance(request.user, User) else None
    form = (JoinForm if user else InvitationForm)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            accept_invitation(token, signed_in=user, **form.cleaned_data)
        except ValidationError as weak:
            form.add_error("password", weak)
        else:
            how = "" if user else f" Sign in with {asked.email} and the password that you chose."
            notify(request, f"Welcome to {asked.clinic.name}.{how}")
            return redirect("my_clinics")
    return render_page(request, "staff/invitation.html", {"form": form, "asked": asked, "role": Role(asked.role).label})
