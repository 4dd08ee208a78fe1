"""Pages before a clinic is entered: the choice of clinics, and accepting an invitation."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clinicpay.staff.access import public, signed_in
from clinicpay.staff.forms import InvitationForm
from clinicpay.staff.queries import memberships_of
from clinicpay.staff.services import InvitationRefused, accept_invitation
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
    """Choose a name and a password, and become a member of the clinic that invited."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            accept_invitation(token, **form.cleaned_data)
        except InvitationRefused as refused:
            return render(request, "staff/invitation_over.html", {"reason": refused}, status=410)
        except ValidationError as weak:
            form.add_error("password", weak)
        else:
            notify(request, "Welcome. Sign in with your e-mail and the password that you chose.")
            return redirect("account_login")
    return render_page(request, "staff/invitation.html", {"form": form})
