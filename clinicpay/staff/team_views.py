"""Settings → Team: who is a member and as what, who was invited, and what is done to one of them."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff import members
from clinicpay.staff.access import ClinicRequest, Refused, allowed
from clinicpay.staff.forms import InviteForm, RoleForm, TreatsAsForm
from clinicpay.staff.invitation_mail import send_invitation
from clinicpay.staff.models import Invitation, Membership, Practitioner
from clinicpay.staff.roles import Can
from clinicpay.staff.second_step import asks
from clinicpay.staff.services import Invited, invitations, invite, invite_again, withdraw_invitation
from clinicpay.ui.answers import notify, redirect_after, render_page


@allowed(Can.MANAGE_SETTINGS)
def team(request: ClinicRequest) -> HttpResponse:
    """Who is a member and as what; invite somebody, or somebody `again` in the place of a link that was lost."""
    if again := request.POST.get("again", ""):
        found = get_object_or_404(Invitation, pk=again if again.isdecimal() else None)
        return _team_page(request, InviteForm(by=request.member), invite_again(found, by=request.member))
    form, invited = InviteForm(request.POST or None, by=request.member), None
    if request.method == "POST" and form.is_valid():
        try:
            invited = invite(form.cleaned_data["email"], role=form.cleaned_data["role"], by=request.member)
        except (Refusal, Refused) as refusal:
            form.add_error("role" if isinstance(refusal, Refused) else "email", str(refusal))
    return _team_page(request, form, invited)


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def invitation_withdraw(request: ClinicRequest, invitation: int) -> HttpResponse:
    """Take an invitation back."""
    found = get_object_or_404(Invitation, pk=invitation)
    withdraw_invitation(found, by=request.member)
    notify(request, f"The invitation of {found} was withdrawn; its link opens nothing.")
    return redirect_after(request, address(request.member.clinic, "settings_team"))


def _team_page(request: ClinicRequest, form: InviteForm, invited: Invited | None) -> HttpResponse:
    """The link of an invitation is shown once, beside the email that carries it."""
    link = request.build_absolute_uri(invited.path) if invited else ""
    if invited:
        send_invitation(invited, link, by=request.member)
    now = timezone.now()
    context = {
        "form": form if form.errors else InviteForm(by=request.member),
        "rows": _people(),
        "waiting": [{"one": one, "is_over": one.expires_at <= now} for one in invitations()],
        "invited": invited,
        "link": link,
    }
    return render_page(request, "settings/team.html", context)


def _people() -> list[dict[str, Any]]:
    """All who are or were members, with their second step."""
    rows = list(Membership.objects.select_related("user").order_by("-active", "user__name", "pk"))
    steps = _second_steps(rows)
    return [{"one": one, "has_second_step": one.user_id in steps} for one in rows]


def _second_steps(rows: list[Membership]) -> set[int]:
    found = Authenticator.objects.filter(user_id__in=[one.user_id for one in rows], type=Authenticator.Type.TOTP)
    return set(found.values_list("user_id", flat=True))


@allowed(Can.MANAGE_SETTINGS)
def member(request: ClinicRequest, member: int) -> HttpResponse:
    """One member: the role, the practitioner that they are, how they sign in; change or remove them."""
    row = get_object_or_404(Membership.objects.select_related("user"), pk=member)
    form = RoleForm(request.POST or None, by=request.member, initial={"role": row.role})
    if request.method == "POST" and form.is_valid() and _done(request, form, row, members.change_role):
        notify(request, f"{row.user} is {form.cleaned_data['role'].label} now, from their next page on.")
        return redirect_after(request, address(request.member.clinic, "settings_member", member=row.pk))
    return _member_page(request, row, form)


def _done(request: ClinicRequest, form: RoleForm, row: Membership, act: Callable[..., Any]) -> bool:
    try:
        act(row, form.cleaned_data["role"], by=request.member)
    except (Refusal, Refused) as refusal:
        form.add_error("role", str(refusal))
    return not form.errors


def _member_page(request: ClinicRequest, row: Membership, form: RoleForm) -> HttpResponse:
    named = Practitioner.objects.filter(member_id=row.pk).first()
    context = {
        "form": form,
        "row": row,
        "why_not": members.why_not(request.member, row),
        "has_second_step": row.user_id in _second_steps([row]),
        "is_asked": asks(request.member.clinic, row.role),
        "named": named,
        "treats_as": TreatsAsForm(initial={"practitioner": named}),
    }
    return render_page(request, "settings/member.html", context)


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def member_remove(request: ClinicRequest, member: int) -> HttpResponse:
    """Out of the clinic, at once."""
    row = get_object_or_404(Membership.objects.select_related("user"), pk=member)
    members.remove_member(row, by=request.member)
    notify(request, f"{row.user} was removed and signed out everywhere.")
    return redirect_after(request, address(request.member.clinic, "settings_team"))


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def member_second_step(request: ClinicRequest, member: int) -> HttpResponse:
    """A lost phone: the member signs in with the password, and sets a second step up anew."""
    row = get_object_or_404(Membership.objects.select_related("user"), pk=member)
    members.reset_second_step(row, by=request.member)
    notify(request, f"{row.user} was signed out everywhere and signs in without a second step until they set one up.")
    return redirect_after(request, address(request.member.clinic, "settings_member", member=row.pk))


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def member_sign_out(request: ClinicRequest, member: int) -> HttpResponse:
    """A lost laptop: every sign-in of the member ends."""
    row = get_object_or_404(Membership.objects.select_related("user"), pk=member)
    members.sign_out_member(row, by=request.member)
    notify(request, f"{row.user} was signed out everywhere.")
    return redirect_after(request, address(request.member.clinic, "settings_member", member=row.pk))


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def member_practitioner(request: ClinicRequest, member: int) -> HttpResponse:
    """Under which name of the roster a member treats."""
    row = get_object_or_404(Membership.objects.select_related("user"), pk=member)
    form = TreatsAsForm(request.POST)
    if form.is_valid():
        chosen = form.cleaned_data["practitioner"]
        members.name_practitioner(row, chosen, by=request.member)
        notify(request, f"{row.user} treats as {chosen}." if chosen else f"{row.user} treats under no name.")
    return redirect_after(request, address(request.member.clinic, "settings_member", member=row.pk))
